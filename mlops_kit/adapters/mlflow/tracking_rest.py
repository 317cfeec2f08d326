"""The Tracking port over a server's REST interface, without MLflow's client.

MLflow has no unique key, so a run is created with its key as a tag in the same call, and that call is never repeated.
"""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

from mlops_kit.adapters.mlflow.session import refuse_deleted
from mlops_kit.adapters.mlflow.tracking_batches import batches
from mlops_kit.adapters.mlflow.tracking_server import Answer, Server
from mlops_kit.core.errors import OutsideError, PassingError
from mlops_kit.core.tracking import KEY_TAG, KnownRun, RunData, RunRecord, RunStatus

MISSING = "RESOURCE_DOES_NOT_EXIST"
_PAGE, _MOST_PAGES = 100, 20


class RestTracking:
    """The Tracking port over a server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._experiments: dict[str, str] = {}

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        """All runs of the key, of every page."""
        number = self._find_experiment(experiment)
        return tuple(self._search(number, key)) if number else ()

    def create_run(self, record: RunRecord) -> None:
        """Create the run, once; the experiment before it."""
        body = {
            "experiment_id": self._ensure_experiment(record.experiment),
            "run_name": record.name,
            "start_time": record.began,
            "tags": [{"key": KEY_TAG, "value": record.key}],
        }
        self._server.create("runs/create", body)

    def log(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log in as few calls as MLflow takes; the same value at the same time is one value to it."""
        for part in batches(data):
            body = {
                "run_id": run_id,
                "params": _pairs(part.params),
                "tags": _pairs(part.tags),
                "metrics": [
                    {"key": name, "value": value, "timestamp": moment, "step": 0}
                    for name, value in part.metrics.items()
                ],
            }
            self._server.write("runs/log-batch", body)

    def end_run(self, run_id: str, status: RunStatus, *, moment: int) -> None:
        """Set status and end."""
        body = {"run_id": run_id, "status": status.value, "end_time": moment}
        self._server.write("runs/update", body)

    def _search(self, experiment: str, key: str) -> list[KnownRun]:
        body: dict[str, object] = {
            "experiment_ids": [experiment],
            "filter": f"tags.`{KEY_TAG}` = '{key}'",
            "run_view_type": "ACTIVE_ONLY",
            "max_results": _PAGE,
        }
        found: list[KnownRun] = []
        for _ in range(_MOST_PAGES):
            page = self._server.search("runs/search", body, _read_page)
            found += [_known(run) for run in page.runs]
            if not page.next_page_token:
                return found
            body["page_token"] = page.next_page_token
        raise OutsideError(f"MLflow at {self._server.address} has more than {_PAGE * _MOST_PAGES} runs of one key")

    def _find_experiment(self, name: str) -> str:
        """Its id, empty where there is none; OutsideError where somebody deleted it, for then its name is taken."""
        if name not in self._experiments:
            query = {"experiment_name": name}
            found = self._server.get("experiments/get-by-name", query, _read_experiment, expected=MISSING)
            if found is None:
                return ""
            refuse_deleted(name, found.lifecycle_stage)
            self._experiments[name] = found.experiment_id
        return self._experiments[name]

    def _ensure_experiment(self, name: str) -> str:
        """Find or create it; where creating failed, whether somebody was first or the answer was lost, look again."""
        if number := self._find_experiment(name):
            return number
        try:
            self._server.create("experiments/create", {"name": name})
        except OutsideError:
            if not self._find_experiment(name):
                raise
        if number := self._find_experiment(name):
            return number
        raise PassingError(f"MLflow at {self._server.address} does not know the experiment {name!r} that it made")


class _Pair(BaseModel):
    key: str
    value: str = ""


class _Metric(BaseModel):
    key: str
    value: float = 0.0


class _Data(BaseModel):
    params: list[_Pair] = []
    metrics: list[_Metric] = []
    tags: list[_Pair] = []


class _Info(BaseModel):
    run_id: Annotated[str, Field(min_length=1)]
    experiment_id: Annotated[str, Field(min_length=1)]
    status: str = RunStatus.RUNNING.value
    start_time: int = 0


class _Run(BaseModel):
    info: _Info
    data: _Data = _Data()


class _Page(BaseModel):
    runs: list[_Run] = []
    next_page_token: str = ""


class _Experiment(BaseModel):
    experiment_id: Annotated[str, Field(min_length=1)]
    lifecycle_stage: str = "active"


class _ExperimentAnswer(BaseModel):
    experiment: _Experiment


Shape = TypeVar("Shape", bound=BaseModel)


def _read_page(answer: Answer) -> _Page:
    return _parse(_Page, answer.value)


def _read_experiment(answer: Answer) -> _Experiment | None:
    return None if answer.error_code else _parse(_ExperimentAnswer, answer.value).experiment


def _parse(shape: type[Shape], value: object) -> Shape:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise PassingError(
            f"MLflow's answer is malformed: {error.error_count()} fields are missing or wrong"
        ) from error


def _known(run: _Run) -> KnownRun:
    return KnownRun(
        experiment_id=run.info.experiment_id,
        run_id=run.info.run_id,
        status=run.info.status,
        began=run.info.start_time,
        data=RunData(
            params={found.key: found.value for found in run.data.params},
            metrics={found.key: found.value for found in run.data.metrics},
            tags={found.key: found.value for found in run.data.tags},
        ),
    )


def _pairs(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in texts.items()]
