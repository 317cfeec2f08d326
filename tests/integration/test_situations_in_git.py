"""What people do to branches, with real merges, and what promotion makes of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.types import Answer, Sync
from tests.faults.stage import git
from tests.integration.situation import Team
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, STAGING, THREE, Scene, digest_of

GATED = THREE.replace("branch: dev}", "branch: dev, gates: [{metric: accuracy, max-drop: 0.01}]}")


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def promoted(team: Team, *letters: str) -> Team:
    """Dev has had these versions, one after the other."""
    for letter in letters:
        team.commit("dev", churn=letter)
        team.reconcile()
    return team


def test_first_promotion_ever_asks_absolute_gates_and_skips_relative_ones(tmp_path: Path) -> None:
    team = Team(
        tmp_path, scene=Scene(config=GATED.replace("max-drop: 0.01}", "max-drop: 0.01}, {metric: f1, min: 0.5}"))
    )
    team.commit("dev", churn="a", metrics={"accuracy": 0.9, "f1": 0.4})
    assert "f1 min 0.5: fail" in team.blocked("dev")[0].reason
    team.commit("dev", churn="a", metrics={"accuracy": 0.9, "f1": 0.6})
    team.reconcile("dev")
    assert team.story() == "1 bootstrap a"
    skipped, asked = team.records()[0].gates
    assert (skipped.answer, asked.answer) == (Answer.PASS, Answer.PASS)
    assert skipped.message == "there is no base, so nothing to compare with: skipped"


def test_a_push_of_a_readme_is_no_promotion(team: Team) -> None:
    promoted(team, "a")
    writes = team.scene.writes
    team.commit("dev", note="hello")
    assert [outcome.code for outcome in team.reconcile("dev")] == [ExitCode.DONE]
    assert (team.scene.writes, team.story()) == (writes, "1 bootstrap a")


def test_the_same_bytes_merged_again_are_no_promotion(team: Team) -> None:
    promoted(team, "a")
    team.git("checkout", "-q", "-b", "feature")
    team.commit("feature", churn="a", note="the same again")
    team.merge("feature", "dev", "--no-ff", "-m", "again")
    team.reconcile()
    assert team.story() == "1 bootstrap a"


@pytest.mark.parametrize("how", ["squash", "rebase", "merge"])
def test_one_change_is_one_version_however_it_is_merged(team: Team, how: str) -> None:
    promoted(team, "a")
    team.commit("staging", churn="a")
    team.reconcile()
    team.git("checkout", "-q", "dev")
    team.commit("feature", churn="b", note="better")
    team.commit("dev", note="meanwhile")
    match how:
        case "squash":
            team.merge("feature", "dev", "--squash")
        case "rebase":
            team.git("checkout", "-q", "feature")
            team.git("rebase", "-q", "-X", "theirs", "dev")
            team.merge("feature", "dev", "--ff-only")
        case _:
            team.merge("feature", "dev", "--no-ff", "-m", "merged")
    team.reconcile()
    team.merge("dev", "staging", "--no-ff", "-m", "on", "--allow-unrelated-histories")
    team.reconcile()
    assert (team.story(), team.story(STAGING)) == ("1 bootstrap a, 2 promote b",) * 2
    assert team.versions("b") == 1


def test_a_revert_of_the_last_merge_brings_the_version_before_back(team: Team) -> None:
    promoted(team, "a", "b")
    team.git("revert", "--no-edit", "HEAD")
    team.push("dev")
    assert team.plan("dev").blocked == ()
    team.reconcile()
    assert team.story() == "1 bootstrap a, 2 promote b, 3 rollback a"
    assert team.state().sync is Sync.SYNCED


def test_a_revert_of_an_older_merge_jumps_back_two(team: Team) -> None:
    promoted(team, "a", "b", "c")
    team.git("revert", "--no-edit", "--no-commit", "HEAD~2..HEAD")
    team.git("commit", "-q", "-m", "back to a")
    team.push("dev")
    team.reconcile()
    assert team.story().endswith("3 promote c, 4 rollback a")
    assert team.versions("a") == 1


def test_a_revert_of_the_revert_goes_forward_again(team: Team) -> None:
    promoted(team, "a", "b")
    for _ in range(2):
        team.git("revert", "--no-edit", "HEAD")
        team.push("dev")
        team.reconcile()
    assert team.story().endswith("3 rollback a, 4 rollback b")
    assert team.versions("b") == 1


def test_a_branch_forced_back_is_refused_until_somebody_answers_for_it(team: Team) -> None:
    promoted(team, "a", "b")
    team.git("reset", "-q", "--hard", "HEAD~1")
    team.push("dev", force=True)
    (blocked,) = team.blocked("dev")
    assert "was rewritten" in blocked.reason
    assert "--accept-rewrite" in blocked.hint
    assert team.story() == "1 bootstrap a, 2 promote b"


def test_a_deleted_branch_takes_nothing_away_and_a_new_one_is_looked_at_anew(team: Team) -> None:
    promoted(team, "a")
    team.git("push", "-q", "origin", "--delete", "dev")
    (outcome,) = [one for one in team.reconcile() if one.environment == DEV]
    assert (outcome.code, outcome.done) == (ExitCode.DONE, ())
    assert team.scene.registry.read_alias(CHURN, DEV).version is not None
    team.git("checkout", "-q", "main")
    team.git("branch", "-D", "dev")
    team.commit("dev", churn="b")
    assert "was rewritten" in team.blocked("dev")[0].reason


def test_a_skipped_environment_is_refused(team: Team) -> None:
    promoted(team, "a")
    team.commit("production", churn="a")
    (blocked,) = team.blocked("production")
    assert blocked.reason.startswith("skipped staging: ")
    assert blocked.hint == "merge into staging first"


def test_a_soak_is_counted_from_the_log_and_a_fast_clock_does_not_shorten_it(tmp_path: Path) -> None:
    config = THREE.replace("after: dev}", "after: dev, soak: 1h}")
    team = Team(tmp_path, scene=Scene(config=config))
    team.scene.clock.advance(timedelta(hours=5))
    promoted(team, "a")
    team.commit("staging", churn="a")
    team.scene.clock.advance(timedelta(hours=-5))
    assert "soaking in dev" in team.blocked("staging")[0].reason
    team.scene.clock.advance(timedelta(hours=5, minutes=30))
    assert "soaking in dev" in team.blocked("staging")[0].reason
    team.scene.clock.advance(timedelta(hours=1))
    team.reconcile("staging")
    assert team.story(STAGING) == "1 bootstrap a"


def test_a_gate_whose_metric_is_missing_or_no_number_fails_closed(tmp_path: Path) -> None:
    team = Team(tmp_path, scene=Scene(config=GATED.replace("max-drop: 0.01", "min: 0.5")))
    for metrics in ({"loss": 1}, {"accuracy": None}, {"accuracy": "high"}):
        team.commit("dev", churn="a", metrics=metrics)
        assert "not-evaluable" in team.blocked("dev")[0].reason
    assert team.story() == ""


def test_lower_is_better_and_negative_metrics_are_judged_by_their_goal(tmp_path: Path) -> None:
    config = GATED.replace("metric: accuracy, max-drop: 0.01", 'metric: score, max-rise: "5%", against: live')
    config = config.replace("version: 1", "version: 1\nmetrics: {score: {goal: minimize}}")
    team = Team(tmp_path, scene=Scene(config=config))
    for letter, score in (("a", -10.0), ("b", -9.9), ("c", -8.0)):
        team.commit("dev", churn=letter, metrics={"score": score})
        team.reconcile("dev")
    assert team.story() == "1 bootstrap a, 2 promote b"
    assert "score max-rise 5%" in team.blocked("dev")[0].reason


def test_a_lock_with_conflict_markers_is_told_with_its_line(team: Team) -> None:
    promoted(team, "a")
    (team.work / "dvc.lock").write_text(
        "schema: '2.0'\n<<<<<<< ours\nstages: {}\n=======\nstages: {}\n>>>>>>> theirs\n"
    )
    team.git("commit", "-q", "-am", "a merge that nobody finished")
    team.push("dev")
    (outcome,) = team.reconcile("dev")
    assert "dvc.lock:2" in f"{outcome.failures[0].problem}"
    assert "conflict" in outcome.failures[0].problem.message
    assert team.story() == "1 bootstrap a"


def test_a_model_that_moved_in_the_tree_is_the_same_version(team: Team) -> None:
    promoted(team, "a")
    for name in ("dvc.yaml", "dvc.lock"):
        path = team.work / name
        path.write_text(path.read_text().replace("models/churn.bin", "artifacts/best.bin"))
    team.git("commit", "-q", "-am", "moved")
    team.push("dev")
    team.reconcile()
    assert (team.story(), team.versions("a")) == ("1 bootstrap a", 1)


def test_a_model_that_left_the_project_stays_live(team: Team) -> None:
    promoted(team, "a")
    (team.work / "dvc.yaml").write_text('{"stages": {}}')
    (team.work / "dvc.lock").write_text('{"schema": "2.0", "stages": {}}')
    team.git("commit", "-q", "-am", "gone")
    team.push("dev")
    (outcome,) = team.reconcile("dev")
    assert (outcome.code, outcome.done) == (ExitCode.DONE, ())
    assert "nothing is deleted" in outcome.remarks[0].message
    assert team.scene.registry.read_alias(CHURN, DEV).version is not None


def test_a_plan_that_grew_stale_is_made_again_from_the_branch_as_it_is(team: Team) -> None:
    promoted(team, "a")
    team.commit("dev", churn="b")
    before = team.plan("dev")
    team.commit("dev", churn="c")
    assert before.changes[-1].target == str(digest_of("b"))
    team.reconcile("dev")
    assert team.story() == "1 bootstrap a, 2 promote c"


def test_two_environments_may_run_the_same_model_on_their_own_branches(team: Team) -> None:
    promoted(team, "a")
    team.commit("staging", churn="a")
    team.reconcile()
    assert team.records(STAGING)[0].digest == team.records(DEV)[0].digest
    assert git(team.runner, "tag", "-l").split() == ["mlops/churn/dev/000001", "mlops/churn/staging/000001"]
    assert team.records(PRODUCTION) == ()
