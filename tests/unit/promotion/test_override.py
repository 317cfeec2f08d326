"""A merge that a person accepted although a gate refuses it, from the pull request to the log."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from mlops_kit.commands.plan import plan_environments
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.core.errors import ExitCode, PassingError, RefusedError
from mlops_kit.core.forge import Permission, PullRequest
from mlops_kit.core.promotion.log import parse_record, record_message, record_tag
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.promotion.periods import split_periods
from mlops_kit.core.render.promotion_history import render_history
from mlops_kit.core.types import CommitSha, RecordedOverride
from mlops_kit.testing.forge import MemoryForge
from tests.unit.promotion.scene import DEV, Scene

CONFIG = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8}]}\n"
HEAD = CommitSha("a" * 40)
LABEL = "mlops-kit-override"
WORD = f"mlops-kit override {HEAD[:12]}: the holdout set is known to be noisy"


class BrokenForge(MemoryForge):
    """A forge that answers no question about pull requests."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def find_pull_requests(self, commit: CommitSha) -> tuple[PullRequest, ...]:  # noqa: ARG002 - the port
        raise self._error


@dataclass
class Merge:
    """A pull request that a gate refuses, merged all the same."""

    scene: Scene = field(default_factory=lambda: Scene(config=CONFIG))
    forge: MemoryForge = field(default_factory=MemoryForge)

    def happen(self, *, word: str = WORD, permission: Permission = Permission.WRITE, **wanted: object) -> None:
        commit = self.scene.push("dev", churn="a", metrics={"accuracy": 0.5})
        merged = PullRequest(
            number=7, head=HEAD, base=CommitSha("b" * 40), head_branch="feature", base_branch="dev", is_fork=False,
            is_open=False, is_merged=True, labels=(LABEL,),
        )  # fmt: skip
        self.forge = MemoryForge([replace(merged, **wanted)])  # type: ignore[arg-type]
        self.forge.merged[commit] = 7
        self.forge.permissions["ada"] = permission
        self.forge.add_comment(7, word, author="ada")

    def reconcile(self) -> Outcome:
        self.scene.clock.advance(timedelta(seconds=1))
        (outcome,) = reconcile(replace(self.scene.world, open_forge=lambda: self.forge))
        return outcome


def test_an_accepted_version_is_promoted_and_the_log_says_who_and_why() -> None:
    merge = Merge()
    merge.happen()

    assert merge.reconcile().code is ExitCode.DONE

    (record,) = merge.scene.records(DEV)
    assert record.override == RecordedOverride(
        actor="ada", reason="the holdout set is known to be noisy", pull_request=7
    )
    assert record.pull_request == 7
    assert [answer.answer for answer in record.gates] == ["fail"]
    assert render_history(split_periods([record])).endswith(
        "(pull request #7), accepted by hand by ada on pull request #7: "
        "the holdout set is known to be noisy. It is live."
    )
    assert merge.reconcile().done == ()


def test_a_record_with_an_override_is_read_back_as_written() -> None:
    merge = Merge()
    merge.happen()
    merge.reconcile()
    (record,) = merge.scene.records(DEV)
    assert record.recorded_at is not None

    assert parse_record(record_tag(record), record_message(record), record.recorded_at) == record


def test_a_record_without_one_keeps_the_bytes_it_always_had() -> None:
    scene = Scene(config=CONFIG)
    scene.push("dev", churn="a")
    scene.reconcile()

    assert "override" not in record_message(scene.records(DEV)[0])


@pytest.mark.parametrize(
    "wanted",
    [
        {"labels": ()},
        {"is_merged": False},
        {"base_branch": "staging"},
        {"head": CommitSha("c" * 40)},
        {"word": "looks fine"},
        {"permission": Permission.READ},
    ],
)
def test_what_does_not_hold_for_this_merge_promotes_nothing(wanted: dict[str, object]) -> None:
    merge = Merge()
    merge.happen(**wanted)  # type: ignore[arg-type]

    outcome = merge.reconcile()

    assert outcome.code is ExitCode.REFUSED
    assert "gate accuracy min 0.8: fail" in outcome.blocked[0].reason
    assert merge.scene.records(DEV) == []


def test_a_later_commit_is_not_accepted_by_an_earlier_word() -> None:
    merge = Merge()
    merge.happen()
    merge.scene.push("dev", churn="b", metrics={"accuracy": 0.4})

    assert merge.reconcile().code is ExitCode.REFUSED


def test_the_plan_shows_what_was_accepted() -> None:
    merge = Merge()
    merge.happen()

    plan = plan_environments(replace(merge.scene.world, open_forge=lambda: merge.forge), ())

    assert [change.verb for change in plan.changes] == ["register", "record", "set-alias"]


def test_a_lock_that_nobody_ran_cannot_be_accepted() -> None:
    merge = Merge()
    merge.happen()
    files = dict(merge.scene.git.read_files("dev", merge.scene.git.list_files("dev")))
    files["dvc.lock"] = files["dvc.lock"].replace(b"train churn", b"train other")
    merge.forge.merged[merge.scene.git.commit("dev", files)] = 7

    outcome = merge.reconcile()

    assert outcome.code is ExitCode.REFUSED
    assert outcome.blocked[0].reason.startswith("lock inconsistent")


def test_where_no_gate_refuses_nobody_is_asked() -> None:
    merge = Merge(forge=BrokenForge(AssertionError("asked")))
    merge.scene.push("dev", churn="a")

    assert merge.reconcile().code is ExitCode.DONE


@pytest.mark.parametrize(
    ("error", "code"), [(RefusedError("403"), ExitCode.REFUSED), (PassingError("502"), ExitCode.OUTSIDE)]
)
def test_a_forge_that_does_not_say_promotes_nothing(error: Exception, code: ExitCode) -> None:
    merge = Merge(forge=BrokenForge(error))
    merge.scene.push("dev", churn="a", metrics={"accuracy": 0.5})

    assert merge.reconcile().code is code
    assert merge.scene.records(DEV) == []
