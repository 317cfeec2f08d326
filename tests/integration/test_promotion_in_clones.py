"""The verbs of promotion in clones that lack history or files, as workflows make them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.types import CommitSha
from tests.faults.stage import git
from tests.integration.shop_copies import copy_shop
from tests.integration.test_promotion_verbs import CONFIG, Shop, shop

__all__ = ["copy_shop", "shop"]
DISTANCE = 30
"""Commits between the last promotion and the head: more than any clone here begins with."""


def grow(shop: Shop, count: int) -> None:
    """Commits that change no model."""
    for number in range(count):
        (shop.clone / "notes.txt").write_text(f"{number}\n" * 50)
        git(shop.clone, "add", "notes.txt")
        git(shop.clone, "commit", "-q", "-m", f"note {number}")
    git(shop.clone, "push", "-q", "origin", "HEAD:dev")


def promote_often(shop: Shop) -> None:
    """Three versions in dev, each promoted, with a long history before, between and after."""
    git(shop.clone, "commit", "-q", "--allow-empty", "-m", "first")
    shop.push("dev", model="one", accuracy=0.9)
    for model in ("one", "two", "three"):
        grow(shop, DISTANCE)
        shop.push("dev", model=model, accuracy=0.9)
        assert shop.run("reconcile", "dev") == 0
    grow(shop, DISTANCE)


@pytest.fixture
def promoted(copy_shop: Callable[[Callable[[Shop], None]], Shop]) -> Shop:
    return copy_shop(promote_often)


@pytest.fixture(params=["with filters", "without filters"])
def remote(request: pytest.FixtureRequest, promoted: Shop) -> Path:
    """The remote; GitHub's knows filters, another may not."""
    folder = Path(git(promoted.clone, "remote", "get-url", "origin"))
    git(folder, "config", "uploadpack.allowFilter", str(request.param == "with filters"))
    return folder


def clone(shop: Shop, remote: Path, *words: str) -> Shop:
    """The same people in a fresh clone; the registry and DVC's cache of the first are theirs."""
    folder = remote.parent / "ci"
    git(remote.parent, "clone", "-q", *words, remote.as_uri(), str(folder))
    uri = f"sqlite:///{shop.clone / 'mlflow.db'}"
    (folder / ".dvc" / "config.local").write_text(f"[cache]\n    dir = {shop.clone / '.dvc' / 'cache'}\n")
    shop.inputs = replace(shop.inputs, folder=folder, tracking_uri=uri)
    shop.clone = folder
    return shop


def count_objects(folder: Path) -> int:
    counted = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return len(counted.splitlines())


def settings_of(folder: Path) -> str:
    return (folder / ".git" / "config").read_text()


def test_a_clone_of_one_commit_reads_and_writes_the_log_and_stays_shallow(promoted: Shop, remote: Path) -> None:
    ci = clone(promoted, remote, "--depth=1", "--branch=dev")
    settings, objects = settings_of(ci.clone), count_objects(ci.clone)
    boundary = (ci.clone / ".git" / "shallow").read_text()
    assert ci.run("history", "churn") == 0
    assert [line[:2] for line in ci.output.splitlines()] == ["#1", "#2", "#3"]
    assert ci.run("status", "--check") == 0, ci.output + ci.errors
    assert ci.run("reconcile", "dev") == 0
    assert "nothing to do" in ci.output
    assert (count_objects(ci.clone), settings_of(ci.clone)) == (objects, settings)
    assert (ci.clone / ".git" / "shallow").read_text() == boundary
    assert git(ci.clone, "rev-list", "--count", "HEAD") == "1"


def test_a_promotion_from_a_clone_of_one_commit_reaches_the_remote(promoted: Shop, remote: Path) -> None:
    promoted.push("dev", model="four", accuracy=0.91)
    ci = clone(promoted, remote, "--depth=1", "--branch=dev")
    assert ci.run("reconcile", "dev") == 0, ci.output + ci.errors
    assert ci.run("status", "--check") == 0
    assert git(remote, "tag", "--list", "mlops/churn/dev/*").splitlines()[-1] == "mlops/churn/dev/000004"
    assert git(ci.clone, "rev-list", "--count", "HEAD") == "1"


def test_a_branch_that_moves_on_is_followed_without_its_history(promoted: Shop, remote: Path) -> None:
    source = promoted.clone
    ci = clone(promoted, remote, "--depth=3", "--branch=dev")
    assert ci.run("status", "--check") == 0
    git(source, "push", "-q", "origin", "HEAD~40:refs/heads/production")
    git(source, "commit", "-q", "--allow-empty", "-m", "more")
    git(source, "push", "-q", "origin", "HEAD:dev")
    repository = GitRepository(ci.clone, ci.inputs.variables)
    repository.fetch()
    assert repository.branch_head("dev") == git(source, "rev-parse", "HEAD")
    assert repository.branch_head("production") == git(source, "rev-parse", "HEAD~41")
    assert git(ci.clone, "rev-list", "--count", "HEAD") == "3"
    assert git(ci.clone, "rev-list", "--count", "--all") == "5"


def test_a_branch_that_is_gone_is_gone_here(promoted: Shop, remote: Path) -> None:
    git(promoted.clone, "push", "-q", "origin", "HEAD:other")
    ci = clone(promoted, remote, "--depth=1", "--branch=dev", "--no-single-branch")
    repository = GitRepository(ci.clone, ci.inputs.variables)
    assert repository.branch_head("other")
    git(remote, "branch", "-D", "other")
    repository.fetch()
    assert repository.branch_head("other") is None


def test_a_force_push_is_still_one_in_a_shallow_clone(promoted: Shop, remote: Path) -> None:
    git(promoted.clone, "checkout", "-q", "--orphan", "anew")
    git(promoted.clone, "commit", "-q", "-m", "anew")
    git(promoted.clone, "push", "-q", "--force", "origin", "HEAD:dev")
    ci = clone(promoted, remote, "--depth=1", "--branch=dev")
    assert ci.run("reconcile", "--check", "dev") in {0, 4}
    repository = GitRepository(ci.clone, ci.inputs.variables)
    repository.fetch()
    last = CommitSha(git(remote, "rev-parse", "mlops/churn/dev/000003^{commit}"))
    head = repository.branch_head("dev")
    assert head
    assert repository.find_unreachable([last, head], head) == {last}


@pytest.mark.parametrize("words", [("--filter=blob:none",), ("--filter=tree:0",), ("--single-branch",)])
def test_partial_and_single_branch_clones_keep_their_settings(
    promoted: Shop, remote: Path, words: tuple[str, ...]
) -> None:
    ci = clone(promoted, remote, "--branch=dev", *words)
    settings = settings_of(ci.clone)
    for verb in (("history",), ("status", "--check"), ("plan", "--exit-code"), ("reconcile", "dev")):
        assert ci.run(*verb) == 0, ci.output + ci.errors
    assert settings_of(ci.clone) == settings
    assert not (ci.clone / ".git" / "mlops-kit").exists()


def test_a_force_push_is_refused_without_advice_to_fetch(promoted: Shop, remote: Path) -> None:
    git(promoted.clone, "checkout", "-q", "--orphan", "anew")
    promoted.push("anew", model="four", accuracy=0.9)
    git(promoted.clone, "push", "-q", "--force", "origin", "HEAD:dev")
    ci = clone(promoted, remote, "--depth=1", "--branch=dev")
    assert ci.run("reconcile", "dev") == 4
    assert "the history of branch dev was rewritten" in ci.output
    assert ci.run("reconcile", "dev", "--accept-rewrite") == 0
    assert git(remote, "tag", "--list", "mlops/churn/dev/*").splitlines()[-1] == "mlops/churn/dev/000004"


def test_holds_and_the_mirror_work_in_a_clone_of_one_commit(promoted: Shop, remote: Path) -> None:
    config = CONFIG.replace("version: 1", "version: 1\nlog: {gto: true}")
    promoted.push("dev", model="three", accuracy=0.9, config=config)
    ci = clone(promoted, remote, "--depth=1", "--branch=dev")
    assert ci.run("hold", "dev", "churn", "--reason", "audit") == 0, ci.errors
    assert ci.run("hold", "dev", "--release", "--format", "json") == 0, ci.errors
    assert ci.run("reconcile", "dev") == 0, ci.output + ci.errors
    told = git(remote, "tag", "--list", "mlops/churn/dev/note/*", "churn*").splitlines()
    assert told == [
        *(f"churn#dev#{number}" for number in (1, 2, 3)),
        *(f"churn@v0.0.{number}" for number in (1, 2, 3)),
        *(f"mlops/churn/dev/note/00000{number}" for number in (1, 2)),
    ]
    assert git(ci.clone, "rev-list", "--count", "HEAD") == "1"
    assert ci.run("history", "--format", "csv") == 0
    assert [line.split(",")[3] for line in ci.output.split("\r\n")[1:-1]] == [
        "bootstrap",
        "promote",
        "promote",
        "hold",
        "release",
    ]


def test_the_first_promotion_can_come_from_a_clone_of_one_commit(shop: Shop) -> None:
    git(shop.clone, "commit", "-q", "--allow-empty", "-m", "first")
    shop.push("dev", model="one", accuracy=0.9)
    remote = Path(git(shop.clone, "remote", "get-url", "origin"))
    ci = clone(shop, remote, "--depth=1", "--branch=dev")
    assert ci.run("history") == 0, ci.errors
    assert ci.output == "the log is empty: nothing was promoted yet\n"
    assert ci.run("reconcile", "dev") == 0, ci.output + ci.errors
    assert ci.run("status", "--check") == 0, ci.output
    git(remote, "tag", "-d", "mlops/churn/dev/000001")
    assert ci.run("history") == 0
    assert ci.output == "the log is empty: nothing was promoted yet\n"
