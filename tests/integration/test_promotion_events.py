"""Promotions read the branch as it is, never the event: what comes twice, late, forced or made up does no harm."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.adapters.mlflow.session import MlflowSession
from tests.faults.stage import git
from tests.integration.test_promotion_verbs import Shop, open_shop

ZERO = "0" * 40


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    return open_shop(tmp_path, monkeypatch, capsys)


def run_for(shop: Shop, event: dict[str, object], *words: str, attempt: str = "1", sha: str = "") -> int:
    """Run the verb as a workflow does for an event."""
    path = shop.clone.parent / "event.json"
    path.write_text(json.dumps(event))
    shop.inputs = replace(shop.inputs, event_path=str(path), event_name="push", attempt=attempt, sha=sha, run_id="5")
    return shop.run("reconcile", *words)


def tags(shop: Shop) -> str:
    return git(shop.clone, "ls-remote", "origin", "refs/tags/*")


def alias(shop: Shop) -> str:
    return str(MlflowSession("", shop.clone).client.get_model_version_by_alias("churn", "dev").version)


def push_event(before: str, after: str, *, forced: bool = False) -> dict[str, object]:
    return {"ref": "refs/heads/dev", "before": before, "after": after, "forced": forced, "deleted": after == ZERO}


def test_an_event_that_comes_twice_and_a_second_attempt_change_nothing(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    event = push_event(ZERO, git(shop.clone, "rev-parse", "HEAD"))
    assert run_for(shop, event, "dev") == 0
    before = tags(shop)

    for attempt in ("1", "2"):
        assert run_for(shop, event, "dev", attempt=attempt) == 0
        assert shop.output == "nothing to do: what runs is what the branches say\n"
    assert tags(shop) == before


def test_the_run_of_an_older_commit_that_ends_last_changes_nothing(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    older = git(shop.clone, "rev-parse", "HEAD")
    shop.push("dev", model="two", accuracy=0.91)
    newer = git(shop.clone, "rev-parse", "HEAD")
    assert run_for(shop, push_event(older, newer), "dev", sha=newer) == 0
    before = tags(shop)

    assert run_for(shop, push_event(ZERO, older), "dev", sha=older) == 0

    assert shop.output == "nothing to do: what runs is what the branches say\n"
    assert tags(shop) == before


def test_a_forced_push_is_refused_and_moves_nothing(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    first = git(shop.clone, "rev-parse", "HEAD")
    assert run_for(shop, push_event(ZERO, first), "dev") == 0
    git(shop.clone, "checkout", "-q", "--orphan", "other")
    git(shop.clone, "push", "-q", "origin", "--delete", "dev")
    shop.push("dev", model="two", accuracy=0.95)

    assert run_for(shop, push_event(first, git(shop.clone, "rev-parse", "HEAD"), forced=True), "dev") == 4

    assert "was rewritten" in shop.output
    assert alias(shop) == "1"


def test_a_branch_that_was_deleted_removes_no_alias(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    first = git(shop.clone, "rev-parse", "HEAD")
    assert run_for(shop, push_event(ZERO, first), "dev") == 0
    before = tags(shop)
    git(shop.clone, "push", "-q", "origin", "--delete", "dev")

    assert run_for(shop, push_event(first, ZERO), "dev") == 2
    assert run_for(shop, push_event(first, ZERO)) == 0

    assert (alias(shop), tags(shop)) == ("1", before)


@pytest.mark.parametrize("name", ["prod", "$(touch hacked)", "dev; id", "../dev", "-x", "dev\n", ""])
def test_an_environment_that_is_none_is_an_input_error(shop: Shop, name: str) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    payload: dict[str, object] = {"action": "promote", "client_payload": {"environment": name, "deep": [[[[[[]]]]]]}}

    assert run_for(shop, payload, "--", name) == 2

    assert f"{name!r} is not an environment" in shop.errors
    assert not list(Path(shop.clone).glob("hacked"))
    assert tags(shop) == ""
