"""`kill -9` at any moment of a run: the next run needs no help and ends where an undisturbed one does.

The order of entries in dvc.lock may differ: like DVC, the kit adds new ones at the end.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.integration.dvc_project import Project, make_project

KIT = Path(sys.executable).parent / "mlops-kit"
TRIALS = max(3, int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "0")) // 50)
SECONDS_OF_A_RUN = 3.0
STAGES = "stages:\n" + "".join(
    f"  s{number}:\n"
    f"    cmd: cat in {' '.join(f'o{need}' for need in range(number % 3, number, 3))} > o{number}; echo 1 > m{number}\n"
    f"    deps: [in{''.join(f', o{need}' for need in range(number % 3, number, 3))}]\n"
    f"    outs: [o{number}]\n"
    f"    metrics: [m{number}: {{cache: false}}]\n"
    for number in range(12)
)


def run(project: Project) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.root.parent)}
    return subprocess.Popen(
        [KIT, "reproduce", "--jobs", "3"],
        cwd=project.root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.faults
@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_killed_run_is_finished_by_the_next_one(trial: int, tmp_path: Path) -> None:
    chance = random.Random(trial)  # noqa: S311 - which moment, not a secret
    project = make_project(tmp_path / "p", {"dvc.yaml": STAGES, "in": "1"}, site=tmp_path / "site")
    killed = run(project)
    time.sleep(chance.uniform(0.3, SECONDS_OF_A_RUN))
    killed.kill()
    killed.communicate()
    time.sleep(0.2)
    again = run(project)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors.decode()
    assert not project.status()
    whole = make_project(tmp_path / "whole" / "p", {"dvc.yaml": STAGES, "in": "1"}, site=tmp_path / "site")
    whole.run_kit()
    assert yaml.safe_load(project.read("dvc.lock")) == yaml.safe_load(whole.read("dvc.lock"))
