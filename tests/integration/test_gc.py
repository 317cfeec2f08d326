"""`mlops-kit gc` on real git and DVC, and that the command it names deletes what it says."""

import json
import subprocess
import sys
from pathlib import Path

from dvc.repo import Repo

from tests.faults.stage import git
from tests.integration.test_promotion_verbs import Shop, shop

__all__ = ["shop"]
ONE = "version: 1\nenvironments:\n  dev: {branch: dev}\n"


def listed(shop: Shop, *words: str) -> dict[str, bool]:
    """Digest to whether it may go."""
    assert shop.run("gc", "--format", "json", *words) == 0, shop.errors
    return {version["digest"]: version["may_go"] for version in json.loads(shop.output)["versions"]}


def digest_in(shop: Shop) -> str:
    """The digest of the model that the work tree's lock names."""
    with Repo(str(shop.clone)) as repo:
        (out,) = repo.find_outs_by_path(str(shop.clone / "churn.bin"))
        return f"md5:{out.hash_info.value}"


def has_bytes(shop: Shop, digest: str) -> bool:
    value = digest.removeprefix("md5:")
    return (shop.clone / ".dvc" / "cache" / "files" / "md5" / value[:2] / value[2:]).exists()


def test_drafts_may_go_and_what_the_log_or_a_head_names_stays(shop: Shop, tmp_path: Path) -> None:
    digests = {}
    for model in ("one", "draft", "tagged", "three"):
        shop.push("dev", model=model, accuracy=0.9, config=ONE)
        digests[model] = digest_in(shop)
        if model == "tagged":
            git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), "other")
            git(tmp_path / "other", "checkout", "-q", "dev")
            git(tmp_path / "other", "tag", "v1")
            git(tmp_path / "other", "push", "-q", "origin", "v1")
        if model in {"one", "three"}:
            assert shop.run("reconcile") == 0, shop.output + shop.errors
    found = listed(shop)
    assert {model: found[digest] for model, digest in digests.items()} == {
        "one": False,
        "draft": True,
        "tagged": False,
        "three": False,
    }
    assert listed(shop, "--keep", "1")[digests["one"]]
    assert has_bytes(shop, digests["draft"])

    git(shop.clone, "fetch", "-q", "origin", "refs/tags/*:refs/tags/*")
    words = ["dvc", "gc", "--workspace", "--all-branches", "--all-tags", "--force"]
    subprocess.run([sys.executable, "-m", *words], cwd=shop.clone, check=True, capture_output=True)
    assert {model: has_bytes(shop, digest) for model, digest in digests.items()} == {
        "one": True,
        "draft": False,
        "tagged": True,
        "three": True,
    }


def test_what_only_a_merge_made_is_found(shop: Shop) -> None:
    shop.push("dev", model="base", accuracy=0.9, config=ONE)
    git(shop.clone, "checkout", "-q", "-b", "side")
    git(shop.clone, "commit", "-q", "--allow-empty", "-m", "side")
    git(shop.clone, "checkout", "-q", "-")
    git(shop.clone, "merge", "-q", "--no-ff", "--no-commit", "side")
    shop.push("dev", model="evil", accuracy=0.9, config=ONE)
    evil = digest_in(shop)
    shop.push("dev", model="after", accuracy=0.9, config=ONE)
    assert listed(shop)[evil]


def test_a_shallow_clone_is_refused(shop: Shop, tmp_path: Path) -> None:
    shop.push("dev", model="one", accuracy=0.9, config=ONE)
    shop.push("dev", model="two", accuracy=0.9, config=ONE)
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=dev", (tmp_path / "origin.git").as_uri(), "ci")
    assert shop.run("--repo", str(tmp_path / "ci"), "gc") == 2
    assert "history of this clone was cut off" in shop.errors
