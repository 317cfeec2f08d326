"""A stage that prints a hundred megabytes of the runner's own commands: it steers nothing and fills nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.children import Note, count_trials
from tests.integration.dvc_project import make_project

KIT = Path(sys.executable).parent / "mlops-kit"
LINE = "::set-output name=gate::pass ##[error]no ::add-mask::e"
LOG_BYTES = 64 * 2**20
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as stream:
    stream.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
"""A small process in between: what a process was before it became the kit counts as the kit's memory."""

RESIDENT_BYTES = 250 * 2**20


@pytest.mark.faults
def test_a_flood_of_commands_to_the_runner_is_bounded_and_harmless(tmp_path: Path, record_property: Note) -> None:
    size = 100_000_000 if count_trials() >= 100 else 5_000_000
    stage = (
        f"stages:\n  flood:\n    cmd:\n    - \"yes '{LINE}' | head -c {size}\"\n    - echo done > o\n    outs: [o]\n"
    )
    project = make_project(tmp_path / "p", {"dvc.yaml": stage}, site=tmp_path / "site")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_ACTIONS": "true"}
    peak = tmp_path / "peak"
    words = [sys.executable, "-I", "-S", "-c", MEASURE, str(peak), str(KIT), "reproduce"]
    with (tmp_path / "shown").open("wb") as output:
        done = subprocess.run(words, cwd=project.root, env=environment, stdout=output, stderr=output, check=False)
    shown = (tmp_path / "shown").read_text().splitlines()
    assert done.returncode == 0, shown[-20:]
    group = shown.index(next(line for line in shown if line.startswith("::stop-commands::")))
    token = shown[group].removeprefix("::stop-commands::")
    assert [line for line in shown if line.startswith("::") and "group" not in line] == [shown[group], f"::{token}::"]
    assert not [line for line in shown if "##[" in line]
    assert len(shown) < 3000
    (log,) = (project.root / ".mlops" / "runs").glob("*/flood-*.log")
    assert log.stat().st_size < LOG_BYTES + 2**20
    most = int(peak.read_text()) * 1024
    assert most < RESIDENT_BYTES
    record_property("trials", f"flood: {size} bytes of commands to the runner, peak memory {most // 2**20} MiB")
