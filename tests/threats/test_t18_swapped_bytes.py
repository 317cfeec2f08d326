"""T18: one byte, one file more, one file less or a link in a model's bytes is found when it would be promoted."""

import json
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest
from dvc.repo import Repo

from mlops_kit.core.errors import ExitCode
from tests.faults.stage import git
from tests.integration.test_promotion_verbs import Shop, shop

__all__ = ["shop"]
PIPELINE = """
stages:
  train: {cmd: "true", outs: [model], metrics: [{metrics.json: {cache: false}}]}
artifacts:
  churn: {path: model, type: model}
"""
CONFIG = "version: 1\nenvironments:\n  dev: {branch: dev}\n"
FILES = {"weights": b"\x00\x01\x02", "config.json": b"{}"}


def digest(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


def place(cache: Path, value: str) -> Path:
    return cache / "files" / "md5" / value[:2] / value[2:]


def write(path: Path, data: bytes) -> None:
    """Put bytes where DVC believes what it finds: read-only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(0o444)


def flip(cache: Path, _: Path) -> None:
    write(place(cache, digest(FILES["weights"])), b"\x00\x01\x03")


def add(cache: Path, listing: Path) -> None:
    write(place(cache, digest(b"more")), b"more")
    entries = [*json.loads(listing.read_text()), {"md5": digest(b"more"), "relpath": "zz"}]
    write(listing, json.dumps(entries).encode())


def remove(_: Path, listing: Path) -> None:
    write(listing, json.dumps(json.loads(listing.read_text())[1:]).encode())


def rename(_: Path, listing: Path) -> None:
    write(listing, listing.read_bytes().replace(b"weights", b"weighty"))


def link(cache: Path, _: Path) -> None:
    evil = cache.parent / "evil"
    evil.write_bytes(b"evil")
    path = place(cache, digest(FILES["weights"]))
    path.unlink()
    path.symlink_to(evil)


def push(shop: Shop) -> tuple[Path, Path]:
    """A model of two files on the branch; the cache, and the listing of the model in it."""
    (shop.clone / "model").mkdir()
    for name, data in FILES.items():
        (shop.clone / "model" / name).write_bytes(data)
    (shop.clone / "dvc.yaml").write_text(PIPELINE)
    (shop.clone / "mlops.yaml").write_text(CONFIG)
    (shop.clone / "metrics.json").write_text('{"accuracy": 0.9}')
    with Repo(str(shop.clone)) as repo:
        repo.commit(force=True)
    git(shop.clone, "add", "-A")
    git(shop.clone, "commit", "-q", "-m", "model")
    git(shop.clone, "push", "-q", "origin", "HEAD:refs/heads/dev")
    cache = shop.clone / ".dvc" / "cache"
    (listing,) = cache.rglob("*.dir")
    return cache, listing


@pytest.mark.parametrize("swap", [flip, add, remove, rename, link], ids=lambda swap: swap.__name__)
def test_t18_swapped_bytes_are_not_promoted(shop: Shop, swap: Callable[[Path, Path], None]) -> None:
    swap(*push(shop))

    assert shop.run("reconcile", "dev") == ExitCode.INTEGRITY
    assert "hash to" in shop.output
    assert git(shop.clone, "ls-remote", "--tags", "origin") == ""


def test_t18_the_bytes_that_the_lock_names_are(shop: Shop) -> None:
    push(shop)

    assert shop.run("reconcile", "dev") == ExitCode.DONE
    assert "mlops/churn/dev/000001" in git(shop.clone, "ls-remote", "--tags", "origin")
