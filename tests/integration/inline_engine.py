"""An engine that carries errands out in this process, one after the other: what a cluster does, without the cluster."""

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from mlops_kit import elsewhere
from mlops_kit.adapters.dvc.pipeline import DvcPipeline
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.snapshot import take_snapshot
from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.run import CommandEnd, Selection, StageCommand
from mlops_kit.testing.pipeline import MemoryProgress
from tests.integration.dvc_project import Project


@dataclass(kw_only=True)
class InlineEngine:
    """The Engine port; every errand gets a clone of the commit of its own, and the DVC remote."""

    pipeline: DvcPipeline
    git: GitRepository
    ends: deque[CommandEnd] = field(default_factory=deque)

    def start(self, command: StageCommand) -> None:
        """Carry the stage's errand out."""
        errand = self.pipeline.describe_errand(command.stage)
        self.ends.append(elsewhere.carry_out(take_snapshot(self.git), errand, os.environ).end)

    def wait(self, seconds: float) -> CommandEnd | None:  # noqa: ARG002 - nothing is waited for
        """The first that ended."""
        return self.ends.popleft() if self.ends else None

    def stop(self) -> tuple[CommandEnd, ...]:
        """Nothing runs."""
        ends = tuple(self.ends)
        self.ends.clear()
        return ends


def run_elsewhere(project: Project, *targets: str, folder: str = "", every_pipeline: bool = False) -> Reproduction:
    """A run of the project's commit in clones."""
    selection = Selection(targets=targets, every_pipeline=every_pipeline, elsewhere=True)
    with DvcPipeline(project.root / folder, os.environ, print) as pipeline:
        engine = InlineEngine(pipeline=pipeline, git=GitRepository(project.root, os.environ))
        workshop = Workshop(pipeline=pipeline, engine=engine, progress=MemoryProgress(), find_gpus=None)
        return reproduce(workshop, selection, Manner(jobs=100))


def add_remote(project: Project, folder: Path) -> None:
    """A folder as the default DVC remote, committed."""
    with project.opened() as repo, repo.config.edit("repo") as config:
        config["remote"]["folder"] = {"url": str(folder)}
        config["core"]["remote"] = "folder"
    project.commit()
