"""`mlops-kit init` in real repositories: what it writes, asks, leaves alone, and opens as a pull request."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mlops_kit.cli import run
from mlops_kit.cli.environment import Inputs, parse_inputs
from mlops_kit.core.errors import ExitCode
from tests.faults.stage import git
from tests.integration.desk import TOKEN, serve_github

PIPELINE = """
stages:
  prepare: {cmd: 'true', outs: [data]}
  train:
    cmd: 'true'
    deps: [data]
    outs: [model.pkl]
    metrics: [{eval/scores.json: {cache: false}}]
artifacts:
  ranker: {path: model.pkl, type: model}
"""
REMOTE = "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/prefix\n"
COMMIT = "c" * 40
BIN = Path(sys.executable).parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with a pipeline, and its bare origin."""
    top, origin = tmp_path / "ranker", tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", origin], check=True)
    subprocess.run(["git", "init", "--quiet", "-b", "main", top], check=True)
    for name, text in {
        "dvc.yaml": PIPELINE, ".dvc/config": REMOTE, "eval/scores.json": '{"ndcg": 0.4, "loss": 1, "rows": 7}',
        "requirements.txt": "", "src/CODEOWNERS": "",
    }.items():  # fmt: skip
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "a pipeline")
    git(top, "remote", "add", "origin", str(origin))
    git(top, "push", "--quiet", "origin", "main", "main:develop")
    git(top, "fetch", "--quiet")
    return top


def inputs(top: Path, **changes: object) -> Inputs:
    read = parse_inputs({**os.environ, "HOME": str(top.parent)}, folder=top, terminal=False)
    return replace(read, on_actions=False, **changes)  # type: ignore[arg-type]


def init(top: Path, *words: str) -> int:
    return run(["init", "--yes", "--kit-ref", COMMIT, *words], inputs(top))


def status(top: Path) -> list[str]:
    return git(top, "status", "--porcelain", "--untracked-files=all").split("\n") if git(top, "status", "-s") else []


def test_two_files_are_enough_and_validate_finds_them_good(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(repository) == ExitCode.DONE
    assert status(repository) == ["?? .github/workflows/mlops.yml", "?? mlops.yaml"]
    shown = capsys.readouterr().out
    assert "models      ranker" in shown
    assert "git push origin origin/main:refs/heads/staging" in shown
    assert "refs/heads/develop" not in shown
    assert "gh secret set MLFLOW_TRACKING_URI" in shown
    assert run(["validate"], inputs(repository)) == ExitCode.DONE
    policy = yaml.safe_load((repository / "mlops.yaml").read_text())
    assert policy["metrics"] == {
        "eval/scores.json:loss": {"goal": "minimize"},
        "eval/scores.json:ndcg": {"goal": "maximize"},
    }
    assert policy["environments"]["dev"]["branch"] == "develop"


def test_the_workflow_passes_githubs_schema_and_the_auditor(repository: Path) -> None:
    assert init(repository, "--runner", "self-hosted,gpu", "--environments", "dev,production=main") == ExitCode.DONE
    workflow = str(repository / ".github/workflows/mlops.yml")
    schema = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow]
    subprocess.run(schema, check=True, capture_output=True)
    audit = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "auditor", workflow]
    done = subprocess.run(audit, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_same_again_changes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--owner", "@acme/ml")
    assert init(repository, *words) == ExitCode.DONE
    before = {path: path.read_bytes() for path in repository.rglob("*") if path.is_file() and ".git/" not in str(path)}
    times = {path: path.stat().st_mtime_ns for path in before}
    capsys.readouterr()
    assert init(repository, *words) == ExitCode.DONE
    assert "nothing to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == times
    assert init(repository, "--check", *words) == ExitCode.DONE


def test_what_is_there_is_shown_beside_what_would_be_written_and_stays(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = repository / ".github/workflows/mlops.yml"
    own.parent.mkdir(parents=True)
    own.write_text("name: mine\n")
    assert init(repository) == ExitCode.DONE
    assert own.read_text() == "name: mine\n"
    shown = capsys.readouterr().out
    assert "yours, left alone" in shown
    assert "-name: mine\n+# yaml-language-server" in shown
    assert (repository / "mlops.yaml").exists()


def test_an_existing_policy_decides_which_branches_promote(repository: Path) -> None:
    policy = "version: 1\nregistry: {kind: none}\nenvironments: {live: {branch: release}}\n"
    (repository / "mlops.yaml").write_text(policy)
    assert init(repository, "--environments", "other") == ExitCode.DONE
    assert (repository / "mlops.yaml").read_text() == policy
    workflow = yaml.safe_load((repository / ".github/workflows/mlops.yml").read_text())
    assert workflow[True]["push"] == {"branches": ["release"]}
    assert "MLFLOW" not in str(workflow)


def test_a_patch_can_be_looked_at_first_and_git_can_apply_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["init", "--check", "--kit-ref", COMMIT, "--owner", "@acme"]
    assert run(words, inputs(repository)) == ExitCode.DIFFERENCE
    assert status(repository) == []
    patch = re.sub(r"\A.*?(?=^--- )", "", capsys.readouterr().out, flags=re.DOTALL | re.MULTILINE)
    subprocess.run(["git", "apply"], cwd=repository, input=patch, text=True, check=True)
    assert init(repository, "--check", "--owner", "@acme") == ExitCode.DONE


def test_without_a_terminal_and_without_yes_nothing_is_written(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"], inputs(repository)) == ExitCode.INPUT
    assert "--yes" in capsys.readouterr().err
    assert status(repository) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--environments", "Dev"], "lower-case"),
        (["--runner", "["], "not JSON"),
        (["--owner", "acme"], "neither @name"),
        (["--registry", "neptune"], "neptune"),
        (["--folder", "elsewhere"], "no folder that DVC was initialised in"),
        (["--kit-ref", "v1"], "not a full commit"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_written(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert init(repository, *words) == ExitCode.INPUT
    assert told in capsys.readouterr().err
    assert status(repository) == []


def test_a_link_in_the_place_of_a_file_or_its_folder_is_not_followed(repository: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository / ".github").symlink_to(elsewhere)
    assert init(repository) == ExitCode.INTEGRITY
    assert list(elsewhere.iterdir()) == []
    (repository / ".github").unlink()
    (repository / "mlops.yaml").symlink_to(elsewhere / "policy")
    assert init(repository) == ExitCode.INTEGRITY
    assert list(elsewhere.iterdir()) == []


def test_a_broken_pipeline_is_told_with_its_line(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "dvc.yaml").write_text("stages:\n  a: [\n")
    assert init(repository) == ExitCode.INPUT
    assert "dvc.yaml:" in capsys.readouterr().err


def test_of_several_pipelines_one_is_chosen_and_the_others_are_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "vision/.dvc").mkdir(parents=True)
    (repository / "vision/.dvc/config").write_text("")
    (repository / "vision/dvc.yaml").write_text("stages: {detect: {cmd: 'true'}}\n")
    assert init(repository, "--folder", "vision") == ExitCode.DONE
    shown = capsys.readouterr().out
    assert "stages      vision/dvc.yaml:detect\n" in shown
    assert "Other pipelines lie in .:" in shown
    workflow = yaml.safe_load((repository / ".github/workflows/mlops.yml").read_text())
    assert [job["with"]["working-directory"] for job in workflow["jobs"].values()] == ["vision"] * 3


def test_without_a_pipeline_an_example_starts_one_beside_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = tmp_path / "new"
    subprocess.run(["git", "init", "--quiet", "-b", "main", top], check=True)
    (top / "README.md").write_text("mine\n")
    assert init(top) == ExitCode.INPUT
    assert "mlops-kit init --example" in capsys.readouterr().err
    assert init(top, "--example") == ExitCode.DONE
    assert (top / "README.md").read_text() == "mine\n"
    assert (top / "src").is_dir()
    assert run(["validate"], inputs(top)) == ExitCode.DONE
    assert init(top) == ExitCode.DONE


def test_outside_of_git_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inputs(tmp_path)
    variables = {**found.variables, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    assert run(["init", "--yes"], replace(found, variables=variables)) == ExitCode.INPUT
    assert "run in a clone" in capsys.readouterr().err


def test_a_pull_request_says_what_was_found_and_is_opened_once(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "notes.txt").write_text("not committed\n")
    with serve_github() as github:
        caller = inputs(repository, repository="acme/ranker", token=TOKEN, api_url=github.url)
        for _ in range(2):
            assert run(["init", "--pr", "--yes", "--kit-ref", COMMIT], caller) == ExitCode.DONE
        assert [pull["title"] for pull in github.pulls.values()] == ["Add mlops-kit"]
        assert_says_all(str(github.pulls[1]["body"]))
    assert status(repository) == ["?? notes.txt"]
    changed = git(repository, "diff", "--name-only", "main", "origin/mlops-kit/onboarding").split()
    assert changed == [".github/workflows/mlops.yml", "mlops.yaml"]
    assert git(repository, "rev-list", "--count", "main..origin/mlops-kit/onboarding") == "1"
    git(repository, "push", "--quiet", "origin", "origin/mlops-kit/onboarding:main")
    capsys.readouterr()
    assert run(["init", "--pr", "--yes", "--kit-ref", COMMIT], inputs(repository)) == ExitCode.DONE
    assert "nothing to do" in capsys.readouterr().out


def assert_says_all(body: str) -> None:
    for part in ("Merge it to activate", "close it to decline", "ranker", "ndcg", "deployments: write", "MLFLOW"):
        assert part in re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), body).replace("\u2060", "")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_a_person_is_asked_a_few_questions_each_with_its_flag(repository: Path, terminal: tuple[int, int]) -> None:
    outer, inner = terminal
    variables = {name: value for name, value in os.environ.items() if name not in {"CI", "GITHUB_ACTIONS"}}
    asked = subprocess.Popen(
        [BIN / "mlops-kit", "init", "--kit-ref", COMMIT, "--registry", "none"], cwd=repository, env=variables,
        stdin=inner, stderr=inner, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for answer in ("live=main", "", "", "@acme/ml", "y"):
        os.write(outer, f"{answer}\n".encode())
        time.sleep(0.05)
    output, _ = asked.communicate(timeout=60)
    assert asked.returncode == 0, output
    assert re.findall(r"\((--[a-z]+)\)", output) == ["--environments", "--runner", "--setup", "--owner", "--yes"]
    assert list(yaml.safe_load((repository / "mlops.yaml").read_text())["environments"]) == ["live"]
    assert "/mlops.yaml @acme/ml" in (repository / ".github/CODEOWNERS").read_text()
