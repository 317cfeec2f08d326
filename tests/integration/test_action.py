"""The action's entry: a private environment, made once, that leaves no trace in the job."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

KIT = Path(__file__).resolve().parents[2]
ENTRY = KIT / "bin" / "action.py"
COLD_SECONDS = 300


def load_entry() -> ModuleType:
    spec = importlib.util.spec_from_file_location("action_entry", ENTRY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


action = load_entry()


def run(cwd: Path, variables: Mapping[str, str], *, timeout: int = 60) -> subprocess.CompletedProcess[str]:
    """Run the entry as action.yml does, in an environment of these variables alone."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(cwd), "MLOPS_KIT_ENVIRONMENT": sys.prefix, **variables}
    words = [sys.executable, "-I", str(ENTRY)]
    return subprocess.run(
        words, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_the_command_runs_in_the_named_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()

    done = run(tmp_path, {"KIT_COMMAND": "validate", "KIT_FOLDER": "inner"})

    assert done.returncode == 2
    assert f"{tmp_path}/inner is not inside a git repository" in done.stderr


def test_words_are_quoted_as_in_a_shell_but_no_shell_reads_them(tmp_path: Path) -> None:
    done = run(tmp_path, {"KIT_COMMAND": 'report --base "$(touch PWNED) `id`" ; touch PWNED'})

    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "the input command is empty"),
        ({"KIT_COMMAND": "report 'x"}, "cannot be split into words"),
        ({"KIT_COMMAND": "--version", "KIT_FOLDER": "nowhere"}, "is not a folder"),
        ({"KIT_COMMAND": "--version", "KIT_EXTRAS": "../../x", "MLOPS_KIT_ENVIRONMENT": ""}, "'../../x'"),
    ],
)
def test_a_wrong_input_is_named(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    done = run(tmp_path, {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(tmp_path), **variables})

    assert done.returncode == 2
    assert message in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout.startswith("::error::")


def test_modules_of_the_workspace_are_not_imported(tmp_path: Path) -> None:
    for name in ("click", "sitecustomize", "shlex", "mlops_kit", "usercustomize"):
        (tmp_path / f"{name}.py").write_text("open('PWNED', 'w')")

    done = run(tmp_path, {"KIT_COMMAND": "--version", "PYTHONPATH": str(tmp_path)})

    assert (done.returncode, done.stdout.startswith("mlops-kit, version")) == (0, True), done.stderr
    assert not (tmp_path / "PWNED").exists()


def test_stages_get_the_jobs_own_variables() -> None:
    variables = action.child_variables(
        {"PATH": "/usr/bin", "PYTHONPATH": "/mine", "KIT_CAR": "mine", "KIT_COMMAND": "x", "KIT_FOLDER": "y"}
    )

    assert variables == {"PATH": "/usr/bin", "PYTHONPATH": "/mine", "KIT_CAR": "mine"}


def test_an_installer_sees_no_secret_and_nothing_that_bends_python() -> None:
    kept = action.installer_variables({
        "PATH": "/usr/bin", "PIP_INDEX_URL": "https://index.example", "PYTHONPATH": "/mine", "VIRTUAL_ENV": "/my/env",
        "MLOPS_KIT_TOKEN": "a", "GITHUB_TOKEN": "b", "AWS_SECRET_ACCESS_KEY": "c", "ACTIONS_RUNTIME_TOKEN": "d",
        "GITHUB_OUTPUT": "e", "GITHUB_ENV": "f",
    })  # fmt: skip

    assert kept == {"PATH": "/usr/bin", "PIP_INDEX_URL": "https://index.example"}


def test_the_key_follows_the_lock() -> None:
    assert action.environment_key(b"one") == action.environment_key(b"one")
    assert action.environment_key(b"one") != action.environment_key(b"two")


@pytest.mark.parametrize("name", ["run", *action.EXTRAS])
@pytest.mark.parametrize("tool", ["uv", "setuptools"])
def test_every_lock_names_the_installers_tools_with_their_hashes(name: str, tool: str) -> None:
    requirement = action.requirement(tool, (KIT / "locks" / f"{name}.lock").read_text())

    first, *hashes = requirement.rstrip("\n").split("\n")
    assert first.startswith(f"{tool}==")
    assert hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)


def test_an_extra_is_a_lock_of_its_own_and_plots_brings_what_draws() -> None:
    locks = {extra: action.choose_locks(extra) for extra in ("", *action.EXTRAS)}

    assert {extra: [lock.name for lock in chosen] for extra, chosen in locks.items()} == {
        "": ["run.lock"],
        **{extra: [f"{extra}.lock"] for extra in action.EXTRAS},
    }
    assert "\nvl-convert-python==" in locks["plots"][0].read_text()
    assert "\nvl-convert-python==" not in locks[""][0].read_text()


def test_several_extras_are_several_locks_in_one_order() -> None:
    assert [lock.name for lock in action.choose_locks("s3 plots")] == ["plots.lock", "s3.lock"]
    assert action.choose_locks("plots  s3\n") == action.choose_locks("s3 plots s3")


def test_the_locks_agree_on_every_version() -> None:
    versions: dict[str, set[str]] = {}
    for name in ("run", *action.EXTRAS):
        for line in (KIT / "locks" / f"{name}.lock").read_text().splitlines():
            package, pinned, version = line.partition("==")
            if pinned and not line.startswith(" "):
                marker = version.partition(";")[2].rstrip(" \\")
                versions.setdefault(f"{package};{marker}", set()).add(version.split()[0])

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("system", "version", "message"),
    [("win32", (3, 12), "runs on Linux and macOS, this is win32"), ("linux", (3, 10), "needs Python 3.11 or newer")],
)
def test_a_machine_that_the_kit_does_not_run_on_is_refused_with_a_word(
    system: str, version: tuple[int, int], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        action.check_machine(system, version)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_linux_and_macos_are_fine(system: str) -> None:
    action.check_machine(system, (3, 14))


def test_nothing_that_windows_lacks_is_imported_before_it_is_refused() -> None:
    beginning = ENTRY.read_text().partition("def main")[0]

    assert "fcntl" not in beginning


def test_one_job_at_a_time_makes_an_environment(tmp_path: Path) -> None:
    order: list[str] = []

    def work(name: str) -> None:
        with action.only_one(tmp_path / "key.lock"):
            order.append(f"{name} in")
            time.sleep(0.05)
            order.append(f"{name} out")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert order in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])


def test_a_half_made_environment_is_made_anew_and_a_whole_one_is_kept(tmp_path: Path) -> None:
    key = action.environment_key((KIT / "locks" / "run.lock").read_bytes())
    broken = tmp_path / "mlops-kit" / key
    (broken / "bin").mkdir(parents=True)
    (broken / "bin" / "python").write_text("killed half-way")
    pip = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "XDG_", "SSL_"))}
    own = {"HOME": os.environ["HOME"], "MLOPS_KIT_ENVIRONMENT": "", "RUNNER_TEMP": str(tmp_path)}
    variables = {**pip, **own, "KIT_COMMAND": "--version"}

    cold = run(tmp_path, variables, timeout=COLD_SECONDS)
    warm = run(tmp_path, variables)

    assert (cold.returncode, warm.returncode) == (0, 0), cold.stderr
    assert "made its environment" in cold.stderr
    assert warm.stderr == ""
    assert warm.stdout.startswith("mlops-kit, version")
    assert (broken / "complete").read_text() == "run.lock\n"


def test_an_output_of_the_action_is_an_output_of_the_kit() -> None:
    import yaml

    from mlops_kit.adapters.actions import Output

    described = yaml.safe_load((KIT / "action.yml").read_text())

    assert sorted(described["outputs"]) == sorted(Output)
    assert json.dumps(described["runs"]).count("${{") == len(described["inputs"])
