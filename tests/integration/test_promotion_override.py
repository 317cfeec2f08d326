"""A refused merge that was accepted by hand, over the command line: real git, DVC and MLflow, the fake GitHub."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fakes.github import FakeGitHub
from tests.faults.stage import git
from tests.integration.desk import TOKEN, serve_github
from tests.integration.test_promotion_verbs import Shop, shop

__all__ = ["shop"]

HEAD = "a" * 40


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_github() as fake:
        fake.repository = "octo/churn"
        fake.roles = {"ada": "maintain", "roy": "read"}
        yield fake


def merge(shop: Shop, github: FakeGitHub, *, author: str) -> None:
    shop.push("dev", model="worse", accuracy=0.5)
    commit = git(shop.clone, "rev-parse", "HEAD").strip()
    github.add_pull_request(
        7, head=HEAD, base_branch="dev", commits=[commit], labels=["mlops-kit-override"], state="closed", merged=True
    )
    github.add_comment(7, f"mlops-kit override {HEAD[:12]}: data of May only", author=author)
    shop.inputs = replace(shop.inputs, token=TOKEN, api_url=github.url)


def test_the_promotion_goes_on_and_history_tells_who_took_it_on(shop: Shop, github: FakeGitHub) -> None:
    merge(shop, github, author="ada")

    assert shop.run("reconcile", "dev") == 0, shop.output
    assert shop.run("history") == 0
    assert "accepted by hand by ada on pull request #7: data of May only" in shop.output
    assert shop.run("history", "--format", "json") == 0
    (record,) = json.loads(shop.output)["records"]
    assert record["override"] == {"actor": "ada", "reason": "data of May only", "pull_request": 7}
    assert [gate["answer"] for gate in record["gates"]] == ["fail"]
    assert TOKEN not in shop.output + shop.errors


def test_a_reader_cannot_accept_it(shop: Shop, github: FakeGitHub) -> None:
    merge(shop, github, author="roy")

    assert shop.run("reconcile", "dev") == 4
    assert git(shop.clone, "ls-remote", "origin", "refs/tags/*") == ""


def test_without_a_forge_at_hand_the_gate_holds(shop: Shop, github: FakeGitHub) -> None:
    merge(shop, github, author="ada")
    shop.inputs = replace(shop.inputs, token="")

    assert shop.run("reconcile", "dev") == 4
    assert github.log == []
