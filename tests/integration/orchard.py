"""A repository whose model is live and whose data grows: an origin, a DVC remote, a runner, a trusted job."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
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
  train:
    cmd: python3 train.py
    deps: [rows.csv, train.py]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}]
artifacts:
  churn: {path: model, type: model}
"""
TRAIN = """
import json
rows = [line.split(",") for line in open("rows.csv").read().splitlines()]
open("model", "w").write("\\n".join(sorted(row[0] for row in rows)))
json.dump({"accuracy": float(rows[-1][1])}, open("metrics.json", "w"))
"""
POLICY = """
version: 1
metrics: {accuracy: {goal: maximize}}
registry: {kind: none}
environments:
  dev: {branch: dev, gates: [{metric: accuracy, max-drop: 0.01, against: live}]}
  production: {branch: production, after: dev}
"""
FOLDER = "retrained"


@dataclass(frozen=True, kw_only=True)
class Orchard:
    """The bare origin, a runner's clone and a trusted job's, each at the head of `dev`."""

    folder: Path
    origin: Path
    runner: Project
    trusted: Project
    variables: Mapping[str, str] = field(default_factory=dict)

    def retrain(self, *words: str, project: Project | None = None, **variables: str) -> ExitCode:
        """Run the verb in the runner's clone, without a token, unless another is named; how it left."""
        return self.run("retrain", *words, project=project, **variables)

    def run(self, *words: str, project: Project | None = None, **variables: str) -> ExitCode:
        """Run a verb of the kit."""
        folder = (project or self.runner).root
        inputs = parse_inputs({**self.plain_variables, **variables}, folder=folder, terminal=False)
        return ExitCode(run(list(words), inputs))

    def hand_over(self, *words: str, **variables: str) -> ExitCode:
        """The first job: decide and train, and bring the folder to the second as an artifact travels."""
        code = self.run("retrain", "--hand-over", FOLDER, *words, project=self.runner, **variables)
        self.carry()
        return code

    def carry(self) -> Path:
        """The folder in the trusted job's clone: a copy, links as links."""
        target = self.trusted.root / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.runner.root / FOLDER, target, symlinks=True)
        return target

    def propose(self, *words: str, **variables: str) -> ExitCode:
        """The second job, with the workflow's token."""
        known = dict(self.variables, **variables)
        return self.run("retrain", "--propose", FOLDER, *words, project=self.trusted, **known)

    @property
    def plain_variables(self) -> dict[str, str]:
        """A runner's variables without a token."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DVC_NO_ANALYTICS": "1"}

    def grow(self, accuracy: float, *, project: Project | None = None, row: str = "") -> None:
        """Have new data in a clone, added to DVC and not committed; the model will be so accurate."""
        clone = project or self.runner
        text = self.data_of(clone)
        self.replace_data(f"{text}{row or len(text)},{accuracy}\n", clone)

    def replace_data(self, text: str, clone: Project) -> None:
        """Have other data in a clone, added to DVC and not committed."""
        data = clone.root / "rows.csv"
        data.unlink(missing_ok=True)
        data.write_text(text)
        with clone.opened() as repo:
            repo.add("rows.csv")

    def data_of(self, clone: Project) -> str:
        """The data of a clone, pulled where it is not there."""
        if not (clone.root / "rows.csv").exists():
            with clone.opened() as repo:
                repo.pull("rows.csv.dvc")
        return clone.read("rows.csv")

    def branches(self) -> list[str]:
        """The branches of retrainings on the origin."""
        return git(self.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads/mlops").splitlines()

    def notes(self) -> list[dict[str, object]]:
        """The messages of the log's notes, in their order."""
        names = git(self.origin, "tag", "--list", "mlops/churn/dev/note/*").splitlines()
        return [json.loads(git(self.origin, "tag", "--list", "--format=%(contents)", name)) for name in names]

    def changed(self, branch: str) -> list[str]:
        """The paths that a branch changes."""
        return git(self.origin, "diff", "--name-only", "dev", branch).splitlines()

    def outputs(self) -> dict[str, str]:
        """The last value of each step output."""
        lines = (self.folder / "output").read_text().splitlines()
        return {name.partition("<<")[0]: value for name, value in pairwise(lines) if "<<" in name}

    def clone(self, name: str, branch: str = "dev") -> Project:
        """Another clone."""
        target = self.folder / name
        subprocess.run(["git", "clone", "--quiet", "-b", branch, self.origin, target], check=True)
        return Project(root=target)


def make_orchard(
    folder: Path, *, github: FakeGitHub | None = None, policy: str = POLICY, rows: str = "1,0.9\n", **files: str
) -> Orchard:
    """A first version of the model live in `dev`; `files` are further scripts, by their names without `.py`."""
    origin = folder / "origin.git"
    scripts = {f"{name}.py": text for name, text in files.items()}
    files = {"dvc.yaml": PIPELINE, "train.py": TRAIN, "mlops.yaml": policy, "rows.csv": f"x,accuracy\n{rows}"}
    author = make_project(folder / "author", {}, site=folder / "site")
    author.write({**files, **scripts, ".dvc/config": with_remote(author, folder_remote(Path("../../store")))})
    with author.opened() as repo:
        repo.add("rows.csv")
    done = author.run_kit(push=True)
    assert not done.failed, done
    author.commit()
    author.git("branch", "-M", "dev")
    subprocess.run(["git", "clone", "--quiet", "--bare", author.root, origin], check=True)
    clones = {}
    for name in ("runner", "trusted"):
        subprocess.run(["git", "clone", "--quiet", "-b", "dev", origin, folder / name], check=True)
        clones[name] = Project(root=folder / name)
    orchard = Orchard(folder=folder, origin=origin, **clones, variables=_variables(folder, github))
    assert orchard.run("reconcile", "dev") is ExitCode.DONE
    return orchard


def copy_orchard(template: Orchard, folder: Path, github: FakeGitHub) -> Orchard:
    """Another one like it, in a folder that is not there yet."""
    shutil.copytree(template.folder, folder, symlinks=True)
    runner, trusted = (Project(root=folder / name) for name in ("runner", "trusted"))
    for clone in (runner, trusted):
        clone.git("remote", "set-url", "origin", str(folder / "origin.git"))
    variables = _variables(folder, github)
    return Orchard(folder=folder, origin=folder / "origin.git", runner=runner, trusted=trusted, variables=variables)


def _variables(folder: Path, github: FakeGitHub | None) -> dict[str, str]:
    """What a workflow gives the trusted job."""
    found = {
        "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "5", "GITHUB_REPOSITORY": "acme/churn",
        "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }  # fmt: skip
    return found if github is None else {**found, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
