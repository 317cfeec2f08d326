"""What scoring the live model beside the candidate works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.wiring.repository import open_work_tree
from mlops_kit.wiring.reviews import open_bench

if TYPE_CHECKING:
    from mlops_kit.commands.evaluate import Contest
    from mlops_kit.commands.score import Arena
    from mlops_kit.core.ports import Progress


def open_contest(
    git: GitRepository, environment: Mapping[str, str], config_file: str | None, open_progress: Callable[[], Progress]
) -> Contest:
    """Where the versions of a work tree are compared; nothing is run or fetched before the arena opens."""
    from mlops_kit.commands.evaluate import Contest

    return Contest(
        bench=open_bench(git, environment, config_file),
        work_tree=open_work_tree(git),
        open_arena=partial(_open_arena, git, environment, open_progress),
        write=lambda path, text: write_atomic(git.root / path, text.encode()),
    )


@contextmanager
def _open_arena(
    git: GitRepository, environment: Mapping[str, str], open_progress: Callable[[], Progress]
) -> Iterator[Arena]:
    from mlops_kit.adapters.dvc.artifacts import DvcArtifacts
    from mlops_kit.adapters.scoring_copies import WorkTreeCopies
    from mlops_kit.commands.score import Arena
    from mlops_kit.engines.local import LocalEngine
    from mlops_kit.wiring.runs import surround

    progress = open_progress()
    try:
        with LocalEngine(surround(git.root, environment), on_line=progress.line) as engine:
            yield Arena(
                artifacts=DvcArtifacts(git, environment),
                copies=WorkTreeCopies(git.root, open_work_tree(git)),
                engine=engine,
                progress=progress,
            )
    finally:
        progress.close()
