"""T21: what is made to exhaust the runner is refused in two GiB of memory; the time limits only end what hangs."""

import resource
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.bad_input.project import Project
from tests.bad_input.test_config_file import BOMB

MEMORY = 2 * 1024**3
HANG_SECONDS = 120.0
MATRIX = "stages:\n  many:\n    matrix: {a: %s, b: %s}\n    cmd: echo ${item.a} ${item.b}\n"


def bomb(project: Project) -> list[str]:
    project.write("mlops.yaml", BOMB)
    return ["validate"]


def bomb_in_pipeline(project: Project) -> list[str]:
    project.write("dvc.yaml", BOMB)
    return ["reproduce"]


def ninety_thousand_stages(project: Project) -> list[str]:
    numbers = list(range(300))
    project.write("dvc.yaml", MATRIX % (numbers, numbers))
    return ["reproduce"]


def deep(project: Project) -> list[str]:
    project.write("mlops.yaml", "[" * 100_000)
    return ["validate"]


def huge_configuration(project: Project) -> list[str]:
    with (project.folder / "mlops.yaml").open("wb") as stream:
        stream.truncate(10 * 1024**3)
    return ["validate"]


REFUSED = [bomb, bomb_in_pipeline, ninety_thousand_stages, deep, huge_configuration]


def bounded(project: Project, words: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own that gets no more memory than this."""
    return subprocess.run(
        [sys.executable, "-m", "mlops_kit", *words], cwd=project.folder, env=project.variables, capture_output=True,
        text=True, check=False, timeout=HANG_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip


@pytest.mark.parametrize("exhaust", REFUSED, ids=lambda exhaust: exhaust.__name__)
def test_t21_what_would_exhaust_the_runner_is_refused(
    project: Project, exhaust: Callable[[Project], list[str]]
) -> None:
    done = bounded(project, exhaust(project))

    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("mlops-kit: error: ")
    assert "MemoryError" not in done.stderr


def test_t21_metrics_of_ten_gigabytes_cost_their_own_line(project: Project) -> None:
    with (project.folder / "metrics.json").open("wb") as stream:
        stream.truncate(10 * 1024**3)

    done = bounded(project, ["report", "--base", "HEAD", "--format", "json"])

    assert done.returncode == 0, done.stderr
    assert "larger than 8 MiB" in done.stdout


def test_t21_the_limit_is_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"bytearray({MEMORY})"], capture_output=True, text=True, check=False,
        timeout=HANG_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip

    assert "MemoryError" in done.stderr
