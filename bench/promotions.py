"""What a look at many models in order costs: seconds, start-up included, and how often git is started.

Nothing of the kind exists to compare with, so the first column says the size.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.cases import Case, Row
from bench.counted_git import CountedGit
from bench.estate import ENVIRONMENTS, Estate
from bench.runs import KIT, Repository, bench_environment

_ROUNDS = 3
_MOST_GIT = 10


def settled(title: str, estate: Estate, *words: str, most_seconds: float) -> Row:
    """The fastest of a few runs of a verb that finds nothing to do, and its calls of git, which are bounded."""
    with TemporaryDirectory(prefix="mlops-kit-bench-") as folder:
        base = Path(folder)
        environment = bench_environment(base)
        clone = estate.build(base, environment)
        counted = CountedGit(base / "bin")
        paths = f"{counted.folder}:{environment['PATH']}"
        repository = Repository(root=clone, environment={**environment, "PATH": paths, "MLFLOW_TRACKING_URI": ""})
        runs, calls = [], 0
        for _ in range(_ROUNDS):
            runs.append(repository.run(KIT, *words))
            calls = len(counted.take())
    seconds = min(run.seconds for run in runs)
    return Row(
        name=title,
        theirs=f"{estate.models} x {len(ENVIRONMENTS)}, {estate.models * len(ENVIRONMENTS) * estate.records} records",
        ours=f"{seconds:.1f} s, git {calls}",
        ratio="-",
        goal=f"under {most_seconds:g} s, git {_MOST_GIT}",
        met=seconds < most_seconds and calls <= _MOST_GIT,
    )


def _case(name: str, title: str, estate: Estate, *words: str, most_seconds: float) -> Case:
    measure: Callable[[], Row] = partial(settled, title, estate, *words, most_seconds=most_seconds)
    return Case(name=name, title=title, measure=measure)


PROMOTION_CASES = (
    _case("settled", "reconcile, nothing to do", Estate(models=100), "reconcile", most_seconds=10),
    _case("settled-files", "the same, a dvc.yaml each", Estate(models=100, folders=True), "reconcile", most_seconds=10),
    _case("settled-1000", "reconcile, nothing to do", Estate(models=1000), "reconcile", most_seconds=10),
    _case("settled-one", "reconcile dev, nothing to do", Estate(models=10), "reconcile", "dev", most_seconds=3),
    _case("log", "status with a long log", Estate(models=100, records=34), "status", "--check", most_seconds=3),
)
