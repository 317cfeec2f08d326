"""A DVC project in a folder of the test, run by DVC itself or by the kit, both in this process."""

import contextlib
import logging
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dvc.repo import Repo

from mlops_kit import wiring
from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.core.pipeline.schedule import OnFailure
from mlops_kit.core.run import Selection
from mlops_kit.testing.pipeline import MemoryProgress


@dataclass(frozen=True, kw_only=True)
class Project:
    """A repository with DVC in it. What DVC keeps outside of it goes beside it."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        """Write or replace files."""
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def read(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_text()

    def git(self, *words: str) -> str:
        """Run git here."""
        call = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
        return subprocess.run(call, cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "state")

    def run_dvc(self, *targets: str, folder: str = "", **options: object) -> None:
        """`dvc repro`."""
        with self.opened(folder) as repo:
            repo.reproduce(targets or None, **options)

    def run_kit(
        self,
        *targets: str,
        folder: str = "",
        jobs: int = 4,
        on_failure: OnFailure = OnFailure.STOP,
        every_pipeline: bool = False,
        force: bool = False,
        pull: bool = False,
        push: bool = False,
        verify: bool = False,
        told: list[str] | None = None,
    ) -> Reproduction:
        """`mlops-kit reproduce`, without its command line; `told` takes what people were told."""
        selection = Selection(targets=targets, every_pipeline=every_pipeline, force=force, pull=pull, verify=verify)
        progress = MemoryProgress(told=[] if told is None else told)
        with wiring.open_workshop(self.root / folder, os.environ, progress) as workshop:
            return reproduce(workshop, selection, Manner(jobs=jobs, on_failure=on_failure, push=push))

    def clone(self, root: Path) -> "Project":
        """A clone as another machine has it: what git keeps, no data."""
        subprocess.run(["git", "clone", "--quiet", self.root, root], check=True)
        return Project(root=root)

    def objects(self, cache: str = ".dvc/cache/files/md5") -> set[str]:
        """The hashes of all objects in a folder of the cache, or in that of a remote beside the project."""
        return {"".join(path.parts[-2:]) for path in (self.root / cache).glob("*/*") if path.is_file()}

    def states(self, done: Reproduction) -> str:
        """`name=state` of every stage, sorted by name."""
        return " ".join(sorted(f"{stage.name}={stage.state.value}" for stage in done.stages))

    def status(self) -> object:
        """What `dvc status` would say of all pipelines; empty where all is up to date."""
        with self.opened() as repo:
            return repo.status()

    def picture(self) -> dict[str, str]:
        """Every file outside of git, DVC and the kit by path; of `.gitignore` only which lines it has."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            place = path.relative_to(self.root)
            if path.is_file() and place.parts[0] not in {".git", ".dvc", ".mlops"}:
                text = path.read_text(errors="replace")
                found[place.as_posix()] = "\n".join(sorted(text.splitlines())) if path.name == ".gitignore" else text
        return found

    @contextlib.contextmanager
    def opened(self, folder: str = "") -> Iterator[Repo]:
        """DVC's repository, with the process in the folder, as DVC's own command line has it."""
        logging.getLogger("dvc").setLevel(logging.CRITICAL)
        with contextlib.chdir(self.root / folder), Repo() as repo:
            yield repo


def make_project(root: Path, files: Mapping[str, str], *, site: Path) -> Project:
    """A new repository with these files, committed."""
    root.mkdir(parents=True)
    project = Project(root=root)
    if not (root.parent / ".git").exists():
        project.git("init", "--quiet", "--initial-branch", "main")
    config = f"[core]\n    analytics = false\n    site_cache_dir = {site}\n"
    project.write({".dvc/config": config, ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n", ".dvcignore": ""})
    project.write(files)
    project.commit()
    return project
