"""An experiment tracker in memory, with the habits of the real one: no unique key, params that never change."""

from dataclasses import replace

from mlops_kit.core.errors import ConflictError, OutsideError, PassingError
from mlops_kit.core.tracking import KEY_TAG, KnownRun, RunData, RunRecord, RunStatus


class MemoryTracking:
    """The Tracking port without a server.

    `writes` counts calls that change something, `down` makes every call fail. `lost_answers` is how many of the next
    creating calls are carried out and fail all the same; `refused` how many fail before they are; `lost_races` how many
    of the next that log lose against somebody who writes the same at the same time.
    """

    def __init__(self) -> None:
        self.runs: dict[str, KnownRun] = {}
        self.experiments: dict[str, str] = {}
        self.writes = 0
        self.down = False
        self.lost_answers = 0
        self.refused = 0
        self.lost_races = 0

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        """All runs of the key."""
        self._answer()
        found = self.experiments.get(experiment)
        return tuple(
            run for run in self.runs.values() if run.experiment_id == found and run.data.tags.get(KEY_TAG) == key
        )

    def create_run(self, record: RunRecord) -> None:
        """Add a run with the key."""
        self._answer()
        if self.refused:
            self.refused -= 1
            raise PassingError("the tracker is busy")
        self.add_run(record.experiment, record.key, began=record.began)
        if self.lost_answers:
            self.lost_answers -= 1
            raise PassingError("the answer was lost")

    def add_run(self, experiment: str, key: str, *, began: int) -> str:
        """What another machine does at the same time: a run of the key; its id."""
        self.writes += 1
        number = self.experiments.setdefault(experiment, str(len(self.experiments) + 1))
        run_id = f"{len(self.runs) + 1:032x}"
        self.runs[run_id] = KnownRun(
            experiment_id=number,
            run_id=run_id,
            status=RunStatus.RUNNING,
            began=began,
            data=RunData(tags={KEY_TAG: key}),
        )
        return run_id

    def log(self, run_id: str, data: RunData, *, moment: int) -> None:  # noqa: ARG002 - only the last value is kept
        """Add to a run's data; OutsideError where a param would change."""
        run = self._write(run_id)
        if self.lost_races:
            self.lost_races -= 1
            raise ConflictError("somebody else wrote this row")
        changed = [name for name, value in data.params.items() if run.data.params.get(name, value) != value]
        if changed:
            raise OutsideError(f"params of run {run_id} cannot change: {', '.join(changed)}")
        self.runs[run_id] = replace(run, data=run.data | data)

    def end_run(self, run_id: str, status: RunStatus, *, moment: int) -> None:  # noqa: ARG002 - nobody reads it here
        """Say how a run ended."""
        self.runs[run_id] = replace(self._write(run_id), status=status)

    def _write(self, run_id: str) -> KnownRun:
        self._answer()
        self.writes += 1
        return self.runs[run_id]

    def _answer(self) -> None:
        if self.down:
            raise OutsideError("the tracker gives no answer")
