"""Whether a model is trained again: what calls for it, what holds it back, and what no run of luck can do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import Trigger
from mlops_kit.core.training.decision import decide
from mlops_kit.core.training.history import LONGEST_DOUBLING, WEEK, milliseconds
from mlops_kit.core.training.situation import Action, DriftWord
from mlops_kit.core.types import Note, NoteKind, Training
from tests.unit.training.case import NOW, drifted, history, noted, outcome_of, policy, situation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_new_data_is_trained_on() -> None:
    decision = decide(situation("b"))

    assert (decision.action, decision.trigger) == (Action.RETRAIN, Trigger.DATA)
    assert decision.reason == "the data is not what the live model was trained on: rows.csv"
    assert decision.branch == f"mlops/retrain/churn/{decision.key}"


def test_the_same_data_is_not() -> None:
    assert decide(situation("a")).action is Action.WAIT
    assert "was trained on the data that is there" in decide(situation("a")).reason


def test_data_that_nobody_knows_decides_nothing() -> None:
    decision = decide(situation(""))

    assert (decision.action, decision.reason) == (Action.WAIT, "what rows.csv holds is not known")


def test_broken_data_is_refused_whatever_else_holds() -> None:
    word = DriftWord(verdict="fail", is_alarm=True, current="b", violations=("age: -1 is below 0", "more"))

    decision = decide(situation("b", drift=word, at_once=True, occasion=Trigger.DISPATCH))

    assert decision.action is Action.REFUSE
    assert decision.reason.endswith("age: -1 is below 0 (and 1 more)")


@pytest.mark.parametrize(
    ("kind", "action", "reason"),
    [
        (NoteKind.PROPOSED, Action.WAIT, "proposed already"),
        (NoteKind.REJECTED, Action.WAIT, "not proposed: why"),
        (NoteKind.FAILED, Action.RETRAIN, "is not what the live model"),
    ],
)
def test_what_was_trained_already_is_known_and_what_failed_is_tried_again(
    kind: NoteKind, action: Action, reason: str
) -> None:
    key = decide(situation("b")).key

    decision = decide(situation("b", notes=(noted(1, kind, ago=200 * DAY, key=key),)))

    assert decision.action is action
    assert reason in decision.reason


def test_a_branch_without_a_note_is_one_that_a_crash_left() -> None:
    branch = decide(situation("b")).branch

    assert decide(situation("b", branches=frozenset({branch}))).action is Action.FINISH


def test_what_was_merged_is_not_trained_again_before_it_is_live() -> None:
    decision = decide(situation("b", merged="b"))

    assert (decision.action, decision.hint) == (Action.WAIT, "mlops-kit reconcile dev")


def test_a_hold_holds_training_too() -> None:
    hold = Note(**{**vars(noted(1, NoteKind.HOLD)), "training": None, "actor": "eve"})

    decision = decide(situation("b", hold=hold, at_once=True))

    assert (decision.action, decision.reason[:33]) == (Action.WAIT, "churn in dev is held by eve since")


def test_the_cooldown_doubles_for_each_in_a_row_that_was_no_better_up_to_an_end() -> None:
    days = [history(*(noted(seq, NoteKind.REJECTED) for seq in range(count))).cooldown(DAY).days for count in range(9)]

    assert days == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert days[-1] == 2**LONGEST_DOUBLING
    assert history(noted(1, NoteKind.REJECTED), noted(2, NoteKind.PROPOSED)).cooldown(DAY) == DAY
    assert history(noted(1, NoteKind.REJECTED, on=0)).cooldown(DAY) == DAY


def test_pace_and_budget_hold_back_all_but_a_person() -> None:
    recent = noted(1, NoteKind.PROPOSED, ago=2 * DAY, key="0" * 12, gpu=7200)

    for rules, reason in (
        (policy(), "too recent: the cooldown ends 2026-03-06 12:00 UTC"),
        (policy(cooldown="1h", max_retrains=1), "1 retrainings within 7 days, and 1 may be"),
        (policy(cooldown="1h", gpu_hours=2), "held GPUs for 2.0 hours within 7 days, and 2 may be"),
    ):
        waiting = situation("b", notes=(recent,), rules=rules)
        assert decide(waiting).action is Action.WAIT
        assert reason in decide(waiting).reason
        assert decide(replace(waiting, at_once=True)).action is Action.RETRAIN
    assert decide(situation("b", notes=(recent,), rules=policy(cooldown="1h", gpu_hours=2.1))).action is Action.RETRAIN


def test_drift_takes_two_alarms_in_a_row_on_different_data() -> None:
    rules = policy(on=["drift"])
    first = decide(situation("b", rules=rules, drift=drifted("b")))
    assert (first.action, first.note, first.alarms) == (Action.WAIT, NoteKind.ALARM, 1)
    alarm = noted(1, NoteKind.ALARM, of=first.alarm_data)

    again = decide(situation("b", rules=rules, drift=drifted("b"), notes=(alarm,)))
    assert (again.action, again.note, again.alarms) == (Action.WAIT, None, 1)
    assert again.reason.endswith(": the data is new; it drifted, alarm 1 of 2 in a row")

    second = decide(situation("c", rules=rules, drift=drifted("c"), notes=(alarm,)))
    assert (second.action, second.trigger, second.note) == (Action.RETRAIN, Trigger.DRIFT, NoteKind.ALARM)
    assert second.reason == "the data drifted (fail), alarm 2 in a row"


def test_a_row_of_alarms_ends_with_a_calm_word_or_a_promotion_and_not_with_silence() -> None:
    alarm = noted(1, NoteKind.ALARM, of="1" * 64)
    calm = decide(
        situation("c", rules=policy(on=["drift"]), drift=drifted("c", verdict="ok", alarm=False), notes=(alarm,))
    )
    unsure = drifted("c", verdict="inconclusive", alarm=False)

    assert (calm.note, calm.alarms) == (NoteKind.CALM, 0)
    assert decide(situation("c", drift=unsure, notes=(alarm,))).alarms == 1
    assert history(alarm, noted(2, NoteKind.CALM)).alarms == frozenset()
    assert history(noted(1, NoteKind.ALARM, on=0)).alarms == frozenset()


def test_a_second_try_of_the_job_that_failed_is_not_held_back_by_its_own_failure() -> None:
    asked = situation("b", rules=policy(max_retrains=1, gpu_hours=1))
    training = Training(data="b", key=decide(asked).key, gpu_seconds=9_999, asked=milliseconds(NOW - 2 * HOUR))
    known = replace(asked, history=history(replace(noted(1, NoteKind.FAILED, ago=HOUR), training=training)))

    assert decide(replace(known, asked_at=NOW - 2 * HOUR)).action is Action.RETRAIN
    assert "too recent" in decide(known).reason


def test_an_occasion_counts_only_where_the_policy_names_it_and_once_for_its_time() -> None:
    rules = policy(on=["schedule"], cooldown="7d")
    due = situation("a", rules=rules, occasion=Trigger.SCHEDULE)

    assert decide(situation("a", occasion=Trigger.SCHEDULE)).action is Action.WAIT
    first = decide(due)
    assert (first.action, first.trigger) == (Action.RETRAIN, Trigger.SCHEDULE)
    assert decide(replace(due, now=NOW + HOUR)).key == first.key
    assert decide(replace(due, asked_at=NOW + 8 * DAY)).key != first.key


kinds = st.sampled_from([NoteKind.PROPOSED, NoteKind.REJECTED, NoteKind.FAILED])
steps = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 60), kinds, st.integers(0, 20_000), st.booleans()), max_size=40
)


@given(steps, st.integers(1, 72), st.integers(1, 4), st.integers(1, 6))
def test_no_sequence_of_data_trains_twice_on_the_same_or_faster_than_may_be(
    steps: list[tuple[str, int, NoteKind, int, bool]], cooldown_hours: int, most: int, gpu_hours: int
) -> None:
    rules = policy(cooldown=f"{cooldown_hours}h", max_retrains=most, gpu_hours=float(gpu_hours), on=["data", "drift"])
    notes: list[Note] = []
    now = NOW
    for letter, hours, kind, gpu, alarm in steps:
        now += timedelta(hours=hours)
        word = drifted(letter, alarm=alarm)
        asked = situation(letter, notes=tuple(notes), rules=rules, now=now, drift=word)
        decision = decide(asked)
        assert decision == decide(asked)
        assert decision.reason
        if decision.action is not Action.RETRAIN:
            continue
        started = [note for note in notes if note.training and note.training.key]
        recent = [note for note in started if note.recorded_at and note.recorded_at > now - WEEK]
        known = {note.training.key for note in started if note.training and note.kind is not NoteKind.FAILED}
        assert letter != "a"
        assert decision.key not in known
        assert len(recent) < most
        assert sum(note.training.gpu_seconds for note in recent if note.training) < gpu_hours * 3600
        assert not started or (started[-1].recorded_at or now) + timedelta(hours=cooldown_hours) <= now
        notes.append(outcome_of(decision, len(notes) + 1, kind, now, gpu=gpu))


@given(st.lists(st.sampled_from("bcd"), min_size=1, max_size=30))
def test_only_alarms_on_different_data_add_up(seen: list[str]) -> None:
    rules = policy(on=["drift"], alarms=3)
    notes: list[Note] = []
    decision = decide(situation("a", rules=rules))
    for letter in seen:
        decision = decide(situation(letter, notes=tuple(notes), rules=rules, drift=drifted(letter)))
        if decision.note:
            notes.append(noted(len(notes) + 1, decision.note, of=decision.alarm_data))
    assert decision.alarms == len(set(seen))
    assert (decision.action is Action.RETRAIN) is (len(set(seen)) == 3)
