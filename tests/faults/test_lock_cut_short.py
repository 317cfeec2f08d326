"""A dvc.lock that a killed DVC cut short, at every byte: mended from a copy or refused, never taken as it is."""

import os
from pathlib import Path

import pytest

from mlops_kit.adapters.lock_recovery import recover_locks
from mlops_kit.core.errors import InputError
from mlops_kit.wiring import open_git
from tests.faults.children import Note, count_trials
from tests.integration.dvc_project import Project, make_project

STAGES = """
stages:
  prepare:
    cmd: mkdir -p data && cp in data/a && cp in data/b
    deps: [in]
    outs: [data]
  train:
    cmd: cat data/a > model && echo '{"m":1}' > m.json
    deps: [data]
    params: [lr, deep.er]
    outs: [model]
    metrics:
      - m.json: {cache: false}
"""
STEP = 1 if count_trials() >= 100 else 7
"""A short run cuts at every seventh byte."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {"dvc.yaml": STAGES, "in": "1", "params.yaml": "lr: 0.1\ndeep: {er: [1, 2]}\n"}
    return make_project(tmp_path / "p", files, site=tmp_path / "site")


def recover(project: Project) -> tuple[str, ...]:
    return recover_locks(open_git(project.root, os.environ))


def mend_every_cut(project: Project, origin: str) -> int:
    """Cut the lock at every byte; how many cuts were mended."""
    whole = (project.root / "dvc.lock").read_bytes()
    assert recover(project) == ()
    cuts = range(0, len(whole), STEP)
    for length in cuts:
        (project.root / "dvc.lock").write_bytes(whole[:length])
        state = "cut short" if whole[:length].strip() else "empty"
        assert recover(project) == (f"dvc.lock was {state}: took it from {origin}",)
        assert (project.root / "dvc.lock").read_bytes() == whole
    return len(cuts)


@pytest.mark.faults
def test_a_committed_lock_comes_back_from_git(project: Project, record_property: Note) -> None:
    project.run_dvc()
    project.commit()
    count = mend_every_cut(project, "the last commit")
    record_property("trials", f"dvc.lock cut at every byte, committed: {count} cuts, all mended")


@pytest.mark.faults
def test_a_lock_that_only_the_kit_knows_comes_back_from_its_copy(project: Project, record_property: Note) -> None:
    project.run_kit()
    count = mend_every_cut(project, "the copy of what mlops-kit wrote last")
    record_property("trials", f"dvc.lock cut at every byte, never committed: {count} cuts, all mended")


@pytest.mark.faults
def test_a_lock_that_nobody_knows_is_refused_or_its_stages_run_again(project: Project, record_property: Note) -> None:
    project.run_dvc()
    whole = (project.root / "dvc.lock").read_bytes()
    passed = []
    for length in range(len(whole)):
        (project.root / "dvc.lock").write_bytes(whole[:length])
        try:
            assert recover(project) == ()
        except InputError as error:
            assert "dvc.lock" in str(error)  # noqa: PT017 - most cuts raise, the others are run below
        else:
            passed.append(length)
    for length in passed:
        (project.root / "dvc.lock").write_bytes(whole[:length])
        (project.root / ".dvc/tmp/mlops-kit/locks").rename(project.root / f".dvc/tmp/old-{length}")
        project.run_kit()
        assert (project.root / "dvc.lock").read_bytes() == whole
    assert all(whole[length - 1 : length] == b"\n" for length in passed)
    note = f"dvc.lock cut at every byte, known to nobody: {len(whole)} cuts, {len(passed)} between entries made whole"
    record_property("trials", note)
