"""The policy of promotion from the command line: bytes in a real DVC remote, damaged bytes, hotfixes, freezes."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests.faults.stage import git
from tests.integration.test_promotion_verbs import CONFIG, Shop, shop

__all__ = ["shop"]
GUARDED = CONFIG.replace("after: dev}", 'after: dev, freeze: [{from: "2020-01-01", until: "2100-01-01"}]}')


def with_remote(shop: Shop) -> Path:
    """A default DVC remote beside the clone, empty."""
    store = shop.clone.parent / "store"
    (shop.clone / ".dvc" / "config").write_text(f"[core]\n    remote = s\n['remote \"s\"']\n    url = {store}\n")
    return store


def push_data(shop: Shop) -> None:
    with Repo(str(shop.clone)) as repo:
        repo.push()


def written(shop: Shop) -> str:
    """The log's tags on the remote."""
    return git(shop.clone, "ls-remote", "--tags", "origin")


def object_of(top: Path, text: str) -> Path:
    value = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return top / "files" / "md5" / value[:2] / value[2:]


def test_what_nobody_pushed_is_not_promoted_although_the_cache_has_it(shop: Shop) -> None:
    with_remote(shop)
    shop.push("dev", model="one", accuracy=0.9)
    value = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    assert shop.run("plan", "dev", "--exit-code") == 4
    assert f"blocked: dev churn: bytes missing from the remote: md5:{value} of churn.bin" in shop.output
    assert "hint: on the machine that made them: dvc push" in shop.output
    assert (shop.run("reconcile", "dev"), written(shop)) == (4, "")
    push_data(shop)
    shutil.rmtree(shop.clone / ".dvc" / "cache")
    assert shop.run("reconcile", "dev") == 0
    assert shop.run("reconcile", "dev") == 0
    assert "mlops/churn/dev/000001" in written(shop)


@pytest.mark.parametrize("place", ["remote", "cache"])
def test_bytes_that_are_not_what_the_lock_says_write_nothing_and_are_told_with_both_hashes(
    shop: Shop, place: str
) -> None:
    store = with_remote(shop)
    shop.push("dev", model="one", accuracy=0.9)
    push_data(shop)
    damaged = object_of(store if place == "remote" else shop.clone / ".dvc" / "cache", "one")
    if place == "remote":
        shutil.rmtree(shop.clone / ".dvc" / "cache")
    damaged.chmod(0o644)
    damaged.write_text("two")
    damaged.chmod(0o444)
    assert (shop.run("reconcile", "dev"), written(shop)) == (6, "")
    expected, found = (hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (b"one", b"two"))
    assert damaged.name in shop.output
    assert f"hash to {found}, not to {expected}" in shop.output
    assert shop.run("history") == 0
    assert shop.output == "the log is empty: nothing was promoted yet\n"


def test_a_lock_that_names_other_bytes_than_there_are_is_not_promoted(shop: Shop) -> None:
    store = with_remote(shop)
    shop.push("dev", model="one", accuracy=0.9)
    push_data(shop)
    lock = shop.clone / "dvc.lock"
    one, two = (hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (b"one", b"two"))
    lock.write_text(lock.read_text().replace(one, two))
    git(shop.clone, "commit", "-q", "-a", "-m", "a lock that nobody made")
    git(shop.clone, "push", "-q", "origin", "HEAD:dev")
    assert (shop.run("reconcile", "dev"), written(shop)) == (4, "")
    assert f"bytes missing from the remote: md5:{two}" in shop.output
    object_of(store, "two").parent.mkdir(parents=True, exist_ok=True)
    object_of(store, "two").write_text("one")
    object_of(store, "two").chmod(0o444)
    assert (shop.run("reconcile", "dev"), written(shop)) == (6, "")
    assert f"hash to {one}, not to {two}" in shop.output


def test_a_hotfix_by_a_person_s_word_goes_through_a_freeze_and_leaves_a_debt(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9, config=GUARDED)
    shop.push("production", model="two", accuracy=0.9, config=GUARDED)
    assert shop.run("reconcile", "production") == 4
    assert shop.run("reconcile", "--hotfix", "outage") == 2
    assert "the name of the environment that cannot wait" in shop.errors
    assert shop.run("reconcile", "production", "--hotfix", " ") == 2
    assert shop.run("reconcile", "production", "--hotfix", "outage") == 0
    assert "debt: md5:" in shop.output
    assert "skipped dev (hotfix #1: outage); merge it there" in shop.output
    assert shop.run("plan", "production", "--format", "json") == 0
    assert json.loads(shop.output)["notes"][0]["message"].startswith("debt: ")
    assert shop.run("plan", "production", "--exit-code") == 0
    assert shop.run("history") == 0
    assert "entered production as a hotfix" in shop.output
    assert shop.run("reconcile", "production", "--check", "--retry") == 2
    assert shop.run("reconcile", "production", "--retry") == 0
