"""`status --watch` as a person uses it: a process that shows what changes, until Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

import pytest

from mlops_kit.cli.watching import watch
from tests.faults.stage import git, git_environment, make_remote
from tests.unit.promotion.scene import project_files

ALONE = "version: 1\nregistry: {kind: none}\nenvironments:\n  dev: {branch: dev}\n"
PATIENCE_SECONDS = 600


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    clone = make_remote(tmp_path)
    for path, data in project_files({"churn": "a"}, config=ALONE).items():
        (clone / path).parent.mkdir(exist_ok=True)
        (clone / path).write_bytes(data)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "one")
    return clone


def push_dev(clone: Path) -> None:
    git(clone, "push", "-q", "origin", "HEAD:refs/heads/dev")


def words(clone: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "mlops_kit", "--repo", str(clone), "status", *more]


@contextmanager
def watched(command: list[str], clone: Path) -> "Iterator[subprocess.Popen[str]]":
    """The process, which is killed where it shows nothing for too long."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=git_environment(clone)) as watching:
        patience = Timer(PATIENCE_SECONDS, watching.kill)
        patience.start()
        try:
            yield watching
        finally:
            patience.cancel()
            watching.kill()


def read_until(watching: "subprocess.Popen[str]", wanted: Callable[[str], bool]) -> str:
    assert watching.stdout is not None
    return next(line for line in watching.stdout if wanted(line))


def test_watch_shows_what_changes_until_it_is_interrupted(clone: Path) -> None:
    command = words(clone, "dev", "--watch", "--every", "1", "--check")
    with watched(command, clone) as watching:
        read_until(watching, lambda line: "no branch dev yet" in line)
        push_dev(clone)
        seen = read_until(watching, lambda line: line.startswith("dev ") and "churn" in line)
        watching.send_signal(signal.SIGINT)
        rest, _ = watching.communicate(timeout=PATIENCE_SECONDS)
    assert "Blocked" in seen, "its bytes are nowhere"
    assert rest.count("environment  model") == 0, "what did not change is not printed again"
    assert watching.returncode == 4


def test_only_the_named_environments_are_shown(clone: Path) -> None:
    push_dev(clone)
    done = subprocess.run(words(clone, "dev"), capture_output=True, text=True, check=True, env=git_environment(clone))
    assert "dev" in done.stdout
    wrong = subprocess.run(
        words(clone, "prod"), capture_output=True, text=True, check=False, env=git_environment(clone)
    )
    assert wrong.returncode == 2
    assert "'prod' is not an environment" in wrong.stderr


def test_an_interrupt_that_a_library_swallowed_ends_the_watch_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read() -> str:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return "read to its end"

    before = signal.getsignal(signal.SIGINT)
    watch(read, every=0.01, in_place=False)
    assert capsys.readouterr().out.count("read to its end") == 1
    assert signal.getsignal(signal.SIGINT) is before
