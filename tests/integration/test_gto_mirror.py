"""The GTO mirror, read by the real `gto` and the real `dvc artifacts get`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.gto_mirror import GtoMirror
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.core.promotion.gto import missing_tags
from mlops_kit.core.types import CommitSha, GtoTag, ModelName
from tests.faults.stage import git
from tests.integration.shop_copies import copy_shop
from tests.integration.test_promotion_verbs import Shop, shop

__all__ = ["copy_shop", "shop"]
CONFIG = """
version: 1
log: {gto: true}
environments:
  dev: {branch: dev}
  production: {branch: production, after: dev}
"""


def gto(folder: Path, *words: str) -> str:
    """What the program says of a fresh clone, where every tag has come from the remote."""
    git(folder, "fetch", "-q", "--tags", "--force", "origin")
    program = Path(sys.executable).parent / "gto"
    done = subprocess.run([str(program), *words, "--repo", "."], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def go_back(shop: Shop) -> None:
    """Version one and two promoted to dev and production, and production put back to one."""
    for model in ("one", "two"):
        shop.push("dev", "production", model=model, accuracy=0.9, config=CONFIG)
        assert shop.run("reconcile") == 0, shop.output + shop.errors
    shop.push("production", model="one", accuracy=0.9, config=CONFIG)
    assert shop.run("reconcile") == 0, shop.output + shop.errors


@pytest.fixture
def told(copy_shop: Callable[[Callable[[Shop], None]], Shop]) -> Shop:
    return copy_shop(go_back)


def test_gto_shows_what_the_log_says(told: Shop) -> None:
    names = git(told.clone, "ls-remote", "--refs", "origin", "refs/tags/churn*")
    assert [line.rpartition("/")[2] for line in names.splitlines()] == [
        "churn#dev#1", "churn#dev#2", "churn#production#1", "churn#production#2", "churn#production#3",
        "churn@v0.0.1", "churn@v0.0.2",
    ]  # fmt: skip
    show = gto(told.clone, "show", "churn#production", "--version")
    assert (show.strip(), gto(told.clone, "show", "churn#dev", "--version").strip()) == ("v0.0.1", "v0.0.2")
    events = json.loads(gto(told.clone, "history", "churn", "--json"))
    told_of = [(event["event"], event["version"], event.get("stage")) for event in reversed(events)]
    assert [found for found in told_of if found[2] == "production"] == [
        ("assignment", "v0.0.1", "production"),
        ("assignment", "v0.0.2", "production"),
        ("assignment", "v0.0.1", "production"),
    ]
    assert sum(event == "registration" for event, _, _ in told_of) == 2


def test_dvc_gets_the_bytes_that_are_live(told: Shop, tmp_path: Path) -> None:
    git(told.clone, "fetch", "-q", "--tags", "origin")
    for stage, expected in (("production", "one"), ("dev", "two")):
        words = ["dvc", "artifacts", "get", str(told.clone), "churn", "--stage", stage, "--out", str(tmp_path / stage)]
        subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, check=True, capture_output=True)
        assert (tmp_path / stage).read_text() == expected


def test_what_is_missing_is_made_again_and_a_settled_mirror_is_left_alone(told: Shop) -> None:
    before = git(told.clone, "ls-remote", "origin", "refs/tags/churn*")
    git(told.clone, "push", "-q", "origin", ":refs/tags/churn#production#3")
    assert told.run("reconcile", "production") == 0
    after = git(told.clone, "ls-remote", "origin", "refs/tags/churn*")
    assert [line.split("\t")[1] for line in after.splitlines()] == [line.split("\t")[1] for line in before.splitlines()]
    assert told.run("reconcile") == 0
    assert git(told.clone, "ls-remote", "origin", "refs/tags/churn*") == after


def test_tags_of_the_team_stay_as_they_are(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9, config=CONFIG)
    git(shop.clone, "tag", "-a", "-m", "ours", "churn@v2.0.3")
    git(shop.clone, "tag", "churn#dev#1")
    git(shop.clone, "push", "-q", "origin", "--tags")
    before = git(shop.clone, "ls-remote", "origin", "refs/tags/churn*")
    assert shop.run("reconcile", "dev") == 0, shop.output + shop.errors
    after = git(shop.clone, "ls-remote", "origin", "refs/tags/churn*").splitlines()
    assert {*before.splitlines()} < {*after}
    assert gto(shop.clone, "show", "churn#dev", "--version").strip() == "v2.0.3"


def test_a_shallow_clone_writes_the_same_mirror(told: Shop, tmp_path: Path) -> None:
    remote = Path(git(told.clone, "remote", "get-url", "origin"))
    git(remote, "tag", "-d", "churn#dev#1", "churn#production#3")
    whole = git(told.clone, "ls-remote", "origin", "refs/tags/*")
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=production", remote.as_uri(), "ci")
    repository = GitRepository(tmp_path / "ci", told.inputs.variables)
    repository.fetch()
    mirror = GtoMirror(repository)
    tags = {tag.name: tag for tag in mirror.read_tags()}
    missing = GtoTag(name="churn#dev#1", commit=tags["churn@v0.0.1"].commit, seconds=7, message="m")
    assert mirror.create_tags([missing])
    assert missing in mirror.read_tags()
    assert git(tmp_path / "ci", "rev-list", "--count", "HEAD") == "1"
    assert all(line in git(remote, "show-ref", "--tags", "-d").replace(" ", "\t") for line in whole.splitlines())


@pytest.mark.parametrize("place", ["remote", "local"])
def test_a_taken_name_is_not_replaced(shop: Shop, place: str) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    head = CommitSha(git(shop.clone, "rev-parse", "HEAD"))
    if place == "local":
        git(shop.clone, "remote", "remove", "origin")
    mirror = GtoMirror(GitRepository(shop.clone, shop.inputs.variables))
    one = GtoTag(name="churn@v0.0.1", commit=head, seconds=5, message="one")
    assert mirror.create_tags([one])
    assert not mirror.create_tags([GtoTag(name="churn@v0.0.1", commit=head, seconds=6, message="two")])
    assert one in mirror.read_tags()


def test_two_runners_that_saw_the_same_write_the_same(told: Shop, tmp_path: Path) -> None:
    before = git(told.clone, "ls-remote", "origin", "refs/tags/churn*")
    names = [line.rpartition("/")[2] for line in before.splitlines() if not line.endswith("^{}")]
    git(told.clone, "push", "-q", "origin", *(f":refs/tags/{name}" for name in names))
    git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), "second")
    mirrors, todo = [], []
    for folder in (told.clone, tmp_path / "second"):
        repository = GitRepository(folder, told.inputs.variables)
        repository.fetch()
        mirrors.append(GtoMirror(repository))
        records = GitPromotionLog(repository).read_records()
        todo.append(missing_tags(records, {ModelName("churn"): "churn"}, mirrors[-1].read_tags()))
    assert [mirror.create_tags(tags) for mirror, tags in zip(mirrors, todo, strict=True)] == [True, True]
    assert len({mirror.read_tags() for mirror in mirrors}) == 1
    assert len(mirrors[0].read_tags()) == len(names)
    assert before.count("churn#") == git(told.clone, "ls-remote", "origin", "refs/tags/churn*").count("churn#")
