"""The Tracking port over a server's REST interface, without MLflow's client.

MLflow has no unique key, so a run is created with its key as a tag in the same call, and that call is never repeated.
"""

from mlops_kit.adapters.mlflow.rest_runs import end_run, find_experiment, log_run, new_run, search_runs
from mlops_kit.adapters.mlflow.server import Server
from mlops_kit.core.errors import ConflictError, OutsideError, PassingError
from mlops_kit.core.tracking import KEY_TAG, KnownRun, RunData, RunRecord, RunStatus


class RestTracking:
    """The Tracking port over a server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._experiments: dict[str, str] = {}

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        """All runs of the key, of every page."""
        number = self._find_experiment(experiment)
        if not number:
            return ()
        return tuple(run.known() for run in search_runs(self._server, number, f"tags.`{KEY_TAG}` = '{key}'"))

    def create_run(self, record: RunRecord) -> None:
        """Create the run, once; the experiment before it."""
        experiment = self._ensure_experiment(record.experiment)
        body = new_run(experiment, record.name, began=record.began, tags={KEY_TAG: record.key})
        self._server.create("runs/create", body)

    def log(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log in as few calls as MLflow takes."""
        log_run(self._server, run_id, data, moment=moment)

    def end_run(self, run_id: str, status: RunStatus, *, moment: int) -> None:
        """Set status and end."""
        end_run(self._server, run_id, status.value, moment=moment)

    def _find_experiment(self, name: str) -> str:
        """Its id, empty where there is none; one that was found is not asked for again."""
        if name not in self._experiments:
            number = find_experiment(self._server, name)
            if not number:
                return ""
            self._experiments[name] = number
        return self._experiments[name]

    def _ensure_experiment(self, name: str) -> str:
        """Find or create it; where creating failed, whether somebody was first or the answer was lost, look again."""
        if number := self._find_experiment(name):
            return number
        try:
            self._server.create("experiments/create", {"name": name})
        except (OutsideError, ConflictError):
            if not self._find_experiment(name):
                raise
        if number := self._find_experiment(name):
            return number
        raise PassingError(f"MLflow at {self._server.address} does not know the experiment {name!r} that it made")
