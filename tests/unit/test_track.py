"""commands/track.py: one complete run per key, whatever the tracker does."""

from dataclasses import replace

import pytest

from mlops_kit.commands.track import ROUNDS, track
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.tracking import DUPLICATE_TAG, KEY_TAG, KnownRun, RunData, RunRecord, RunStatus
from mlops_kit.testing.tracking import MemoryTracking

RECORD = RunRecord(
    experiment="churn",
    key="k",
    name="main@cccccccc",
    status=RunStatus.FINISHED,
    began=1_000,
    ended=2_000,
    results=RunData(params={"lr": "1"}, metrics={"acc": 0.5}, tags={KEY_TAG: "k", "mlops.commit": "c"}),
    circumstances=RunData(metrics={"stage.train.seconds": 3.0}, tags={"mlops.stage.train": "ran"}),
)


def record(**changes: object) -> RunRecord:
    return replace(RECORD, **changes)  # type: ignore[arg-type]


def test_the_first_time_makes_one_complete_run() -> None:
    tracker = MemoryTracking()
    run = track(tracker, RECORD)
    assert list(tracker.runs) == [run.run_id]
    assert (run.status, run.began, run.data) == (RunStatus.FINISHED, 1_000, RECORD.data)


def test_the_second_time_writes_nothing() -> None:
    tracker = MemoryTracking()
    first = track(tracker, RECORD)
    before = tracker.writes
    cached = RunData(tags={"mlops.stage.train": "cached"})
    assert track(tracker, record(began=5_000, circumstances=cached)) == first
    assert tracker.writes == before


def test_another_key_is_another_run() -> None:
    tracker = MemoryTracking()
    other = record(key="l", results=RunData(tags={KEY_TAG: "l"}))
    assert track(tracker, RECORD).run_id != track(tracker, other).run_id


def test_results_that_are_new_are_added_to_a_complete_run() -> None:
    tracker = MemoryTracking()
    track(tracker, record(results=RunData(params={"lr": "1"}, tags={KEY_TAG: "k"})))
    run = track(tracker, RECORD)
    assert (len(tracker.runs), run.data.metrics["acc"]) == (1, 0.5)


def test_a_run_that_ended_otherwise_says_how_it_ended_last() -> None:
    tracker = MemoryTracking()
    track(tracker, RECORD)
    assert track(tracker, record(status=RunStatus.FAILED)).status == RunStatus.FAILED
    assert track(tracker, RECORD).status == RunStatus.FINISHED
    assert len(tracker.runs) == 1


def test_a_run_that_was_cut_short_is_completed() -> None:
    tracker = MemoryTracking()
    left = tracker.add_run("churn", "k", began=500)
    run = track(tracker, RECORD)
    assert (run.run_id, run.status, run.data) == (left, RunStatus.FINISHED, RECORD.data)


def test_a_create_whose_answer_is_lost_is_not_repeated() -> None:
    tracker = MemoryTracking()
    tracker.lost_answers = 1
    track(tracker, RECORD)
    assert len(tracker.runs) == 1


def test_a_create_that_was_refused_is_tried_again() -> None:
    tracker = MemoryTracking()
    tracker.refused = 2
    track(tracker, RECORD)
    assert len(tracker.runs) == 1


def test_a_tracker_that_never_takes_a_run_is_an_outside_error() -> None:
    tracker = MemoryTracking()
    tracker.refused = ROUNDS
    with pytest.raises(OutsideError, match="main@cccccccc does not settle"):
        track(tracker, RECORD)


def test_who_writes_the_same_at_the_same_time_as_another_looks_again() -> None:
    tracker = MemoryTracking()
    tracker.lost_races = 2
    run = track(tracker, RECORD)
    assert (run.status, run.data, len(tracker.runs)) == (RunStatus.FINISHED, RECORD.data, 1)


def test_races_that_never_end_are_an_outside_error() -> None:
    tracker = MemoryTracking()
    tracker.lost_races = ROUNDS
    with pytest.raises(OutsideError, match="main@cccccccc does not settle"):
        track(tracker, RECORD)


def test_the_earliest_run_is_canonical_and_others_are_marked_and_ended() -> None:
    tracker = MemoryTracking()
    late, early = (tracker.add_run("churn", "k", began=began) for began in (900, 800))
    assert track(tracker, RECORD).run_id == early
    assert tracker.runs[late].data.tags[DUPLICATE_TAG] == early
    assert tracker.runs[late].status == RunStatus.KILLED
    assert DUPLICATE_TAG not in tracker.runs[early].data.tags
    before = tracker.writes
    track(tracker, RECORD)
    assert tracker.writes == before


class Rival(MemoryTracking):
    """A tracker in which somebody whose clock is behind makes a run just after ours was looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        found = super().find_runs(experiment, key)
        self.looks += 1
        if self.looks == 2:
            self.add_run(experiment, key, began=1)
        return found


def test_who_wrote_to_a_run_that_is_not_canonical_any_more_goes_on_to_the_one_that_is() -> None:
    tracker = Rival()
    run = track(tracker, RECORD)
    (ours, theirs) = tracker.runs.values()
    assert run.run_id == theirs.run_id
    assert theirs.data == RECORD.data
    assert ours.data.tags[DUPLICATE_TAG] == theirs.run_id


def test_a_tracker_that_is_down_is_an_outside_error() -> None:
    tracker = MemoryTracking()
    tracker.down = True
    with pytest.raises(OutsideError):
        track(tracker, RECORD)
