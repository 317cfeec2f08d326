"""Files instead of branches, from the command line: real git, real DVC, MLflow's SQLite or no registry."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.core.types import PromotionRecord
from tests.faults.stage import git, git_environment
from tests.integration.test_promotion_verbs import PIPELINE, Shop, shop

__all__ = ["shop"]
CONFIG = """
version: 1
promotion: {reader: path}
environments:
  staging: {gates: [{metric: accuracy, min: 0.8}]}
  production: {after: staging}
"""
ALONE = CONFIG + "registry: {kind: none}\n"


def merge(shop: Shop, message: str = "promote") -> str:
    git(shop.clone, "add", "-A")
    git(shop.clone, "commit", "-q", "-m", message)
    git(shop.clone, "push", "-q", "origin", "HEAD:refs/heads/main")
    return git(shop.clone, "rev-parse", "HEAD")


def records(shop: Shop) -> tuple[PromotionRecord, ...]:
    return GitPromotionLog(GitRepository(shop.clone, git_environment(shop.clone))).read_records()


def lock(shop: Shop, environment: str) -> Path:
    return shop.clone / "environments" / f"{environment}.lock.json"


@pytest.mark.parametrize("config", [CONFIG, ALONE], ids=["mlflow", "log alone"])
def test_a_file_is_written_merged_and_promoted(shop: Shop, config: str) -> None:
    shop.push("main", model="one", accuracy=0.9, config=config)
    made = git(shop.clone, "rev-parse", "HEAD")
    assert shop.run("plan", "staging") == 2
    assert "hint: mlops-kit promote staging writes it" in shop.errors
    assert shop.run("promote", "staging") == 0
    assert "next: commit it, and open a pull request into main" in shop.output
    assert "mind:" not in shop.output
    assert json.loads(lock(shop, "staging").read_text())["models"]["churn"]["commit"] == made
    merge(shop)
    assert shop.run("reconcile") == 0
    assert shop.run("status", "--format", "json") == 0
    state = json.loads(shop.output)["environments"]["staging"]
    assert (state["branch"], state["models"]["churn"]["sync"]) == ("main", "Synced")

    shop.push("main", model="two", accuracy=0.91, config=config)
    assert shop.run("promote", "staging", "churn", "--revision", made) == 0
    assert shop.output.startswith("nothing to do")
    assert shop.run("promote", "production") == 0
    merge(shop)
    assert shop.run("reconcile") == 4
    assert "skipped staging" in shop.output
    assert shop.run("promote", "staging", "churn") == 0
    merge(shop)
    assert shop.run("reconcile") == 0
    assert shop.run("reconcile") == 0
    assert shop.output == "nothing to do: what runs is what the branches say\n"

    assert shop.run("promote", "staging", "churn", "--revision", made) == 0
    merge(shop, "back")
    assert shop.run("reconcile", "staging") == 0
    assert [one.kind for one in records(shop) if one.environment == "staging"] == ["bootstrap", "promote", "rollback"]


def test_the_gates_are_asked_about_the_commit_that_the_file_names(shop: Shop) -> None:
    shop.push("main", model="one", accuracy=0.5, config=ALONE)
    assert shop.run("promote", "staging") == 0
    shop.push("main", model="two", accuracy=0.9, config=ALONE)
    assert shop.run("reconcile", "staging") == 4
    assert "gate accuracy min 0.8: fail" in shop.output


def test_a_commit_of_a_feature_branch_is_refused_with_a_warning_beforehand(shop: Shop) -> None:
    shop.push("main", model="one", accuracy=0.9, config=ALONE)
    git(shop.clone, "checkout", "-q", "-b", "feature")
    shop.push("feature", model="two", accuracy=0.9, config=ALONE)
    feature = git(shop.clone, "rev-parse", "HEAD")
    assert shop.run("promote", "staging") == 0
    assert f"mind: main does not have commit {feature[:8]} yet" in shop.output
    text = lock(shop, "staging").read_text()
    git(shop.clone, "checkout", "-q", "-f", "-B", "squashed", "origin/main")
    lock(shop, "staging").parent.mkdir(exist_ok=True)
    lock(shop, "staging").write_text(text)
    merge(shop, "squash")
    assert shop.run("reconcile", "staging") == 4
    assert f"commit {feature[:8]} is not in the history of branch main" in shop.output


def test_a_shallow_clone_fetches_the_commit_that_the_file_names(shop: Shop, tmp_path: Path) -> None:
    shop.push("main", model="one", accuracy=0.9, config=ALONE)
    assert shop.run("promote", "staging") == 0
    merge(shop)
    for number in range(3):
        (shop.clone / "README.md").write_text(str(number))
        merge(shop)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/origin.git", "shallow")
    shutil.copytree(shop.clone / ".dvc/cache", tmp_path / "shallow/.dvc/cache")
    shop.inputs = replace(shop.inputs, folder=tmp_path / "shallow")
    assert shop.run("plan", "staging", "--exit-code") == 3
    assert "record" in shop.output


def test_a_report_shows_the_plan_of_each_environment_whose_file_changes(shop: Shop) -> None:
    shop.push("main", model="one", accuracy=0.9, config=ALONE)
    git(shop.clone, "checkout", "-q", "-b", "feature")
    assert shop.run("report", "HEAD", "--base", "origin/main", "--format", "json") == 0
    report = json.loads(shop.output)
    assert (report["environment"], report["plan"]["changes"]) == ("staging", [])
    for environment in ("staging", "production"):
        assert shop.run("promote", environment) == 0
    git(shop.clone, "add", "-A")
    git(shop.clone, "commit", "-q", "-m", "promote both")
    assert shop.run("report", "HEAD", "--base", "origin/main", "--format", "json") == 0
    report = json.loads(shop.output)
    assert [(one["environment"], one["verb"]) for one in report["plan"]["changes"]] == [("staging", "record")]
    assert [(one["environment"], one["reason"][:15]) for one in report["plan"]["blocked"]] == [
        ("production", "skipped staging")
    ]


def test_promote_says_what_is_wrong(shop: Shop) -> None:
    shop.push("main", model="one", accuracy=0.9, config=ALONE)
    assert shop.run("promote", "qa") == 2
    assert "environments are: staging, production" in shop.errors
    assert shop.run("promote", "staging", "price") == 2
    assert "HEAD declares no model 'price'" in shop.errors
    assert shop.run("promote", "staging", "--revision", "--all") == 2
    lock(shop, "staging").parent.mkdir()
    lock(shop, "staging").write_text('{"version": 1, "models": {"churn": {}}}')
    assert shop.run("promote", "staging") == 2
    assert "environments/staging.lock.json:1:" in shop.errors
    lock(shop, "staging").unlink()
    lock(shop, "staging").symlink_to("/dev/null")
    assert shop.run("promote", "staging") == 6
    assert lock(shop, "staging").is_symlink()
    (shop.clone / "mlops.yaml").write_text("version: 1\n")
    assert shop.run("promote", "staging") == 2
    assert "merging into that is the promotion" in shop.errors


def test_other_models_of_the_file_stay_as_they_are(shop: Shop) -> None:
    shop.push("main", model="one", accuracy=0.9, config=ALONE)
    other = {"commit": "a" * 40, "digest": "md5:" + "b" * 32}
    lock(shop, "staging").parent.mkdir()
    lock(shop, "staging").write_text(json.dumps({"version": 1, "models": {"price": other}}))
    assert shop.run("promote", "staging", "churn") == 0
    models = json.loads(lock(shop, "staging").read_text())["models"]
    assert (sorted(models), models["price"]) == (["churn", "price"], other)


@pytest.mark.parametrize("branch", ["release/1.0/$(touch${IFS}pwned)", "a`b`;&|é", "tags/x", "heads/dev", "dev'\"#"])
def test_a_branch_may_be_called_anything_that_git_takes(shop: Shop, branch: str) -> None:
    config = f"version: 1\nenvironments: {{dev: {{branch: {json.dumps(branch)}}}}}\nregistry: {{kind: none}}\n"
    (shop.clone / "dvc.yaml").write_text(PIPELINE)
    shop.push(branch, model="one", accuracy=0.9, config=config)
    assert shop.run("reconcile", "dev") == 0
    assert shop.run("status", "--check") == 0
    shop.push(branch, model="two", accuracy=0.9, config=config)
    assert shop.run("plan", "dev", "--exit-code") == 3
    assert shop.run("reconcile", "dev") == 0
    assert git(shop.clone, "status", "--porcelain") == ""


def test_a_tag_that_is_called_like_a_branch_is_not_the_branch(shop: Shop) -> None:
    config = "version: 1\nenvironments: {production: {branch: production}}\nregistry: {kind: none}\n"
    shop.push("production", model="one", accuracy=0.9, config=config)
    old = git(shop.clone, "rev-parse", "HEAD")
    shop.push("production", model="two", accuracy=0.9, config=config)
    for name in ("production", "origin/production", "heads/production", "refs/heads/production"):
        git(shop.clone, "tag", name, old)
        git(shop.clone, "push", "-q", "origin", f"refs/tags/{name}:refs/tags/{name}")
    git(shop.clone, "branch", "refs/heads/production", old)
    assert shop.run("reconcile", "production") == 0
    (record,) = records(shop)
    assert record.commit == git(shop.clone, "rev-parse", "HEAD") != old
