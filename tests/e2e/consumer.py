"""A repository as a user would have it: a small DVC pipeline, a bare origin, a DVC remote, the example workflows."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KIT = Path(__file__).resolve().parents[2]
EXAMPLES = KIT / "examples" / "workflows"
BIN = Path(sys.executable).parent

_FILES = {
    "train.py": """
        import json
        import pathlib

        rate = json.loads(pathlib.Path("params.json").read_text())["rate"]
        pathlib.Path("model.json").write_text(json.dumps({"rate": rate}))
        pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": round(1 - abs(rate - 0.1), 4)}))
        """,
    "params.json": '{"rate": 0.2}\n',
    "requirements.txt": "# the pipeline needs nothing but Python\n",
    "dvc.yaml": """
        stages:
          train:
            cmd: python3 train.py
            deps: [train.py]
            params: [{params.json: [rate]}]
            outs: [model.json]
            metrics: [{metrics.json: {cache: false}}]
        artifacts:
          churn: {path: model.json, type: model}
        """,
    "mlops.yaml": """
        version: 1
        metrics: {"*accuracy*": {goal: maximize}}
        environments:
          dev: {branch: dev}
          staging: {branch: staging, after: dev, gates: [{metric: accuracy, min: 0.85}]}
          production: {branch: production, after: staging}
        """,
}


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """The clone a person works in; `origin` is bare, `registry` the MLflow file."""

    clone: Path
    origin: Path
    registry: Path
    variables: dict[str, str]

    def git(self, *words: str) -> str:
        """Run git in the clone; what it printed."""
        return self.run("git", *words)

    def run(self, *words: str) -> str:
        """Run a command in the clone; what it printed."""
        done = subprocess.run(words, cwd=self.clone, env=self.variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def publish(self, branch: str) -> str:
        """Commit everything and push it as a branch; the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"on {branch}")
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def head(self, branch: str) -> str:
        """The commit at the head of a branch of the origin."""
        return self.git("ls-remote", "origin", f"refs/heads/{branch}").split()[0]

    def change(self, branch: str, *, rate: float) -> str:
        """A commit on a branch with another parameter, reproduced and pushed; its name."""
        self.git("checkout", "--quiet", "-B", branch)
        (self.clone / "params.json").write_text(f'{{"rate": {rate}}}\n')
        self.run(str(BIN / "mlops-kit"), "reproduce", "--push")
        return self.publish(branch)


def build(folder: Path) -> Consumer:
    """Make the repository: the baseline on main, dev and staging, a branch with a better model and one with a worse."""
    home = folder / "home"
    home.mkdir(parents=True)
    consumer = Consumer(
        clone=folder / "churn",
        origin=folder / "origin.git",
        registry=folder / "mlflow.db",
        variables={**clean_variables(home), "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", consumer.origin], check=True)
    subprocess.run(["git", "clone", "--quiet", consumer.origin, consumer.clone], check=True, capture_output=True)
    consumer.git("checkout", "--quiet", "-B", "main")
    consumer.git("remote", "add", "github", "https://github.com/acme/churn")
    _write_files(consumer.clone)
    consumer.run("dvc", "init", "--quiet")
    consumer.run("dvc", "remote", "add", "--quiet", "--default", "store", str(folder / "store"))
    consumer.change("main", rate=0.2)
    consumer.git("push", "--quiet", "origin", "main:dev", "main:staging")
    consumer.change("better", rate=0.15)
    consumer.change("worse", rate=0.4)
    consumer.git("checkout", "--quiet", "main")
    return consumer


def clean_variables(home: Path) -> dict[str, str]:
    """An environment with its own HOME, nothing of ours, and a name for git."""
    ours = ("GITHUB_", "ACTIONS_", "RUNNER_", "MLOPS_KIT_", "MLFLOW_", "DVC_", "GIT_", "PYTHON", "VIRTUAL_ENV", "CI")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    person = {"AUTHOR": "Ada", "COMMITTER": "Ada"}
    names = {f"GIT_{role}_NAME": name for role, name in person.items()}
    mails = {f"GIT_{role}_EMAIL": "ada@example.com" for role in person}
    return {**kept, **names, **mails, "HOME": str(home), "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_NOSYSTEM": "1"}


def _write_files(clone: Path) -> None:
    from textwrap import dedent

    for name, text in _FILES.items():
        (clone / name).write_text(dedent(text).lstrip("\n"))
    workflows = clone / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for example in EXAMPLES.glob("*.yml"):
        shutil.copy2(example, workflows)
