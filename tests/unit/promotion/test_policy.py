"""What else decides: bytes in the remote, evidence reused, changed settings, clocks that differ, lost history."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.tolerant import TolerantArtifacts
from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import ExitCode, OutsideError
from mlops_kit.core.ports import Deployer, ModelFiles
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    Model,
    ModelName,
    PromotionRecord,
    ServingReading,
    Sync,
)
from mlops_kit.testing.artifacts import MemoryArtifacts
from mlops_kit.testing.deployer import MemoryDeployer, MemoryDeployers
from mlops_kit.testing.log import MemoryLog
from tests.unit.promotion.scene import CHURN, DEV, ONE, PRODUCTION, STAGING, THREE, Scene, digest_of, project_files


class CountingArtifacts(MemoryArtifacts):
    """Notes what it was asked for; `down` makes it give no answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.down = False

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        wanted = list(models)
        self.asked.append(sorted(model.name for model in wanted))
        if self.down:
            raise OutsideError("the DVC remote failed: timed out")
        return super().find_missing(wanted)


def test_the_remote_is_asked_once_for_all_models_that_nothing_else_holds_back() -> None:
    artifacts = CountingArtifacts()
    scene = Scene(artifacts=artifacts)
    scene.push("dev", churn="a", price="b")
    scene.push("staging", churn="c", price="d")
    scene.reconcile()
    assert artifacts.asked == [["churn", "price"]]
    scene.reconcile()
    scene.state()
    assert artifacts.asked == [["churn", "price"]]


def test_one_model_s_missing_bytes_do_not_hold_the_other_back() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a", price="b")
    scene.artifacts.missing.add(digest_of("a"))
    outcome = scene.reconcile()[0]
    assert [record.model for record in scene.log.read_records()] == ["price"]
    assert outcome.code is ExitCode.REFUSED
    assert scene.plan().blocked[0].reason == f"bytes missing from the remote: {digest_of('a')} of models/churn.bin"


def test_a_rollback_needs_its_bytes_too() -> None:
    scene = Scene(config=ONE)
    for letter in ("a", "b"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    scene.artifacts.missing.add(digest_of("a"))
    scene.push("dev", churn="a")
    assert scene.reconcile()[0].blocked[0].reason.startswith("bytes missing from the remote")


def test_a_remote_that_gives_no_answer_leaves_what_is_asked_unknown_and_the_rest_alone() -> None:
    artifacts = CountingArtifacts()
    scene = Scene(config=ONE, artifacts=artifacts)
    scene.push("dev", churn="a", price="b")
    scene.reconcile()
    scene.push("dev", churn="c", price="b")
    artifacts.down = True
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.OUTSIDE, writes)
    assert [(one.model, one.reason) for one in outcome.unknown] == [
        ("churn", "whether the bytes are in the DVC remote is not known: the DVC remote failed: timed out")
    ]
    assert scene.state().sync is Sync.UNKNOWN
    assert scene.state(model=ModelName("price")).sync is Sync.SYNCED


def test_a_report_only_notes_that_the_remote_gives_no_answer() -> None:
    artifacts = CountingArtifacts()
    tolerant = TolerantArtifacts(artifacts)
    artifacts.missing.add(digest_of("a"))
    wanted = Model(name=CHURN, path="m", file="dvc.yaml", digest=digest_of("a"))
    assert tolerant.find_missing([wanted]) == {digest_of("a")}
    artifacts.down = True
    assert tolerant.find_missing([wanted]) == frozenset()
    assert tolerant.notes == ("whether the DVC remote has the bytes is not known: the DVC remote failed: timed out",)


GATED = """
version: 1
metrics: {{accuracy: {{goal: maximize}}}}
environments:
  dev: {{branch: dev, gates: [{gate}]}}
  staging: {{branch: staging, after: dev, gates: [{gate}]}}
"""
ABSOLUTE = "{metric: accuracy, min: 0.8}"
RELATIVE = "{metric: accuracy, max-drop: 0.1, against: live}"


def messages(scene: Scene, environment: EnvironmentName) -> list[str]:
    return [answer.message for answer in scene.records(environment)[-1].gates]


def test_answers_for_the_same_version_by_the_same_policy_and_data_are_reused_and_say_whose_they_are() -> None:
    scene = Scene(config=GATED.format(gate=ABSOLUTE))
    scene.push("dev", "staging", churn="a")
    scene.reconcile()
    assert messages(scene, DEV) == ["0.9 is at least the minimum 0.8"]
    assert messages(scene, STAGING) == ["0.9 is at least the minimum 0.8 (answered for #1 of dev)"]
    assert scene.records(DEV)[-1].evidence == scene.records(STAGING)[-1].evidence is not None
    assert [answer.environment for answer in scene.records(STAGING)[-1].gates] == ["staging"]


@pytest.mark.parametrize("change", ["gate", "metrics", "policy", "history"])
def test_other_gates_metrics_or_policies_are_asked_again(change: str) -> None:
    scene = Scene(config=GATED.format(gate=ABSOLUTE))
    scene.push("dev", churn="a")
    scene.reconcile()
    config = {
        "gate": scene.config.replace("min: 0.8", "min: 0.7"),
        "policy": scene.config.replace("goal: maximize", "goal: maximize, noise: 0.01"),
        "history": f"{scene.config}review: {{history: 3}}\n",
    }.get(change, scene.config)
    metrics = {"accuracy": 0.91} if change == "metrics" else None
    scene.git.commit("staging", project_files({"churn": "a"}, config=config, metrics=metrics))
    scene.reconcile()
    assert "answered for" not in messages(scene, STAGING)[0]


def test_a_gate_that_compares_is_asked_again_where_something_else_is_live() -> None:
    scene = Scene(config=GATED.format(gate=RELATIVE))
    scene.push("dev", churn="a", metrics={"accuracy": 0.8})
    scene.reconcile()
    scene.push("dev", churn="b", metrics={"accuracy": 0.9})
    scene.push("staging", churn="b", metrics={"accuracy": 0.9})
    scene.reconcile()
    assert messages(scene, STAGING) == ["nothing is live yet, so nothing to compare with: skipped"]


def test_a_gate_that_compares_is_not_asked_again_where_the_same_is_live() -> None:
    scene = Scene(config=GATED.format(gate=RELATIVE))
    for letter, accuracy in (("a", 0.9), ("b", 0.85)):
        scene.push("dev", "staging", churn=letter, metrics={"accuracy": accuracy})
        scene.reconcile()
    assert messages(scene, STAGING) == ["a drop of 0.05 from 0.9 is within the allowed 0.1 (answered for #2 of dev)"]


def test_what_a_gate_refused_is_never_reused() -> None:
    scene = Scene(config=GATED.format(gate=ABSOLUTE))
    scene.push("dev", churn="a")
    scene.reconcile()
    good = scene.records(DEV)[-1]
    refused = tuple(replace(answer, answer="fail", message="forged") for answer in good.gates)  # type: ignore[arg-type]
    log = MemoryLog()
    log.append_record(replace(good, gates=refused))
    scene.log = log
    scene.push("staging", churn="a")
    scene.reconcile()
    assert messages(scene, STAGING) == ["0.9 is at least the minimum 0.8"]


def test_a_first_version_skips_what_compares_and_says_so_and_nothing_else() -> None:
    scene = Scene(config=GATED.format(gate="{metric: accuracy, min: 0.95, max-drop: 0, against: live}"))
    scene.push("dev", churn="a")
    reason = scene.reconcile()[0].blocked[0].reason
    assert "0.9 is under the minimum 0.95; nothing is live yet, so nothing to compare with: skipped" in reason


SERVED = ONE.replace("branch: dev", "branch: dev, deploy: {kind: memory, replicas: 1}")


def test_changed_settings_alone_are_a_redeploy_and_a_third_run_writes_nothing() -> None:
    scene = Scene(config=SERVED)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.config = SERVED.replace("replicas: 1", "replicas: 2")
    commit = scene.push("dev", churn="a")
    assert scene.verbs(scene.reconcile()) == ["dev record", "dev set-alias", "dev deploy"]
    assert scene.story() == "1 bootstrap a, 2 redeploy a"
    assert (scene.records()[-1].commit, scene.deployers.target.writes) == (commit, 2)
    writes = scene.writes
    for _ in range(2):
        assert scene.verbs(scene.reconcile()) == []
    assert scene.writes == writes
    assert scene.state().sync is Sync.SYNCED


def test_a_redeploy_waits_for_no_freeze_and_no_gate_but_for_its_bytes() -> None:
    scene = Scene(config=SERVED)
    scene.push("dev", churn="a")
    scene.reconcile()
    guarded = (
        '2, freeze: x}, gates: [{metric: accuracy, min: 0.99}], freeze: [{from: "2026-01-01", until: "2026-12-31"}]'
    )
    scene.config = SERVED.replace("1}", guarded)
    scene.push("dev", churn="a")
    scene.artifacts.missing.add(digest_of("a"))
    assert scene.reconcile()[0].blocked[0].reason.startswith("bytes missing")
    scene.artifacts.missing.clear()
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 redeploy a"


def test_a_target_that_is_new_or_gone() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.config = SERVED
    scene.push("dev", churn="a")
    scene.reconcile()
    assert (scene.story(), scene.deployers.target.writes) == ("1 bootstrap a, 2 redeploy a", 1)
    scene.config = ONE
    scene.push("dev", churn="a")
    assert scene.verbs(scene.reconcile()) == []


def test_a_record_from_before_settings_were_noted_is_not_deployed_again() -> None:
    scene = Scene(config=SERVED)
    scene.push("dev", churn="a")
    scene.reconcile()
    older = MemoryLog()
    older.append_record(replace(scene.records()[0], settings=""))
    scene.log = older
    assert scene.verbs(scene.reconcile()) == []


class CountingTarget(MemoryDeployer):
    """A target that tells for which record it runs; it dies before the deployments named in `dying`."""

    def __init__(self) -> None:
        super().__init__()
        self.seqs: dict[tuple[EnvironmentName, ModelName], int] = {}
        self.dying: set[int] = set()

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        return replace(super().observe(environment, model), seq=self.seqs.get((environment, model)))

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        if record.seq in self.dying:
            self.dying.remove(record.seq)
            raise OutsideError("the runner was killed")
        super().deploy(record, files)
        self.seqs[record.environment, record.model] = record.seq


@dataclass
class CountingTargets(MemoryDeployers):
    """The Deployers port with that target."""

    target: MemoryDeployer = field(default_factory=CountingTarget)

    def open_deployer(self, deploy: Deploy) -> Deployer:  # noqa: ARG002 - the port
        return self.target


def test_a_redeploy_that_stopped_half_way_is_finished_where_the_target_tells_its_record() -> None:
    target = CountingTarget()
    scene = Scene(config=SERVED, deployers=CountingTargets(target=target))
    scene.push("dev", churn="a")
    scene.reconcile()
    target.dying.add(2)
    scene.config = SERVED.replace("replicas: 1", "replicas: 2")
    scene.push("dev", churn="a")
    assert scene.reconcile()[0].code is ExitCode.OUTSIDE
    assert scene.verbs(scene.reconcile()) == ["dev deploy"]
    assert (scene.verbs(scene.reconcile()), target.seqs[DEV, CHURN]) == ([], 2)


SOAKED = THREE.replace("staging, after: dev", "staging, after: dev, soak: 1h")


def test_a_slow_clock_s_entry_is_not_older_than_what_the_log_has_before_it() -> None:
    scene = Scene(config=SOAKED)
    scene.push("dev", churn="a")
    scene.reconcile("dev")
    scene.push("dev", "staging", churn="b")
    scene.clock.advance(timedelta(days=-2))
    scene.reconcile("dev")
    scene.clock.advance(timedelta(days=2))
    assert scene.reconcile("staging")[0].blocked[0].reason.startswith("soaking in dev: 59 min")
    scene.clock.advance(timedelta(hours=1))
    assert scene.reconcile("staging")[0].code is ExitCode.DONE


def test_an_entry_from_the_future_neither_passes_early_nor_hides_why() -> None:
    scene = Scene(config=SOAKED)
    scene.push("dev", "staging", churn="a")
    scene.clock.advance(timedelta(days=1))
    scene.reconcile("dev")
    scene.clock.advance(timedelta(days=-1))
    reason = scene.reconcile("staging")[0].blocked[0].reason
    assert reason.startswith("soaking in dev: 1 d 59 min of 1 h left; the log of dev has times in the future")


def test_a_branch_that_was_deleted_and_made_anew_is_a_rewritten_one() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    del scene.git.branches["dev"]
    assert scene.reconcile()[0].remarks[0].message == "no branch dev yet"
    scene.push("dev", churn="b")
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.story()) == (ExitCode.REFUSED, "1 bootstrap a")
    assert outcome.blocked[0].reason.startswith("the history of branch dev was rewritten")
    scene.accept_rewrite()
    assert scene.story() == "1 bootstrap a, 2 promote b"


def test_a_promoted_commit_that_is_nowhere_any_more_is_a_rewritten_history() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    lost = MemoryLog()
    lost.append_record(replace(scene.records()[0], commit=CommitSha("d" * 40)))
    scene.push("dev", churn="b")
    outcome = reconcile(replace(scene.world, log=lost))[0]
    assert outcome.blocked[0].reason.startswith("the history of branch dev was rewritten: it does not contain dddddddd")
    assert len(lost.read_records()) == 1


def test_a_rewrite_is_never_a_hotfix() -> None:
    scene = Scene(config=THREE)
    scene.push("dev", "staging", "production", churn="a")
    scene.reconcile()
    del scene.git.branches["production"]
    scene.push("production", churn="b")
    outcome = reconcile(replace(scene.world, hotfix="outage"), ["production"])[0]
    assert outcome.blocked[0].reason.startswith("the history of branch production was rewritten")
    assert scene.story(PRODUCTION) == "1 bootstrap a"
