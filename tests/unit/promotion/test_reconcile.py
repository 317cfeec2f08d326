"""Promotion from merge to alias, in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mlops_kit.commands.apply import apply
from mlops_kit.commands.observe import observe
from mlops_kit.commands.reconcile import compare, reconcile
from mlops_kit.core.errors import ConflictError, ExitCode, InputError
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.promotion.plan import plan
from mlops_kit.core.types import Answer, Health, PromotionRecord, Sync
from mlops_kit.testing.log import MemoryLog
from tests.unit.promotion.scene import CHURN, DEV, ONE, PRODUCTION, STAGING, THREE, Scene, digest_of


def test_first_promotion_registers_records_and_points_the_alias() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    done = scene.reconcile("dev")
    assert scene.verbs(done) == ["dev register", "dev record", "dev set-alias"]
    assert scene.story() == "1 bootstrap a"
    assert scene.state().registry == str(digest_of("a"))
    assert scene.state().sync is Sync.SYNCED
    assert done[0].code is ExitCode.DONE


def test_a_merge_walks_through_all_environments_in_one_run() -> None:
    scene = Scene()
    scene.push("dev", "staging", "production", churn="a")
    done = scene.reconcile()
    assert [outcome.code for outcome in done] == [ExitCode.DONE] * 3
    assert scene.story(PRODUCTION) == "1 bootstrap a"
    assert scene.verbs(done).count("dev register") == 1
    assert "staging register" not in scene.verbs(done)


def test_environments_are_reconciled_after_the_one_they_follow() -> None:
    scene = Scene(config="version: 1\nenvironments:\n  live: {branch: live, after: try}\n  try: {branch: try}\n")
    scene.push("live", "try", churn="a")
    assert [outcome.environment for outcome in scene.reconcile()] == ["try", "live"]
    assert scene.story(scene.log.read_records()[0].environment) == "1 bootstrap a"


def test_second_reconcile_finds_nothing_to_do() -> None:
    scene = Scene()
    scene.push("dev", "staging", "production", churn="a")
    scene.reconcile()
    writes = scene.writes
    assert scene.verbs(scene.reconcile()) == []
    assert scene.writes == writes


def test_a_push_that_leaves_the_model_alone_is_no_promotion() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.push("dev", churn="a", metrics={"accuracy": 0.5})
    assert scene.verbs(scene.reconcile()) == []
    assert scene.story() == "1 bootstrap a"


@pytest.mark.parametrize("how", ["squash", "rebase", "merge"])
def test_same_bytes_are_one_version_however_they_were_merged(how: str) -> None:
    scene = Scene()
    scene.push("dev", "staging", churn="a")
    scene.reconcile()
    feature = scene.push("dev", churn="b")
    scene.reconcile("dev")
    match how:
        case "squash":
            scene.push("staging", churn="b")
        case "rebase":
            scene.push("staging", churn="a", metrics={"accuracy": 0.91})
            scene.push("staging", churn="b")
        case _:
            files = scene.git.read_files(feature, scene.git.list_files(feature))
            scene.git.commit("staging", files, merged=[feature])
    assert scene.verbs(scene.reconcile()) == ["staging record", "staging set-alias"]
    assert scene.story(STAGING) == "1 bootstrap a, 2 promote b"
    version = scene.registry.read_version(CHURN, digest_of("b"))
    assert version is not None
    assert version.number == "2"


def test_reverts_bring_old_versions_back_without_training_or_gates() -> None:
    config = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8}]}\n"
    scene = Scene(config=config)
    for letter in ("a", "b", "c"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    scene.push("dev", churn="a", metrics={"accuracy": 0.1})
    assert scene.verbs(scene.reconcile()) == ["dev record", "dev set-alias"]
    scene.push("dev", churn="c", metrics={"accuracy": 0.1})
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote b, 3 promote c, 4 rollback a, 5 rollback c"
    assert scene.records()[-1].previous == digest_of("a")
    assert scene.records()[-1].gates == ()


def test_a_skipped_environment_is_refused_by_name() -> None:
    scene = Scene()
    scene.push("dev", "production", churn="a")
    outcomes = scene.reconcile()
    blocked = outcomes[2].blocked[0]
    assert blocked.reason == f"skipped staging: {digest_of('a')} never entered it"
    assert outcomes[2].code is ExitCode.REFUSED
    assert scene.records(PRODUCTION) == []
    assert scene.state(PRODUCTION).sync is Sync.BLOCKED


def test_a_version_soaks_in_the_earlier_environment_before_it_may_go_on() -> None:
    config = THREE.replace("production, after: staging", "production, after: staging, soak: 24h")
    scene = Scene(config=config)
    scene.push("dev", "staging", "production", churn="a")
    first = scene.reconcile()
    assert first[2].blocked[0].reason == "soaking in staging: 1 d of 1 d left"
    scene.clock.advance(timedelta(hours=20, minutes=30))
    assert scene.reconcile()[2].blocked[0].reason == "soaking in staging: 3 h 29 min of 1 d left"
    scene.clock.advance(timedelta(hours=3, minutes=30))
    assert scene.reconcile()[2].code is ExitCode.DONE
    assert scene.story(PRODUCTION) == "1 bootstrap a"


def test_a_clock_that_runs_behind_only_makes_the_soak_longer() -> None:
    scene = Scene(config=THREE.replace("staging, after: dev", "staging, after: dev, soak: 1h"))
    scene.push("dev", "staging", churn="a")
    scene.reconcile("dev")
    scene.clock.advance(timedelta(hours=-1))
    assert scene.reconcile("staging")[0].blocked[0].reason.startswith("soaking in dev: 1 h 59 min")


def test_a_rollback_does_not_soak_again() -> None:
    scene = Scene(config=THREE.replace("staging, after: dev", "staging, after: dev, soak: 1h"))
    for letter in ("a", "b"):
        scene.push("dev", "staging", churn=letter)
        scene.reconcile()
        scene.clock.advance(timedelta(hours=2))
        scene.reconcile()
    scene.push("dev", "staging", churn="a")
    scene.reconcile()
    assert scene.story(STAGING) == "1 bootstrap a, 2 promote b, 3 rollback a"


def test_a_lock_that_nobody_ran_is_blocked_with_stage_and_path() -> None:
    scene = Scene(config=ONE)
    commit = scene.push("dev", churn="a")
    files = dict(scene.git.read_files(commit, scene.git.list_files(commit)))
    files["dvc.yaml"] = (
        files["dvc.yaml"]
        .replace(b'"stages": {', b'"stages": {"prepare": {"cmd": "p", "outs": ["data.csv"]}, ')
        .replace(b'"cmd": "train churn", ', b'"cmd": "train churn", "deps": ["data.csv"], ')
    )
    files["dvc.lock"] = (
        files["dvc.lock"]
        .replace(
            b'"stages": {',
            b'"stages": {"prepare": {"cmd": "p", "outs": [{"path": "data.csv", "hash": "md5", "md5": "1111"}]}, ',
        )
        .replace(
            b'"cmd": "train churn", "outs"',
            b'"cmd": "train churn", "deps": [{"path": "data.csv", "hash": "md5", "md5": "2222"}], "outs"',
        )
    )
    scene.git.commit("dev", files)
    outcome = scene.reconcile()[0]
    assert outcome.code is ExitCode.REFUSED
    assert outcome.blocked[0].reason.startswith("lock inconsistent: train-churn data.csv: ")
    assert scene.writes == 0


def test_missing_bytes_block_and_leave_no_trace() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    scene.artifacts.missing.add(digest_of("a"))
    outcome = scene.reconcile("dev")[0]
    assert outcome.blocked[0].reason == f"bytes missing from the remote: {digest_of('a')} of models/churn.bin"
    assert outcome.blocked[0].hint == "on the machine that made them: dvc push"
    assert (outcome.code, scene.writes) == (ExitCode.REFUSED, 0)


def test_bytes_that_hash_differently_are_an_integrity_error() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    scene.artifacts.broken.add(digest_of("a"))
    outcome = scene.reconcile("dev")[0]
    assert (outcome.code, scene.writes) == (ExitCode.INTEGRITY, 0)


def test_a_failing_gate_refuses_and_says_why() -> None:
    config = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8}]}\n"
    scene = Scene(config=config)
    scene.push("dev", churn="a", metrics={"accuracy": 0.5})
    outcome = scene.reconcile()[0]
    assert outcome.code is ExitCode.REFUSED
    assert outcome.blocked[0].reason.startswith("gate accuracy min 0.8: fail (")
    assert scene.writes == 0


@pytest.mark.parametrize("metrics", [{}, {"accuracy": "high"}, {"accuracy": float("nan")}])
def test_a_gate_that_cannot_be_evaluated_fails_closed(metrics: object) -> None:
    config = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8}]}\n"
    scene = Scene(config=config)
    scene.push("dev", churn="a", metrics=metrics)
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.REFUSED, 0)
    assert "not-evaluable" in outcome.blocked[0].reason


def test_gate_answers_are_kept_as_evidence() -> None:
    gate = "{metric: accuracy, min: 0.8, max-drop: 0.01, against: live}"
    config = f"version: 1\nenvironments:\n  dev: {{branch: dev, gates: [{gate}]}}\n"
    scene = Scene(config=config)
    scene.push("dev", churn="a", metrics={"accuracy": 0.9})
    scene.push("dev", churn="a", metrics={"accuracy": 0.9})
    scene.reconcile()
    scene.push("dev", churn="b", metrics={"accuracy": 0.85})
    assert scene.reconcile()[0].code is ExitCode.REFUSED
    scene.push("dev", churn="c", metrics={"accuracy": 0.895})
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote c"
    assert [answer.answer for answer in scene.records()[-1].gates] == [Answer.PASS]


def test_a_lower_is_better_gate_compares_with_what_is_live() -> None:
    config = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: loss, max-rise: 0.1, against: live}]}\n"
    scene = Scene(config=config)
    scene.push("dev", churn="a", metrics={"loss": -2.0})
    scene.reconcile()
    scene.push("dev", churn="b", metrics={"loss": -1.5})
    assert scene.reconcile()[0].code is ExitCode.REFUSED
    scene.push("dev", churn="c", metrics={"loss": -1.95})
    assert scene.reconcile()[0].code is ExitCode.DONE


def test_a_model_removed_from_the_project_stays_live() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a", price="b")
    scene.reconcile()
    scene.push("dev", price="b")
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert scene.writes == writes
    assert [remark.message for remark in outcome.remarks] == [
        "the branch no longer names this model: the live version stays, nothing is deleted"
    ]
    assert scene.state().live == str(digest_of("a"))
    assert scene.state().desired is None


def test_an_empty_project_deletes_nothing() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.push("dev")
    writes = scene.writes
    assert scene.reconcile()[0].code is ExitCode.DONE
    assert scene.writes == writes
    assert scene.state().registry == str(digest_of("a"))


def test_an_environment_without_a_branch_waits_for_it() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    outcomes = scene.reconcile()
    assert [outcome.code for outcome in outcomes] == [ExitCode.DONE] * 3
    assert outcomes[1].remarks[0].message == "no branch staging yet"


def test_a_named_environment_without_a_branch_is_a_mistake() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    assert len(scene.plan().changes) == 3
    with pytest.raises(InputError, match="no branch staging yet"):
        scene.plan("staging")
    with pytest.raises(InputError, match="no branch staging yet"):
        scene.reconcile("dev", "staging")
    assert scene.writes == 0


def test_an_unknown_environment_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        Scene().reconcile("prod")
    assert caught.value.hint == "environments are: dev, staging, production"


def test_a_branch_pushed_back_by_force_is_blocked_until_somebody_answers_for_it() -> None:
    scene = Scene(config=ONE)
    first = scene.push("dev", churn="a")
    scene.push("dev", churn="b")
    scene.reconcile()
    scene.git.point("dev", first)
    outcome = scene.reconcile()[0]
    assert outcome.code is ExitCode.REFUSED
    assert outcome.blocked[0].reason.startswith("the history of branch dev was rewritten")
    scene.accept_rewrite()
    assert scene.story() == "1 bootstrap b, 2 promote a"
    assert scene.reconcile()[0].code is ExitCode.DONE


def test_accepting_a_rewrite_of_the_same_bytes_anchors_the_log_again() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.push("dev", churn="b")
    scene.reconcile()
    del scene.git.branches["dev"]
    scene.push("dev", churn="b")
    assert scene.verbs(scene.reconcile()) == []
    scene.accept_rewrite()
    assert scene.story() == "1 bootstrap b, 2 redeploy b"
    writes = scene.writes
    scene.accept_rewrite()
    assert scene.writes == writes


def test_an_alias_moved_by_hand_is_reported_and_left_alone() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.registry.move_alias(CHURN, DEV, scene.registry.add_foreign_version(CHURN))
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.DIFFERENCE, writes)
    assert outcome.remarks[0].message == "the alias was moved by hand to version 2"
    state = scene.state()
    assert (state.sync, state.health, state.registry) == (Sync.OUT_OF_SYNC, Health.MISSING, "version 2")


def test_an_alias_moved_by_hand_is_healed_where_the_environment_says_so() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, self-heal: true"))
    for letter in ("a", "b"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    scene.registry.move_alias(CHURN, DEV, "1")
    assert scene.state().sync is Sync.OUT_OF_SYNC
    outcome = scene.reconcile()
    assert (scene.verbs(outcome), outcome[0].code) == (["dev set-alias"], ExitCode.DONE)
    assert scene.state().registry == str(digest_of("b"))
    assert len(scene.records()) == 2


def test_a_deleted_version_is_registered_again_where_the_environment_heals() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, self-heal: true"))
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.registry.delete_version(CHURN, "1")
    assert scene.verbs(scene.reconcile()) == ["dev register", "dev set-alias"]
    version = scene.registry.read_version(CHURN, digest_of("a"))
    assert version is not None
    assert version.number == "2"


def test_a_registry_that_lost_everything_is_rebuilt_from_the_log() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.registry.delete_model(CHURN)
    assert scene.verbs(scene.reconcile()) == ["dev register", "dev set-alias"]
    assert scene.state().sync is Sync.SYNCED


def test_an_unreadable_registry_moves_nothing_and_the_next_environment_goes_on() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, deploy: {kind: memory}"))
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.push("dev", churn="b")
    scene.registry.down = True
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.OUTSIDE, writes)
    assert outcome.unknown[0].reason == "the registry gives no answer"
    assert scene.state().sync is Sync.UNKNOWN


def test_one_environment_that_fails_does_not_stop_the_others() -> None:
    scene = Scene(config=THREE.replace("dev: {branch: dev", "dev: {branch: dev, deploy: {kind: memory}"))
    scene.push("dev", "staging", churn="a")
    scene.reconcile()
    scene.push("dev", "staging", churn="b")
    scene.deployers.target.down = True
    outcomes = scene.reconcile()
    assert [outcome.code for outcome in outcomes] == [ExitCode.OUTSIDE, ExitCode.REFUSED, ExitCode.DONE]
    assert worst_code(outcome.code for outcome in outcomes) is ExitCode.OUTSIDE


def test_a_broken_configuration_on_one_branch_is_that_environments_failure() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    files = dict(scene.git.read_files("dev", scene.git.list_files("dev")))
    scene.git.commit("staging", {**files, "mlops.yaml": b"version: 1\nenvironmints: {}\n"})
    outcomes = scene.reconcile()
    assert [outcome.code for outcome in outcomes] == [ExitCode.DONE, ExitCode.INPUT, ExitCode.DONE]


def test_serving_is_brought_to_the_version_that_the_log_names() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, deploy: {kind: memory}"))
    scene.push("dev", churn="a")
    assert scene.verbs(scene.reconcile())[-1] == "dev deploy"
    scene.deployers.target.running.clear()
    assert scene.state().sync is Sync.OUT_OF_SYNC
    assert scene.state().health is Health.MISSING
    assert scene.verbs(scene.reconcile()) == ["dev deploy"]
    assert scene.state().health is Health.HEALTHY


def test_a_foreign_version_in_serving_is_left_alone_without_self_heal() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, deploy: {kind: memory}"))
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.deployers.target.running[DEV, CHURN] = digest_of("z")
    outcome = scene.reconcile()
    assert (scene.verbs(outcome), outcome[0].code) == ([], ExitCode.DIFFERENCE)


class RacingLog(MemoryLog):
    """Somebody else writes the same record just before us, `lead` times."""

    def __init__(self, lead: int = 1) -> None:
        super().__init__()
        self.lead = lead

    def append_record(self, record: PromotionRecord) -> None:
        if self.lead:
            self.lead -= 1
            super().append_record(replace(record, actor="somebody else"))
        super().append_record(record)


def test_who_loses_the_race_for_a_number_looks_again_and_finishes_what_is_left() -> None:
    scene = Scene(config=ONE, log=RacingLog())
    scene.push("dev", churn="a")
    outcome = scene.reconcile()
    assert scene.verbs(outcome) == ["dev register", "dev set-alias"]
    assert outcome[0].code is ExitCode.DONE
    assert [record.actor for record in scene.records()] == ["somebody else"]
    assert scene.state().sync is Sync.SYNCED


class ClosedLog(MemoryLog):
    """Takes no record."""

    def append_record(self, record: PromotionRecord) -> None:
        raise ConflictError(f"#{record.seq} is taken")


def test_a_number_that_is_always_taken_ends_as_a_conflict() -> None:
    scene = Scene(config=ONE, log=ClosedLog())
    scene.push("dev", churn="a")
    assert scene.reconcile()[0].code is ExitCode.CONFLICT
    assert scene.state().registry is None


def test_an_alias_ahead_of_the_log_is_never_moved_back() -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, self-heal: true"))
    for letter in ("a", "b"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    older = MemoryLog()
    older.append_record(scene.records()[0])
    outcome = reconcile(replace(scene.world, log=older))[0]
    assert outcome.code is ExitCode.REFUSED
    assert "records are missing" in outcome.blocked[0].reason
    assert scene.state().registry == str(digest_of("b"))


def test_without_a_registry_the_log_alone_is_kept() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    world = replace(scene.world, registry=None)
    assert scene.verbs(reconcile(world)) == ["dev record"]
    assert scene.verbs(reconcile(world)) == []


def test_a_plan_of_another_revision_shows_what_its_merge_would_cause() -> None:
    scene = Scene()
    scene.push("dev", "staging", churn="a")
    scene.reconcile()
    feature = scene.push("feature", churn="b")
    plan = scene.plan("dev", revision=feature)
    assert [(c.verb, c.source, c.target) for c in plan.changes] == [
        ("register", "", str(digest_of("b"))),
        ("record", str(digest_of("a")), str(digest_of("b"))),
        ("set-alias", str(digest_of("a")), str(digest_of("b"))),
    ]
    assert scene.plan("staging", revision=feature).blocked[0].reason.startswith("skipped dev")


def test_a_model_that_was_moved_in_the_tree_is_the_same_version() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    files = scene.git.read_files("dev", scene.git.list_files("dev"))
    scene.git.commit("dev", {path: data.replace(b"models/", b"other/") for path, data in files.items()})
    assert scene.verbs(scene.reconcile()) == []


def test_checking_writes_nothing_and_counts_what_is_pending() -> None:
    scene = Scene()
    scene.push("dev", "staging", churn="a")
    outcomes = compare(scene.world)
    assert [outcome.code for outcome in outcomes] == [ExitCode.DIFFERENCE, ExitCode.REFUSED, ExitCode.DONE]
    assert [change.verb for change in outcomes[0].pending] == ["register", "record", "set-alias"]
    assert scene.writes == 0
    scene.reconcile()
    assert [outcome.code for outcome in compare(scene.world)] == [ExitCode.DONE] * 3


@pytest.mark.parametrize("place", ["alias", "serving"])
def test_healing_by_an_old_view_never_moves_anything_back(place: str) -> None:
    scene = Scene(config=ONE.replace("branch: dev", "branch: dev, self-heal: true, deploy: {kind: memory}"))
    scene.push("dev", churn="a")
    scene.reconcile()
    if place == "alias":
        scene.registry.move_alias(CHURN, DEV, scene.registry.add_foreign_version(CHURN))
    else:
        scene.deployers.target.running[DEV, CHURN] = digest_of("z")
    (old,) = observe(scene.world, DEV).situations
    scene.push("dev", churn="b")
    scene.reconcile()
    writes = scene.writes
    with pytest.raises(ConflictError, match="by somebody else meanwhile"):
        list(apply(scene.world, old, plan(old)))
    assert scene.writes == writes
