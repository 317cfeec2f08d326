"""`mlops-kit doctor` on this machine: real git, a real MLflow server, real remotes that answer and that do not."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mlops_kit.cli import run
from mlops_kit.cli.environment import Inputs, parse_inputs
from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import WRITE_ALL, Account
from tests.fakes.github_settings import SEES_ALL
from tests.fakes.github_shapes import Json
from tests.integration.shop_copies import copy_shop
from tests.integration.test_promotion_verbs import Shop
from tests.integration.test_rollback_command_line import shop as shop_with_store

__all__ = ["copy_shop"]
shop = shop_with_store
TOKEN = "ghp_canary0123456789canary0123456789cana"
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "schemas/doctor.schema.json").read_text())


def inputs(top: Path, variables: dict[str, str] | None = None, **changes: object) -> Inputs:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_", "MLFLOW_"))}
    read = parse_inputs({**kept, **(variables or {})}, folder=top, terminal=False)
    return replace(read, **changes)  # type: ignore[arg-type]


def examine(
    caller: Inputs, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[tuple[str, str], dict[str, str]]]:
    """The exit code, and each finding by part and check; the document fits its schema."""
    capsys.readouterr()
    code = run(["doctor", "--format", "json", *words], caller)
    shown = capsys.readouterr()
    assert TOKEN not in shown.out + shown.err
    document = json.loads(shown.out)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["healthy"] is (code == ExitCode.DONE)
    return code, {(one["part"], one["check"]): one for one in document["findings"]}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A repository with a pipeline that was never run, and nothing of the kit's."""
    top = tmp_path / "bare"
    subprocess.run(["git", "init", "--quiet", "-b", "main", top], check=True)
    (top / ".dvc").mkdir()
    (top / ".dvc/config").write_text("")
    (top / "dvc.yaml").write_text("stages: {train: {cmd: 'true', outs: [m]}}\nartifacts: {m: {path: m, type: model}}\n")
    return top


def test_a_repository_without_the_kit_is_told_what_to_do(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examine(inputs(bare), capsys)
    assert code == ExitCode.DONE
    assert found["workflows", "kit"]["fix"] == "mlops-kit init"
    assert found["dvc remote", "default"]["fix"].startswith("dvc remote add")
    assert found["repository", "environment dev"]["condition"] == "warn"


def test_a_repository_in_order_has_nothing_to_mend(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examine(inputs(shop.clone), capsys)
    assert code == ExitCode.DONE, found
    assert found["dvc remote", "store"]["message"] == "it answers, and has every model"
    assert found["repository", "files"]["condition"] == "ok"
    assert ("repository", "environment dev") not in found


def test_bytes_that_the_remote_lost_are_named(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    _, found = examine(inputs(shop.clone), capsys)
    assert found["dvc remote", "store"]["condition"] == "warn"
    assert "churn" in found["dvc remote", "store"]["message"]
    assert found["dvc remote", "store"]["fix"] == "dvc push"


def test_a_remote_that_nobody_answers_for_fails_and_the_rest_is_still_told(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    (shop.clone / ".dvc/config").write_text(
        f"[core]\n    remote = far\n['remote \"far\"']\n    url = s3://bucket/x\n    endpointurl = {address}\n"
        "    access_key_id = AKIAIOSFODNN7EXAMPLE\n    secret_access_key = canary-secret-of-the-remote\n"
    )
    code, found = examine(inputs(shop.clone, {"AWS_MAX_ATTEMPTS": "1"}), capsys)
    assert code == ExitCode.DIFFERENCE
    assert found["dvc remote", "reach"]["condition"] == "fail"
    assert "canary-secret" not in json.dumps(list(found.values()))
    assert found["machine", "git"]["condition"] == "ok"


def test_a_server_that_answers_is_told_with_its_version(
    bare: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = examine(inputs(bare, {"MLFLOW_TRACKING_URI": server}), capsys)
    assert found["registry", "mlflow"]["condition"] == "ok"
    assert found["registry", "mlflow"]["message"].startswith("MLflow 3.")
    nobody = f"http://127.0.0.1:{free_port()}"
    code, found = examine(inputs(bare, {"MLFLOW_TRACKING_URI": nobody}), capsys)
    assert (code, found["registry", "reach"]["condition"]) == (ExitCode.DIFFERENCE, "fail")
    assert "MLFLOW_TRACKING_URI" in found["registry", "reach"]["fix"]


def test_files_with_problems_are_told_each_with_its_line(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "mlops.yaml").write_text("version: 1\nenviroments: {}\n")
    (bare / ".github/workflows").mkdir(parents=True)
    (bare / ".github/workflows/a.yml").write_text("on: [\n")
    code, found = examine(inputs(bare), capsys)
    assert code == ExitCode.DIFFERENCE
    told = [one["message"] for one in found.values() if one["condition"] == "fail"]
    assert any(text.startswith("mlops.yaml:2") for text in told)
    assert any(text.startswith(".github/workflows/a.yml:") for text in told)


def test_on_a_runner_that_lives_on_its_other_work_is_named(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "_work/bare").mkdir(parents=True)
    (tmp_path / "_work/other").mkdir()
    (tmp_path / "_work/_tool").mkdir()
    runner = {
        "GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "self-hosted", "RUNNER_NAME": "gpu-1",
        "RUNNER_WORKSPACE": str(tmp_path / "_work/bare"), "GITHUB_TOKEN": TOKEN,
    }  # fmt: skip
    _, found = examine(inputs(bare, runner), capsys)
    assert found["runner", "life"]["message"] == "gpu-1 is one of your own and lives on: beside this work lie other"
    assert "classic" in found["runner", "token"]["message"]


@pytest.mark.parametrize("style", ["text", "markdown"])
def test_a_person_reads_the_worst_first_and_a_last_sentence(
    bare: Path, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bare / "mlops.yaml").write_text("version: 2\n")
    assert run(["doctor", "--format", style], inputs(bare)) == ExitCode.DIFFERENCE
    lines = capsys.readouterr().out.splitlines()
    assert "✗" in lines[1 if style == "text" else 2]
    assert lines[-1].endswith("are worth a look")


@contextmanager
def serving(permissions: frozenset[str] = WRITE_ALL | SEES_ALL) -> Iterator[FakeGitHub]:
    github = FakeGitHub()
    github.accounts[TOKEN] = Account(login="ada", is_app=False, permissions=permissions)
    with github.serve():
        yield github


def at_github(top: Path, github: FakeGitHub) -> Inputs:
    return inputs(top, token=TOKEN, repository="acme/churn", api_url=github.url)


def secure(github: FakeGitHub) -> None:
    """Every setting as the doctor wants it."""
    found = github.settings
    found.public = False
    rules: list[Json] = [
        {"type": "pull_request"}, {"type": "non_fast_forward"}, {"type": "deletion"},
        {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "mlops-kit"}]}},
    ]  # fmt: skip
    found.branches = {"dev", "staging", "production"}
    found.rules = {name: list(rules) for name in found.branches}
    found.tag_patterns = ["refs/tags/mlops/**"]
    guarded = {"reviewers": ["ada"], "prevent_self_review": True, "limited": True}
    found.environments = {name: dict(guarded) for name in found.branches}
    found.secrets = {"AWS_ACCESS_KEY_ID"}
    found.environment_secrets = {"production": {"MLFLOW_TRACKING_URI"}}


def of_github(found: dict[tuple[str, str], dict[str, str]]) -> dict[str, str]:
    return {check: one["condition"] for (part, check), one in found.items() if part == "github"}


def test_settings_that_are_as_they_should_be_are_said_to_be(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--yes", "--kit-ref", "a" * 40], inputs(bare)) == ExitCode.DONE
    with serving() as github:
        secure(github)
        github.settings.schedules["mlops.yml"] = "2999-01-01T00:00:00Z"
        github.settings.scopes = "repo, workflow"
        code, found = examine(at_github(bare, github), capsys, "--remote")
    assert (code, set(of_github(found).values())) == (ExitCode.DONE, {"ok"}), found
    assert {f"branch {name} ({name})" for name in ("dev", "staging", "production")} <= of_github(found).keys()


def test_t9_whoever_may_push_to_an_environment_s_branch_is_found(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as github:
        secure(github)
        github.settings.rules["production"] = [{"type": "deletion"}]
        github.settings.environments["production"] = {}
        code, found = examine(at_github(bare, github), capsys, "--remote")
    assert code == ExitCode.DIFFERENCE
    fix = found["github", "branch production (production)"]["fix"]
    assert "require a pull request" in fix
    assert "require the check mlops-kit" in fix
    assert "forbid force pushes" in fix
    assert of_github(found)["environment production"] == "warn"
    assert of_github(found)["branch dev (dev)"] == "ok"


def test_a_public_repository_with_a_runner_that_lives_on_fails(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as github:
        secure(github)
        github.settings.runners = [{"name": "gpu-1", "status": "online", "labels": ["gpu"], "ephemeral": False}]
        github.settings.public = True
        code, found = examine(at_github(bare, github), capsys, "--remote")
    assert (code, of_github(found)["runners"]) == (ExitCode.DIFFERENCE, "fail")


def test_what_the_token_may_not_see_is_not_said_to_be_in_order(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(WRITE_ALL) as github:
        secure(github)
        code, found = examine(at_github(bare, github), capsys, "--remote")
    states = of_github(found)
    assert code == ExitCode.DONE
    assert {states[name] for name in ("environments", "workflow permissions", "runners", "secrets")} == {"unknown"}
    assert "administration: read" in found["github", "runners"]["fix"]
    assert states["branch dev (dev)"] == "ok"


def test_a_server_that_fails_once_is_asked_again_and_one_that_stays_down_is_a_finding(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as github:
        secure(github)
        github.fail(Fault(method="GET", path="/branches/dev", n=1))
        _, found = examine(at_github(bare, github), capsys, "--remote")
        assert of_github(found)["branch dev (dev)"] == "ok"
    code, found = examine(at_github(bare, github), capsys, "--remote")
    assert code == ExitCode.DIFFERENCE
    assert of_github(found)["branch dev (dev)"] == "fail"


def test_without_a_token_it_says_how_to_get_one(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--remote"], inputs(bare)) == ExitCode.INPUT
    assert "GITHUB_REPOSITORY=" in capsys.readouterr().err


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
