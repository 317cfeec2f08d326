"""Stages of several trials that are the same: one runs, the others wait for it."""

from mlops_kit.adapters.dvc.twins import Twins
from mlops_kit.core.run import PlannedStage
from mlops_kit.core.types import StageName


def enter(twins: Twins, name: str, key: str, *, awaits_data: bool = False) -> bool:
    """Whether the stage has to wait."""
    stage = PlannedStage(name=StageName(name), awaits_data=awaits_data)
    return twins.enter(stage, {stage.name: key} if key else {}).awaits_data


def test_the_first_runs_and_the_others_wait_until_it_ended() -> None:
    twins = Twins()
    assert [enter(twins, name, "k") for name in ("a/s", "b/s", "c/s")] == [False, True, True]
    assert twins.take_arrivals() == ()
    twins.end(StageName("a/s"))
    assert twins.take_arrivals() == ("b/s", "c/s")
    assert twins.take_arrivals() == ()


def test_one_that_comes_after_the_end_finds_the_result_and_waits_for_nobody() -> None:
    twins = Twins()
    enter(twins, "a/s", "k")
    twins.end(StageName("a/s"))
    assert not enter(twins, "b/s", "k")


def test_a_stage_without_a_key_is_like_no_other() -> None:
    twins = Twins()
    assert [enter(twins, name, "") for name in ("a/s", "b/s")] == [False, False]


def test_what_a_trial_did_not_get_to_do_holds_nobody_up() -> None:
    twins = Twins()
    enter(twins, "a/s", "k")
    enter(twins, "b/s", "k")
    twins.leave("a")
    assert twins.take_arrivals() == ("b/s",)


def test_a_stage_that_awaits_data_too_waits_for_both() -> None:
    twins = Twins()
    enter(twins, "a/s", "k")
    enter(twins, "b/s", "k", awaits_data=True)
    twins.end(StageName("a/s"))
    assert twins.take_arrivals() == ()
    twins.arrive([StageName("b/s")])
    assert twins.take_arrivals() == ("b/s",)


def test_a_trial_that_is_over_while_it_waits_is_told_so_that_nobody_waits_for_it() -> None:
    twins = Twins()
    enter(twins, "a/s", "k")
    enter(twins, "b/s", "k")
    twins.leave("b")
    assert twins.take_arrivals() == ("b/s",)
    twins.end(StageName("a/s"))
    assert twins.take_arrivals() == ()
