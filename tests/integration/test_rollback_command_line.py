"""`mlops-kit rollback` as people and workflows call it: real git and DVC, MLflow's SQLite, GitHub's API."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests.fakes.github import FakeGitHub, Fault
from tests.faults.stage import git
from tests.integration.desk import KIT, TOKEN, serve_github
from tests.integration.shop_copies import copy_shop
from tests.integration.test_promotion_verbs import Shop

__all__ = ["copy_shop"]
REPOSITORY = "acme/churn"
STORE = """
[core]
    remote = store
['remote "store"']
    url = ../../store
"""


def promote_twice(shop: Shop) -> None:
    """Two versions promoted to dev, their bytes in a DVC remote beside the shop."""
    shop.inputs = replace(shop.inputs, repository=REPOSITORY)
    (shop.clone / ".dvc" / "config").write_text(STORE)
    for model in ("one", "two"):
        shop.push("dev", model=model, accuracy=0.9)
        with Repo(str(shop.clone)) as repo:
            repo.push()
        assert shop.run("reconcile", "dev") == 0


@pytest.fixture
def shop(copy_shop: Callable[[Callable[[Shop], None]], Shop]) -> Shop:
    copied = copy_shop(promote_twice)
    copied.inputs = replace(copied.inputs, repository=REPOSITORY)
    return copied


def at_github(shop: Shop, github: FakeGitHub) -> Shop:
    """The shop, called with a workflow's token."""
    shop.inputs = replace(shop.inputs, token=TOKEN, api_url=github.url)
    return shop


def test_a_rollback_from_command_to_merge(shop: Shop) -> None:
    with serve_github() as github:
        at_github(shop, github)
        github.fail(Fault(method="POST", path="/pulls$", when="after", reset=True))

        assert shop.run("rollback", "dev") == 0
        assert shop.output.startswith(
            "pull request 1 brings dev back: https://github.test/acme/churn/pull/1\n  churn: "
        )
        assert "GitHub starts no workflow for such a pull request" in shop.output
        assert shop.run("rollback", "dev", "--format", "json") == 0
        document = json.loads(shop.output)
        assert (document["pull_request"], len(github.pulls)) == (1, 1)
        assert github.pulls[1]["author"] == KIT
        assert "Merging this is the rollback" in str(github.pulls[1]["body"])

        git(shop.clone, "push", "-q", "origin", f"{document['commit']}:refs/heads/dev")
        assert shop.run("reconcile", "dev", "--format", "json") == 0, shop.output
        assert [one["verb"] for one in json.loads(shop.output)["changes"]] == ["record", "set-alias", "announce"]
        assert [(seq, state) for seq, _, state in github.board()] == [(3, "success")]
    shop.inputs = replace(shop.inputs, token="")
    assert shop.run("history", "churn", "--environment", "dev") == 0
    assert " came back to dev on " in shop.output.splitlines()[-1]
    assert git(shop.clone, "status", "--porcelain") == ""


def test_without_a_forge_the_command_is_printed_and_nothing_pushed(shop: Shop) -> None:
    before = git(shop.clone, "ls-remote", "origin")

    assert shop.run("rollback", "dev", "--to", "#1") == 0

    assert "push it, then open a pull request into dev:\n  git push origin " in shop.output
    assert git(shop.clone, "ls-remote", "origin") == before


def test_print_pushes_nothing_although_a_forge_is_at_hand(shop: Shop) -> None:
    with serve_github() as github:
        at_github(shop, github)

        assert shop.run("rollback", "dev", "churn", "--print") == 0

        assert github.pulls == {}
    assert "  git push origin " in shop.output


def test_a_repository_that_lets_workflows_open_nothing_ends_with_4(shop: Shop) -> None:
    with serve_github() as github:
        github.bots_may_open = False

        assert at_github(shop, github).run("rollback", "dev") == 4

    assert "GitHub Actions is not permitted to create or approve pull requests" in shop.errors
    assert "hint: open it by hand" in shop.errors


def test_bytes_that_left_the_remote_end_with_4(shop: Shop, tmp_path: Path) -> None:
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file() and path.read_bytes() == b"one":
            path.unlink()

    assert shop.run("rollback", "dev") == 4
    assert "the bytes are not in the DVC remote any more: churn md5:" in shop.errors


def test_mistakes_end_with_2(shop: Shop) -> None:
    assert shop.run("rollback", "prod") == 2
    assert shop.run("rollback", "dev", "price") == 2
    assert shop.run("rollback", "dev", "--to", "#7") == 2
    assert "hint: versions are: #1 md5:" in shop.errors
    assert shop.run("rollback", "--", "dev", "$(touch hacked)") == 2
