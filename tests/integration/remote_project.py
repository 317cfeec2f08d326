"""A pipeline whose data is in a DVC remote, and what each of its stages needs."""

import hashlib
import json
from pathlib import Path

from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project, make_project

PIPELINE = """
stages:
  prepare:
    cmd: mkdir -p prepared/sub; cat data/a data/b > prepared/all; cat data/a > prepared/sub/a
    deps: [data]
    outs: [prepared]
  side:
    cmd: cat extra > side.bin
    deps: [extra]
    outs: [side.bin]
  train:
    cmd: echo >> train.log; (cat prepared/all; grep lr params.yaml) > model; wc -c < model > size.json
    deps: [prepared]
    params: [lr]
    outs: [model]
    metrics: [size.json: {cache: false}]
  evaluate:
    cmd: echo >> evaluate.log; sleep 0.1; cat model side.bin > score
    deps: [model, side.bin]
    outs: [score]
  sum:
    cmd: echo >> sum.log; cat side.bin side.bin > summary
    deps: [side.bin]
    outs: [summary]
"""


def make_remote_project(folder: Path, remote: str) -> Project:
    """The pipeline, run and sent to the remote (a part of `.dvc/config`), committed with its lock."""
    files = {"dvc.yaml": PIPELINE, "params.yaml": "lr: 1\n"}
    project = make_project(folder / "project", files, site=folder / "site")
    project.write({".dvc/config": with_remote(project, remote)})
    project.write({"data/a": "first", "data/b": "second", "extra": "more", ".gitignore": "*.log\n"})
    with project.opened() as repo:
        repo.add(["data", "extra"])
    done = project.run_kit(push=True)
    assert done.unsent is None, done.unsent
    assert {stage.state for stage in done.stages} <= {StageState.RAN, StageState.CACHED}
    project.commit()
    return project


def with_remote(project: Project, remote: str) -> str:
    """DVC's configuration, which ends in its `core`, with one more part, which begins with it."""
    return project.read(".dvc/config") + remote.removeprefix("[core]\n")


def folder_remote(folder: Path) -> str:
    """The part of `.dvc/config` that makes a folder the default remote."""
    return f"[core]\n    remote = store\n['remote \"store\"']\n    url = {folder}\n"


def md5(text: str) -> str:
    """A file's hash."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def listing(files: dict[str, str]) -> str:
    """A directory's hash."""
    entries = [{"md5": md5(text), "relpath": path} for path, text in sorted(files.items())]
    return md5(json.dumps(entries)) + ".dir"


PREPARED = {listing({"all": "firstsecond", "sub/a": "first"}), md5("firstsecond"), md5("first")}
SIDE = {md5("more")}


def ran(project: Project, folder: str = "") -> set[str]:
    """The stages of a folder whose commands ran in this clone."""
    return {path.stem for path in (project.root / folder).glob("*.log")}
