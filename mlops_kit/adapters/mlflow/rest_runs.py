"""Experiments and runs of a server, by REST: what tracking and the registry share."""

from collections.abc import Iterator, Mapping

from mlops_kit.adapters.mlflow.replies import Answer, read_shape
from mlops_kit.adapters.mlflow.server import Server
from mlops_kit.adapters.mlflow.shapes import ExperimentAnswer, Run, RunPage, pairs
from mlops_kit.adapters.mlflow.tracking_batches import batches
from mlops_kit.adapters.mlflow.words import MISSING, refuse_deleted
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.tracking import RunData

_PAGE, _MOST_PAGES = 100, 20


def find_experiment(server: Server, name: str) -> str:
    """Its id, empty where there is none; OutsideError where somebody deleted it, for then its name is taken."""
    answer = server.get("experiments/get-by-name", {"experiment_name": name}, _read_experiment, expected=MISSING)
    if answer is None:
        return ""
    refuse_deleted(name, answer.experiment.lifecycle_stage)
    return answer.experiment.experiment_id


def search_runs(server: Server, experiment: str, query: str, *, order: tuple[str, ...] = ()) -> Iterator[Run]:
    """The runs that a filter finds, page by page; OutsideError where there are too many."""
    body: dict[str, object] = {
        "experiment_ids": [experiment],
        "filter": query,
        "run_view_type": "ACTIVE_ONLY",
        "max_results": _PAGE,
        "order_by": list(order),
    }
    for _ in range(_MOST_PAGES):
        page = server.search("runs/search", body, _read_page)
        yield from page.runs
        if not page.next_page_token:
            return
        body["page_token"] = page.next_page_token
    raise OutsideError(f"MLflow at {server.address} has more than {_PAGE * _MOST_PAGES} runs of one key")


def new_run(experiment: str, name: str, *, began: int, tags: Mapping[str, str]) -> dict[str, object]:
    """The body of `runs/create`."""
    return {"experiment_id": experiment, "run_name": name, "start_time": began, "tags": pairs(tags)}


def log_run(server: Server, run_id: str, data: RunData, *, moment: int) -> None:
    """Log in as few calls as MLflow takes; the same value at the same time is one value to it."""
    for part in batches(data):
        metrics = [
            {"key": name, "value": value, "timestamp": moment, "step": 0} for name, value in part.metrics.items()
        ]
        body = {"run_id": run_id, "params": pairs(part.params), "tags": pairs(part.tags), "metrics": metrics}
        server.write("runs/log-batch", body)


def end_run(server: Server, run_id: str, status: str, *, moment: int) -> None:
    """Set status and end."""
    server.write("runs/update", {"run_id": run_id, "status": status, "end_time": moment})


def _read_page(answer: Answer) -> RunPage:
    return read_shape(RunPage, answer.value)


def _read_experiment(answer: Answer) -> ExperimentAnswer | None:
    return None if answer.error_code else read_shape(ExperimentAnswer, answer.value)
