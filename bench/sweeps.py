"""A sweep: the kit against DVC's own queue of experiments, with as many workers."""

import os
import re
import time
from dataclasses import replace

from bench.cases import Case, Row
from bench.pipelines import Files
from bench.runs import BIN, DVC, KIT, DifferentResultsError, Repository, Run, fresh_repository

VALUES = tuple(round(0.1 * place, 1) for place in range(1, 9))
WORKERS = 2
_MOST_SECONDS = 300.0
_POLL_SECONDS = 0.5
_EXPERIMENT = re.compile(r"refs/exps/[0-9a-f]{2}/")
_PIPELINE = """
stages:
  load:
    cmd: sleep 1; cp source loaded
    deps: [source]
    outs: [loaded]
  train:
    cmd: 'sleep 1; cat loaded params.yaml > model; echo "{accuracy: ${lr}}" > metrics.yaml'
    deps: [loaded]
    params: [lr]
    outs: [model]
    metrics: [metrics.yaml: {cache: false}]
"""
FILES: Files = {"dvc.yaml": _PIPELINE, "params.yaml": "lr: 0.0\n", "source": "1\n"}


def paired_sweep(title: str, *, goal: float) -> Row:
    """The same values by both, each in a repository of its own; every trial is an experiment with its metric."""
    with fresh_repository(FILES) as repository:
        _commit(repository)
        theirs = _queue(with_dvc_on_path(repository))
        expected = _read_experiments(repository)
    with fresh_repository(FILES) as repository:
        _commit(repository)
        words = f"lr={','.join(map(str, VALUES))}"
        ours = repository.run(KIT, "reproduce", "--jobs", str(WORKERS), "--sweep", words, "--metric", "accuracy")
        if _read_experiments(repository) != expected or len(expected) != len(VALUES):
            raise DifferentResultsError(f"not the experiments that DVC made: {expected}")
    ratio = theirs.seconds / ours.seconds
    return Row(
        name=title,
        theirs=f"{theirs.seconds:.1f} s",
        ours=f"{ours.seconds:.1f} s",
        ratio=f"{ratio:.1f} x",
        goal=f"{goal:g} x",
        met=ratio >= goal,
    )


def with_dvc_on_path(repository: Repository) -> Repository:
    """The repository for programs that find `dvc` on PATH: DVC's workers do, and say nothing where they cannot."""
    path = f"{BIN}{os.pathsep}{repository.environment['PATH']}"
    return replace(repository, environment={**repository.environment, "PATH": path})


def _queue(repository: Repository) -> Run:
    """DVC's queue, until every experiment has its reference; then its workers are told to go."""
    started = time.monotonic()
    repository.run(DVC, "exp", "run", "--queue", "--set-param", f"lr={','.join(map(str, VALUES))}")
    repository.run(DVC, "queue", "start", "--jobs", str(WORKERS))
    while len(_EXPERIMENT.findall(repository.read_output("git", "for-each-ref"))) < len(VALUES):
        if time.monotonic() - started > _MOST_SECONDS:
            raise DifferentResultsError(f"DVC's queue was not done after {_MOST_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
    seconds = time.monotonic() - started
    repository.run(DVC, "queue", "stop", "--kill")
    return Run(seconds=seconds, memory=0)


def _read_experiments(repository: Repository) -> list[tuple[str, str]]:
    """The param and the metric of every experiment that DVC shows, sorted."""
    lines = repository.read_output(DVC, "exp", "show", "--csv", "--no-pager").splitlines()
    columns = lines[0].split(",")
    rows = (dict(zip(columns, line.split(","), strict=True)) for line in lines[1:])
    return sorted((row["lr"], row["accuracy"]) for row in rows if row["typ"].startswith("branch"))


def _commit(repository: Repository) -> None:
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org")
    repository.run(*git, "add", "--all")
    repository.run(*git, "commit", "--quiet", "--message", "state")
    repository.run("git", "config", "user.name", "bench")
    repository.run("git", "config", "user.email", "bench@example.org")


_TITLE = f"sweep of {len(VALUES)} trials, {WORKERS} at a time"
SWEEP_CASES = (Case(name="sweep", title=_TITLE, measure=lambda: paired_sweep(_TITLE, goal=2.0)),)
