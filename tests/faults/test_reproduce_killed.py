"""`kill -9` at any moment of a run: the next run needs no help and ends where an undisturbed one does.

Nothing that was in dvc.lock runs again, and nothing of the killed run goes on for more than ten seconds. The order of
entries in dvc.lock may differ: like DVC, the kit adds new ones at the end.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.faults.children import Note, Tally, count_trials, random_source
from tests.integration.dvc_project import Project, make_project
from tests.integration.processes import wait_until_gone

KIT = Path(sys.executable).parent / "mlops-kit"
ORPHAN_SECONDS = 10.0
NEEDS = {number: range(number % 3, number, 3) for number in range(12)}
STAGES = "stages:\n" + "".join(
    f"  s{number}:\n"
    f"    cmd: echo $$ >> ../pids; sh -c 'echo $$ >> ../pids; sleep 0.2'; echo s{number} >> ../told;"
    f" cat in {' '.join(f'o{need}' for need in needs)} > o{number}; echo 1 > m{number}\n"
    f"    deps: [in{''.join(f', o{need}' for need in needs)}]\n"
    f"    outs: [o{number}]\n"
    f"    metrics: [m{number}: {{cache: false}}]\n"
    for number, needs in NEEDS.items()
)


def start(project: Project) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.root.parent)}
    words = [str(KIT), "reproduce", "--jobs", "3"]
    return subprocess.Popen(words, cwd=project.root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def new_project(folder: Path) -> Project:
    shutil.rmtree(folder, ignore_errors=True)
    return make_project(folder / "p", {"dvc.yaml": STAGES, "in": "1"}, site=folder / "site")


def locked(project: Project) -> dict[str, object]:
    """The stages in dvc.lock."""
    path = project.root / "dvc.lock"
    found: dict[str, object] = yaml.safe_load(path.read_text())["stages"] if path.exists() else {}
    return found


def runs(project: Project) -> Counter[str]:
    """How often each stage's command came to its end."""
    path = project.root.parent / "told"
    return Counter(path.read_text().split() if path.exists() else [])


def kill_a_run(project: Project, seconds: float, tally: Tally) -> None:
    killed = start(project)
    try:
        killed.wait(seconds)
        tally.finished += 1
    except subprocess.TimeoutExpired:
        killed.kill()
        tally.killed += 1
    killed.communicate()


@dataclass(frozen=True, kw_only=True)
class Whole:
    """An undisturbed run: the lock that it leaves, and how long it takes."""

    lock: dict[str, object]
    seconds: float


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    project = new_project(tmp_path_factory.mktemp("whole") / "x")
    started = time.monotonic()
    start(project).communicate()
    return Whole(lock=locked(project), seconds=time.monotonic() - started)


@pytest.mark.faults
@pytest.mark.parametrize("part", range(4))
def test_a_killed_run_is_finished_by_the_next_one(
    part: int, whole: Whole, tmp_path: Path, record_property: Note
) -> None:
    chance, tally = random_source(f"reproduce {part}"), Tally()
    kept = 0
    while tally.killed < count_trials(100):
        project = new_project(tmp_path / "x")
        kill_a_run(project, chance.uniform(0.2, whole.seconds), tally)
        flushed, before, ended = locked(project), runs(project), time.monotonic()
        again = start(project)
        pids = tmp_path / "x" / "pids"
        orphans = [int(pid) for pid in pids.read_text().split()] if pids.exists() and tally.killed else []
        _, errors = again.communicate(timeout=120)
        wait_until_gone(orphans, seconds=ORPHAN_SECONDS - (time.monotonic() - ended))
        assert again.returncode == 0, errors.decode()
        assert not project.status()
        assert locked(project) == whole.lock
        assert [name for name in flushed if runs(project)[name] != before[name]] == []
        kept += len(flushed)
    record_property("trials", f"reproduce, part {part}: {tally}; {kept} stages were in the lock, none ran again")
