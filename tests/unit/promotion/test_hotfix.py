"""A version that must not wait: by a label or a person's word, what it never skips, and what it owes."""

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.log import parse_record, record_message, record_tag
from tests.unit.promotion.people import Team, reason_of
from tests.unit.promotion.scene import DEV, PRODUCTION, STAGING, THREE, Scene, digest_of

LABEL = ("mlops-kit-hotfix",)
FULL = """
version: 1
environments:
  dev: {branch: dev}
  staging: {branch: staging, after: dev}
  production:
    branch: production
    after: staging
    soak: 24h
    freeze: [{from: "2026-03-01", until: "2026-03-31"}]
    gates: [{metric: accuracy, min: 0.8}]
"""


def test_a_labelled_pull_request_skips_order_soak_and_freeze_and_the_record_says_why() -> None:
    found = Team(scene=Scene(config=FULL))
    found.merge("production", "h", labels=LABEL, author="ada")
    assert found.reconcile("production")[0].code is ExitCode.DONE
    (record,) = found.scene.records(PRODUCTION)
    assert (record.kind, record.reason, record.pull_request) == ("hotfix", "label mlops-kit-hotfix on #12 by ada", 12)
    assert [answer.answer for answer in record.gates] == ["pass"]
    assert record.recorded_at
    assert parse_record(record_tag(record), record_message(record), record.recorded_at) == record


def test_a_person_s_word_does_the_same_without_a_forge() -> None:
    found = Team(scene=Scene(config=FULL), forge=None, hotfix="fraud model blocks all payments")
    found.merge("production", "h")
    found.reconcile("production")
    (record,) = found.scene.records(PRODUCTION)
    assert (record.kind, record.reason, record.actor) == ("hotfix", "fraud model blocks all payments", "ada")


def test_without_the_label_the_version_waits() -> None:
    found = Team(scene=Scene(config=FULL))
    found.merge("production", "h", labels=("bug",))
    assert reason_of(found.reconcile("production")).startswith("skipped staging")


def test_a_team_names_its_own_label() -> None:
    config = THREE + "promotion: {hotfix-label: sev1}\n"
    found = Team(scene=Scene(config=config))
    found.merge("production", "h", labels=("sev1",))
    found.reconcile("production")
    assert found.scene.story(PRODUCTION) == "1 hotfix h"


def test_where_the_label_is_not_needed_it_is_an_ordinary_promotion() -> None:
    found = Team(scene=Scene(config=THREE))
    found.scene.push("dev", "staging", churn="a")
    found.reconcile("dev", "staging")
    found.merge("production", "a", labels=LABEL)
    found.reconcile("production")
    assert found.scene.story(PRODUCTION) == "1 bootstrap a"
    assert found.scene.records(PRODUCTION)[0].reason == ""


@pytest.mark.parametrize("obstacle", ["gate", "bytes", "lock", "approval"])
def test_a_hotfix_never_skips_what_judges_it(obstacle: str) -> None:
    config = FULL + "    approval: {by: review}\n" if obstacle == "approval" else FULL
    found = Team(scene=Scene(config=config))
    commit = found.merge("production", "h", labels=LABEL)
    files = dict(found.scene.git.read_files(commit, found.scene.git.list_files(commit)))
    if obstacle == "gate":
        files["metrics.json"] = b'{"accuracy": 0.5}'
    elif obstacle == "lock":
        files["dvc.lock"] = files["dvc.lock"].replace(b"train churn", b"train other")
    elif obstacle == "bytes":
        found.scene.artifacts.missing.add(digest_of("h"))
    assert found.forge
    found.forge.merged[found.scene.git.commit("production", files)] = 12
    reasons = {"gate": "gate accuracy", "bytes": "bytes missing", "lock": "lock incons", "approval": "not approved"}
    assert reason_of(found.reconcile("production")).startswith(reasons[obstacle])
    assert found.scene.writes == 0


def test_the_debt_of_a_hotfix_is_told_until_the_environments_that_it_skipped_hold_it() -> None:
    found = Team(scene=Scene(config=THREE), hotfix="outage")
    found.merge("production", "h")
    found.reconcile("production")
    told = f"debt: {digest_of('h')} skipped staging, dev (hotfix #1: outage); merge it there"
    assert [remark.message for remark in found.plan("production").remarks] == [told]
    assert found.state(PRODUCTION).message == told
    assert found.reconcile("production")[0].remarks[0].message == told
    assert found.reconcile("production")[0].code is ExitCode.DONE
    found.scene.push("dev", churn="h")
    found.reconcile("dev")
    assert "skipped staging (hotfix" in found.state(PRODUCTION).message
    found.scene.push("staging", churn="h")
    found.reconcile("staging")
    assert found.state(PRODUCTION).message == ""
    assert found.scene.story(STAGING) == "1 bootstrap h"


def test_a_debt_is_gone_once_a_version_that_went_through_replaced_the_hotfix() -> None:
    found = Team(scene=Scene(config=THREE), hotfix="outage")
    found.merge("production", "h")
    found.reconcile("production")
    found.hotfix = ""
    found.scene.push("dev", "staging", "production", churn="b")
    found.reconcile()
    assert found.scene.story(PRODUCTION) == "1 hotfix h, 2 promote b"
    assert found.state(PRODUCTION).message == ""


def test_a_debt_is_owed_again_after_a_rollback_to_the_hotfix() -> None:
    found = Team(scene=Scene(config=THREE), hotfix="outage")
    found.merge("production", "h")
    found.reconcile("production")
    found.hotfix = ""
    found.scene.push("dev", "staging", "production", churn="b")
    found.reconcile()
    found.scene.push("production", churn="h")
    found.reconcile("production")
    assert found.scene.story(PRODUCTION) == "1 hotfix h, 2 promote b, 3 rollback h"
    assert found.state(PRODUCTION).message.startswith("debt:")


def test_a_hotfix_that_only_could_not_wait_owes_nothing() -> None:
    found = Team(scene=Scene(config=FULL), hotfix="outage")
    found.scene.push("dev", "staging", churn="a")
    found.reconcile("dev", "staging")
    found.merge("production", "a")
    found.reconcile("production")
    assert found.scene.story(PRODUCTION) == "1 hotfix a"
    assert found.state(PRODUCTION).message == ""


def test_an_environment_that_comes_after_none_knows_no_order_to_skip() -> None:
    found = Team(scene=Scene(config=THREE), hotfix="outage")
    found.merge("dev", "h")
    found.reconcile("dev")
    assert found.scene.story(DEV) == "1 bootstrap h"
