"""A desk to review at: a clone at the base commit, a pull request of it at the fake GitHub, a workflow's files."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import Report, Side, report_json
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

KIT = "github-actions[bot]"
TOKEN = "ghs_canary0123456789"
POLICY = """
version: 1
metrics: {accuracy: {goal: maximize}}
environments:
  dev: {branch: main, gates: [{metric: accuracy, min: 0.8}]}
"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A clone at the base commit, a pull request of it, and the files that a workflow gives a step."""

    folder: Path
    github: FakeGitHub
    base: str
    head: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def write_report(self, accuracy: float, *, head: str = "", params: tuple[ParamRow, ...] = ()) -> Path:
        """A report of the pull request's head."""
        row = MetricRow(path="metrics.json", key="accuracy", old=0.9, new=accuracy, trend=Trend.WORSE)
        report = Report(
            base=Side(name="main", commit=self.base),
            head=Side(name="work tree", commit=head or self.head, worktree=True),
            environment="production",
            verdict=Verdict.PASS,
            metrics=(row,),
            params=params,
        )
        path = self.folder / "report.json"
        path.write_text(report_json(report))
        return path

    def comment(self, *words: str, **variables: str) -> ExitCode:
        """Run the verb; how it left."""
        return self.run("report.json", *words, **variables)

    def run(self, *words: str, **variables: str) -> ExitCode:
        """Run the verb with these words; how it left."""
        inputs = parse_inputs({**self.variables, **variables}, folder=self.folder, terminal=False)
        return ExitCode(run(["comment", *words], inputs))

    def write_event(self, event: object) -> None:
        """Have the workflow run for another event."""
        Path(self.variables["GITHUB_EVENT_PATH"]).write_text(json.dumps(event))

    def bodies(self) -> list[str]:
        """The kit's comments."""
        return self.github.bodies(author=KIT)

    def outputs(self) -> str:
        return (self.folder.parent / "output").read_text()

    def summary(self) -> str:
        return (self.folder.parent / "summary").read_text()


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def serve_github() -> Iterator[FakeGitHub]:
    """The fake GitHub, which knows the workflow's token."""
    fake = FakeGitHub()
    fake.accounts[TOKEN] = Account(login=KIT)
    with fake.serve():
        yield fake


def make_desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    """Pull request 7 of a head that is not in the clone."""
    folder = tmp_path / "clone"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "-b", "main")
    (folder / "mlops.yaml").write_text(POLICY)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "base")
    base, head = git(folder, "rev-parse", "HEAD"), "a" * 40
    github.add_pull_request(7, head=head, base=base)
    sides = {
        "head": {"ref": "feature", "sha": head, "repo": {"full_name": "acme/churn"}},
        "base": {"ref": "main", "sha": base, "repo": {"full_name": "acme/churn"}},
    }
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7, **sides}}))
    variables = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_ACTIONS": "true", "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "acme/churn", "GITHUB_API_URL": github.url, "GITHUB_RUN_ID": "5",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }  # fmt: skip
    return Desk(folder=folder, github=github, base=base, head=head, variables=variables)
