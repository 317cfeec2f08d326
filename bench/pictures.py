"""What plots cost a review: the report with three of them, and posting it with their pictures, in processor time."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bench.cases import Case, Row
from bench.pipelines import Files
from bench.runs import DVC, KIT, Repository, fresh_repository
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import WRITE_ALL, Account

_PIPELINE = """\
stages: {train: {cmd: 'true'}}
metrics: [m.json]
plots:
- loss.csv: {x: step, y: loss}
- accuracy.csv: {x: step, y: accuracy, template: smooth}
- classes.csv: {x: actual, y: predicted, template: confusion}
"""


def plotted(shift: int) -> Files:
    """Two lines of 1,000 steps and a confusion matrix of 2,000 rows; other values for each shift."""
    steps = range(1_000)
    loss = (f"{step},{math.exp(-step / 300) + 0.01 * (step * (7 + shift) % 13)}" for step in steps)
    accuracy = (f"{step},{1 - math.exp(-step / 200) + 0.02 * (step * (5 + shift) % 11)}" for step in steps)
    classes = (f"class {row % 6},class {row % 6 if row * (3 + shift) % 7 else (row + 1) % 6}" for row in range(2_000))
    return {
        "dvc.yaml": _PIPELINE,
        "m.json": f'{{"accuracy": 0.{90 + shift}}}',
        "loss.csv": "\n".join(["step,loss", *loss]),
        "accuracy.csv": "\n".join(["step,accuracy", *accuracy]),
        "classes.csv": "\n".join(["actual,predicted", *classes]),
    }


def measure_pictures(title: str, *, most_seconds: float) -> Row:
    """DVC's two differences, which draw nothing, against the kit's report and its comment on a fake GitHub."""
    with fresh_repository(plotted(0)) as repository:
        _commit(repository)
        for path, text in plotted(1).items():
            (repository.root / path).write_text(text)
        _commit(repository)
        theirs = [
            repository.run(DVC, "metrics", "diff", "--json", "HEAD^", "HEAD"),
            repository.run(DVC, "plots", "diff", "--json", "HEAD^", "HEAD"),
        ]
        report = ["report", "HEAD", "--base", "HEAD^", "--format", "json", "--output", "report.json"]
        comment = ["comment", "report.json", "--pictures", "pictures", "--pull-request", "7"]
        with _at_github(repository) as connected:
            ours = [repository.run(KIT, *report), connected.run(KIT, *comment)]
    their_seconds, our_seconds = (sum(run.cpu_seconds for run in runs) for runs in (theirs, ours))
    parts = " + ".join(f"{run.cpu_seconds:.2f}" for run in ours)
    return Row(
        name=f"{title} ({parts} s)",
        theirs=f"{their_seconds:.1f} s",
        ours=f"{our_seconds:.1f} s",
        ratio=f"{their_seconds / our_seconds:.1f} x",
        goal=f"under {most_seconds:g} s",
        met=our_seconds < most_seconds,
    )


@contextmanager
def _at_github(repository: Repository) -> Iterator[Repository]:
    """The repository with a pull request of its two commits at a GitHub on this machine."""
    github = FakeGitHub()
    token = "ghs_bench"  # noqa: S105 - known to the fake alone
    github.accounts[token] = Account(login="github-actions[bot]", permissions=WRITE_ALL)
    head, base = (repository.read_output("git", "rev-parse", name).strip() for name in ("HEAD", "HEAD^"))
    github.add_pull_request(7, head=head, base=base)
    with github.serve():
        variables = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": github.repository, "GITHUB_TOKEN": token}
        yield replace(repository, environment={**repository.environment, **variables})
        if len(github.bodies(author="github-actions[bot]")) != 1:
            raise RuntimeError("the comment was not posted")


def _commit(repository: Repository) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    repository.run("git", "add", "--all")
    repository.run("git", *identity, "commit", "--quiet", "--message", "state")


_TITLE = "processor time: report, then comment with three plots"
PICTURE_CASES = (Case(name="pictures", title=_TITLE, measure=lambda: measure_pictures(_TITLE, most_seconds=3)),)
