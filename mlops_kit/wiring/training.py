"""What decides about a retraining, and what proposes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.git import GitRepository
from mlops_kit.wiring.hand_overs import read_dvc_config
from mlops_kit.wiring.promotions import open_drafts
from mlops_kit.wiring.repository import open_work_tree

if TYPE_CHECKING:
    from mlops_kit.commands.propose_training import Proposer
    from mlops_kit.commands.retrain import Judge, Trainer
    from mlops_kit.commands.world import World
    from mlops_kit.core.config import Config
    from mlops_kit.core.drift.report import DriftReport
    from mlops_kit.core.ports.drafts import Person
    from mlops_kit.core.review.hand_over import Bounds
    from mlops_kit.core.review.report import Report
    from mlops_kit.core.types import CommitSha


def open_trainer(world: World, git: GitRepository, environment: Mapping[str, str]) -> Trainer:
    """What looks at the work tree and decides."""
    from mlops_kit.adapters.commands import RepositoryCommands
    from mlops_kit.adapters.dvc.sources import DvcWorkbench
    from mlops_kit.commands.facts import declared_project
    from mlops_kit.commands.retrain import Trainer
    from mlops_kit.engines.shell import stage_environment

    work_tree = open_work_tree(git)
    return Trainer(
        world=world,
        work_tree=work_tree,
        workbench=DvcWorkbench(git.root, declared_project(work_tree).roots),
        commands=RepositoryCommands(git.root, stage_environment(environment)),
        judge=_open_judge(world.config, git, environment),
    )


def _open_judge(config: Config, git: GitRepository, environment: Mapping[str, str]) -> Judge:
    """What judges the data sets of the configuration; its libraries are wanted where one of them changed."""
    from mlops_kit.commands.drift import DriftQuestion, compare_data
    from mlops_kit.commands.judge_training import judge_training_data
    from mlops_kit.wiring.data import open_drift

    def compare(path: str, reference: CommitSha, place: str) -> DriftReport:
        with open_drift(git, environment, config) as sources:
            return compare_data(DriftQuestion(data=path, reference=reference, current=place), sources)

    return partial(judge_training_data, config.drift.data, compare)


def has_dvc_remote(folder: Path) -> bool:
    """Whether DVC has a default remote in a folder."""
    from mlops_kit.adapters.dvc.sources import has_remote

    return has_remote(folder)


def find_root(git: GitRepository, folder: Path) -> str:
    """The DVC root around a folder, from the repository's top; empty for the top itself."""
    from mlops_kit.adapters.dvc_root import find_dvc_root

    root = find_dvc_root(folder, top=git.root) or git.root
    return "" if root == git.root else root.relative_to(git.root).as_posix()


def open_proposer(
    world: World,
    git: GitRepository,
    environment: Mapping[str, str],
    *,
    make_report: Callable[[CommitSha, CommitSha], Report],
    author: Person | None,
) -> Proposer:
    """What proposes a retraining; what was handed over, and where its outputs go, is the caller's to say."""
    from mlops_kit.commands.propose_training import Proposer

    return Proposer(
        world=world,
        drafts=open_drafts(git, environment),
        depot=None,
        handed=None,
        make_report=make_report,
        author=author,
        work_config=read_dvc_config(git),
    )


def with_handed(proposer: Proposer, git: GitRepository, folder: Path, bounds: Bounds, *, bring: bool) -> Proposer:
    """The same with what another job left in a folder, if it is there; `bring` sends its objects to the DVC remote."""
    from dataclasses import replace

    from mlops_kit.adapters.dvc.depot import DvcDepot
    from mlops_kit.adapters.packing import HandedFolder
    from mlops_kit.core.review.hand_over import MANIFEST

    handed = HandedFolder(folder.parent, folder.name) if (folder / MANIFEST).is_file() else None
    return replace(proposer, handed=handed, depot=DvcDepot(git.root) if bring else None, bounds=bounds)
