"""A pull request at a counter: a base with a DVC remote, a head that nobody reproduced, a runner, and a trusted job."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.integration.desk import TOKEN, git
from tests.integration.dvc_project import Project, make_project
from tests.integration.remote_project import folder_remote, with_remote

PIPELINE = """
stages:
  split:
    cmd: mkdir -p parts && head -c 3 data > parts/one && tail -c 3 data > parts/two
    deps: [data]
    outs: [parts]
  train:
    cmd: mkdir -p curve && (cat parts/one parts/two params.yaml; test ! -e noise || cat noise) > model
      && wc -c < model > size.json
      && cp params.yaml curve/rate && (test ! -e extra || cp params.yaml curve/extra)
    deps: [parts]
    params: [rate]
    outs: [model]
    metrics: [size.json: {cache: false}]
    plots: [curve: {cache: false}]
"""
FOLDER = "handed"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The bare origin, the runner's clone at the head, the trusted job's clone at the base."""

    folder: Path
    origin: Path
    runner: Project
    trusted: Project
    github: FakeGitHub
    base: str
    head: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def reproduce(self, *words: str, **variables: str) -> ExitCode:
        """Run the pipeline at the head, as a job without rights does, and hand over what changed."""
        inputs = parse_inputs({**self.plain_variables, **variables}, folder=self.runner.root, terminal=False)
        return ExitCode(run(["reproduce", "--hand-over", FOLDER, "--hand-over-base", self.base, *words], inputs))

    def carry(self) -> Path:
        """Bring the folder to the trusted job as an artifact travels: a copy, links as links."""
        target = self.trusted.root / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.runner.root / FOLDER, target, symlinks=True)
        return target

    def commit(self, *words: str, **variables: str) -> ExitCode:
        """Run the verb in the trusted job; how it left."""
        inputs = parse_inputs({**self.variables, **variables}, folder=self.trusted.root, terminal=False)
        return ExitCode(run(["commit", FOLDER, *words], inputs))

    def hand_over_and_commit(self) -> ExitCode:
        """Both jobs, one after the other."""
        assert self.reproduce() is ExitCode.DONE
        self.carry()
        return self.commit()

    @property
    def plain_variables(self) -> dict[str, str]:
        """A runner's variables without a token and a pull request."""
        return {name: os.environ[name] for name in ("PATH",)} | {"HOME": str(self.folder)}

    def branch(self, name: str = "feature") -> str:
        """The commit that a branch of the origin leads to."""
        return git(self.origin, "rev-parse", f"refs/heads/{name}")

    def changed(self) -> list[str]:
        """The paths that the branch's head changes."""
        return git(self.origin, "diff", "--name-only", f"{self.head}", "refs/heads/feature").splitlines()

    def stored(self) -> set[str]:
        """The objects of the DVC remote."""
        return {"".join(path.parts[-2:]) for path in (self.folder / "store").glob("files/md5/*/*")}

    def pull(self) -> Project:
        """A fresh clone of the branch, with its data from the remote."""
        target = self.folder / "reviewer"
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "-b", "feature", self.origin, target], check=True)
        project = Project(root=target)
        with project.opened() as repo:
            repo.pull()
        return project

    def outputs(self) -> dict[str, str]:
        """The last value of each step output."""
        lines = (self.folder / "output").read_text().splitlines()
        return {name.partition("<<")[0]: value for name, value in pairwise(lines) if "<<" in name}

    def move_on(self) -> str:
        """Somebody pushes another commit to the branch; its name."""
        clone = self.folder / "colleague"
        subprocess.run(["git", "clone", "--quiet", "-b", "feature", self.origin, clone], check=True)
        (clone / "note.md").write_text("a note\n")
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "-m", "note")
        git(clone, "push", "--quiet", "origin", "feature")
        return git(clone, "rev-parse", "HEAD")

    def at_new_head(self) -> "Counter":
        """The same pull request with the branch's head of now, checked out by the runner."""
        head = self.branch()
        self.runner.git("fetch", "--quiet", "origin")
        self.runner.git("checkout", "--quiet", "--force", "--detach", head)
        return replace(self, head=head, variables=_event(self, self.variables, head=head))


def make_counter(
    github: FakeGitHub, folder: Path, *, remote: str = "", policy: str = "", pipeline: str = PIPELINE
) -> Counter:
    """Pull request 7 of the branch `feature`, whose params nobody ran, onto `main`."""
    origin = folder / "origin.git"
    author = make_project(
        folder / "author",
        {"dvc.yaml": pipeline, "params.yaml": "rate: 1\n", "data": "abcdef", "mlops.yaml": policy or "version: 1\n"},
        site=folder / "site",
    )
    author.write({".dvc/config": with_remote(author, remote or folder_remote(folder / "store"))})
    done = author.run_kit(push="url" in author.read(".dvc/config"))
    assert not done.failed
    assert done.unsent is None, done.unsent
    author.commit()
    base = author.git("rev-parse", "HEAD").strip()
    author.git("checkout", "--quiet", "-b", "feature")
    author.write({"params.yaml": "rate: 2\n"})
    author.commit()
    head = author.git("rev-parse", "HEAD").strip()
    subprocess.run(["git", "clone", "--quiet", "--bare", author.root, origin], check=True)
    runner, trusted = (_clone(origin, folder / name, at) for name, at in (("runner", head), ("trusted", base)))
    counter = Counter(
        folder=folder, origin=origin, runner=runner, trusted=trusted, github=github, base=base, head=head,
        variables={
            "PATH": os.environ["PATH"], "HOME": str(folder), "GITHUB_ACTIONS": "true", "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "acme/churn", "GITHUB_API_URL": github.url, "GITHUB_RUN_ID": "5",
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        },
    )  # fmt: skip
    return replace(counter, variables=_event(counter, counter.variables, head=head))


def _event(
    counter: Counter, variables: Mapping[str, str], *, head: str, head_repository: str = "acme/churn"
) -> dict[str, str]:
    sides = {
        "head": {"ref": "feature", "sha": head, "repo": {"full_name": head_repository}},
        "base": {"ref": "main", "sha": counter.base, "repo": {"full_name": "acme/churn"}},
    }
    file = counter.folder / f"event-{head[:8]}-{head_repository.replace('/', '-')}.json"
    file.write_text(json.dumps({"pull_request": {"number": 7, **sides}}))
    counter.github.add_pull_request(7, head=head, base=counter.base, head_repository=head_repository)
    return {**variables, "GITHUB_EVENT_PATH": str(file)}


def as_fork(counter: Counter) -> Counter:
    """The same pull request from a fork."""
    event = _event(counter, counter.variables, head=counter.head, head_repository="mallory/churn")
    return replace(counter, variables=event)


def _clone(origin: Path, folder: Path, commit: str) -> Project:
    subprocess.run(["git", "clone", "--quiet", origin, folder], check=True)
    git(folder, "checkout", "--quiet", "--detach", commit)
    return Project(root=folder)
