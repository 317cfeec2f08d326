"""One canonical run per key in a real MLflow, while answers are lost, connections break and reproduces race."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.server import Patience
from mlops_kit.adapters.mlflow.tracking import open_tracking
from mlops_kit.commands.track import track
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Tracking
from mlops_kit.core.tracking import DUPLICATE_TAG, KEY_TAG, KnownRun, RunData, RunRecord, RunStatus
from tests.fakes.github import Fault
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.faults.children import Note, count_trials, random_source

QUICK = Patience(deadline=120, connect=10, read=30, tries=4, pause=0.001, longest_pause=0.01)
CALLS = (
    "experiments/get-by-name", "experiments/create", "runs/search", "runs/create", "runs/log-batch", "runs/update",
)  # fmt: skip
BROKEN = ("<html>", "null", "", "[{}]", '{"runs": [{}]}')

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def proxy(mlflow_address: str) -> Iterator[MlflowProxy]:
    with MlflowProxy(mlflow_address).serve() as found:
        yield found


def new_record(experiment: str) -> RunRecord:
    key = uuid4().hex
    return RunRecord(
        experiment=experiment,
        key=key,
        name="main@cccccccc",
        status=RunStatus.FINISHED,
        began=1_000,
        ended=2_000,
        results=RunData(
            params={f"p{number}": str(number) for number in range(120)}, metrics={"acc": 0.5}, tags={KEY_TAG: key}
        ),
        circumstances=RunData(tags={"mlops.stage.train": "ran"}),
    )


def open_tracker(proxy: MlflowProxy) -> Tracking:
    return open_tracking(proxy.url, Path("/nonexistent"), {}, patience=QUICK)


def random_fault(chance: random.Random) -> Fault:
    """A fault that passes: a call that was not carried out is never answered with success."""
    when = chance.choice(["before", "after"])
    return Fault(
        method="POST",
        path=chance.choice([*CALLS, "runs/create", ""]),
        n=chance.choice([1, 1, 1, 2, 4]),
        when=when,
        status=chance.choice([500, 502, 503, 504, 429, 408] + ([200] if when == "after" else [])),
        raw=chance.choice(BROKEN),
        headers=chance.choice([{}, {}, {"retry-after": "0"}, {"retry-after": "soon"}]),
        reset=chance.random() < 0.3,
        truncate=chance.random() < 0.2,
    )


def tell(proxy: MlflowProxy, record: RunRecord) -> KnownRun | None:
    """The tracked run; None where the outside failed more often than a reproduce puts up with."""
    try:
        return track(open_tracker(proxy), record)
    except OutsideError:
        return None


def assert_settles(proxy: MlflowProxy, record: RunRecord) -> int:
    """Without faults one telling completes the one canonical run, and the next writes nothing; how many are extra."""
    proxy.faults.clear()
    final = track(open_tracker(proxy), record)
    proxy.log.clear()
    assert track(open_tracker(proxy), record) == final
    assert proxy.writes() == []
    runs = sorted(open_tracker(proxy).find_runs(record.experiment, record.key), key=lambda run: run.rank)
    canonical, *extras = runs
    assert (canonical.run_id, canonical.status) == (final.run_id, RunStatus.FINISHED)
    assert (canonical.data.params, canonical.data.metrics) == (record.data.params, record.data.metrics)
    assert DUPLICATE_TAG not in canonical.data.tags
    assert [run.data.tags[DUPLICATE_TAG] for run in extras] == [canonical.run_id] * len(extras)
    assert [run.status for run in extras if run.status == RunStatus.RUNNING] == []
    return len(extras)


def test_after_any_faults_one_run_is_canonical(proxy: MlflowProxy, record_property: Note) -> None:
    chance, trials, given_up = random_source("tracking"), count_trials(10), 0
    for number in range(trials):
        record = new_record(f"faults-{number // 5}-{uuid4().hex[:6]}")
        for _ in range(chance.randint(1, 5)):
            proxy.fail(random_fault(chance))
        run = tell(proxy, record)
        given_up += run is None
        extras = assert_settles(proxy, record)
        assert run is None or not extras, "alone, a lost answer never makes a second run"
    record_property("trials", f"faults between the kit and MLflow: {trials}, {given_up} of them warnings")


def test_racing_reproduces_agree_on_one_run(proxy: MlflowProxy, record_property: Note) -> None:
    chance, trials, extra = random_source("tracking races"), count_trials(20), 0
    for _ in range(trials):
        record = new_record(f"races-{uuid4().hex[:6]}")
        for _ in range(chance.choice([0, 0, 1, 3])):
            proxy.fail(random_fault(chance))
        rivals = [replace(record, began=1_000 + chance.randint(-500, 500)) for _ in range(chance.choice([2, 2, 3]))]
        with ThreadPoolExecutor(len(rivals)) as pool:
            list(pool.map(lambda one: tell(proxy, one), rivals))
        extra += assert_settles(proxy, record)
    record_property("trials", f"races of 2 or 3 reproduces of one commit: {trials}, {extra} extra runs set aside")
