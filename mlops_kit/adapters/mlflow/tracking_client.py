"""The Tracking port through MLflow's own client: databases, Databricks, and servers that want its ways to sign."""

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.mlflow.client_calls import log_run
from mlops_kit.adapters.mlflow.session import MlflowSession, creating, is_taken
from mlops_kit.adapters.mlflow.words import refuse_deleted
from mlops_kit.core.errors import PassingError
from mlops_kit.core.tracking import KEY_TAG, KnownRun, RunData, RunRecord, RunStatus

if TYPE_CHECKING:
    from mlflow.entities import Run


class ClientTracking:
    """The Tracking port over one MLflow; a database that is not there is made with the first run."""

    def __init__(self, uri: str, root: Path) -> None:
        self._session = MlflowSession(uri, root)

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        """All runs of the key, of every page."""
        if self._session.is_absent:
            return ()
        with self._session.calling("search runs"):
            number = self._find_experiment(experiment)
            return tuple(map(_known, self._search(number, key))) if number else ()

    def create_run(self, record: RunRecord) -> None:
        """Create the run, once; the experiment before it."""
        from mlflow.exceptions import MlflowException

        with self._session.calling("create a run"):
            number = self._ensure_experiment(record.experiment)
            try:
                with creating():
                    self._session.client.create_run(
                        number, start_time=record.began, tags={KEY_TAG: record.key}, run_name=record.name
                    )
            except MlflowException as error:
                raise PassingError(f"MLflow did not say that it created a run: {type(error).__name__}") from error

    def log(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log in as few calls as MLflow takes."""
        log_run(self._session, run_id, data, moment=moment)

    def end_run(self, run_id: str, status: RunStatus, *, moment: int) -> None:
        """Set status and end."""
        with self._session.calling("end a run"):
            self._session.client.set_terminated(run_id, status=status.value, end_time=moment)

    def _search(self, experiment: str, key: str) -> list["Run"]:
        found: list[Run] = []
        token = None
        while True:
            page = self._session.client.search_runs([experiment], f"tags.`{KEY_TAG}` = '{key}'", page_token=token)
            found += page
            token = page.token
            if not token:
                return found

    def _find_experiment(self, name: str) -> str:
        found = self._session.client.get_experiment_by_name(name)
        if found is None:
            return ""
        refuse_deleted(name, found.lifecycle_stage)
        return str(found.experiment_id)

    def _ensure_experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        if number := self._find_experiment(name):
            return number
        try:
            with creating():
                location = self._session.artifact_location
                return str(self._session.client.create_experiment(name, artifact_location=location))
        except MlflowException as error:
            if not is_taken(error) or not (number := self._find_experiment(name)):
                raise
            return number


def _known(run: "Run") -> KnownRun:
    return KnownRun(
        experiment_id=str(run.info.experiment_id),
        run_id=str(run.info.run_id),
        status=str(run.info.status),
        began=int(run.info.start_time or 0),
        data=RunData(params=dict(run.data.params), metrics=dict(run.data.metrics), tags=dict(run.data.tags)),
    )
