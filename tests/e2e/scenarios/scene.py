"""Where a scenario plays: one consumer, one GitHub, one registry, and everything that its runs said."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.act import TOKEN, Run, Stage, finish
from tests.e2e.scenarios import golden
from tests.e2e.scenarios.job_tokens import BOT, accounts
from tests.e2e.scenarios.mlflow import Registry
from tests.fakes.github import FakeGitHub
from tests.fakes.mlflow_proxy import MlflowProxy

PASSWORD = "canary-password-of-mlflow"
SECRETS = (TOKEN, PASSWORD)
FILE_LIMIT = 4 * 2**20
"""Bytes of a file that is looked at for secrets: a crafted one is not read to its end."""
OWNER = {"login": "acme"}


@dataclass(kw_only=True)
class Scene:
    """The outside world of one scenario; `runs` are the lines that its golden file has for each run."""

    stage: Stage
    github: FakeGitHub
    registry: Registry
    proxy: MlflowProxy
    said: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    fork: bool = False

    def play(self, workflow: str, event_name: str, event: object, *, run_id: int = 1) -> Run:
        """Run one of the consumer's workflows to its end."""
        seen = len(self.github.log)
        self.let_in(workflow)
        run = finish(self.stage.start(workflow, event_name, event, run_id=run_id))
        self.note(f"{workflow} on {event_name}, run {run_id}", run, seen)
        return run

    def let_in(self, workflow: str) -> None:
        """Make the tokens of a workflow's jobs."""
        path = self.stage.consumer.clone / ".github/workflows" / workflow
        self.github.accounts = dict(accounts(path, fork=self.fork))

    def note(self, title: str, run: Run, seen: int) -> None:
        """Keep what a run said, and the requests after the first `seen` ones."""
        self.said.append(run.text + run.summary)
        jobs = [f"  {name}: {result}" for name, result in sorted(run.jobs.items())]
        page = [f"  page: {golden.shape(line)}" for line in run.summary.splitlines() if line.startswith("### ")]
        self.runs += [title, f"  exit {run.code}", *jobs, *page, *golden.calls(self.github.log[seen:])]

    def record(self) -> list[str]:
        """Everything that the golden file holds."""
        return [*self.runs, "afterwards", *self._github(), *self._git(), *self._registry()]

    def leaks(self) -> list[str]:
        """Where a secret came out: what runs printed, the API's state and log, git's and the folders' files."""
        places = [*self.said, json.dumps(self.github.log), json.dumps(self.github.comments)]
        places += [json.dumps(self.github.check_runs), json.dumps(self.github.deployment_statuses)]
        texts = [place[:200] for place in places if any(secret in place for secret in SECRETS)]
        return texts + [str(path) for path in self._files() if _holds_secret(path)]

    def _files(self) -> list[Path]:
        files = [path for path in self.stage.folder.rglob("*") if path.is_file() and not path.is_symlink()]
        return [path for path in files if path.stat().st_size <= FILE_LIMIT]

    def _github(self) -> list[str]:
        comments = [
            f"  comment {entry['id']} on {entry['number']} by {entry['author']}: {golden.shape(entry['body'])}"
            for _, entry in sorted(self.github.comments.items())
        ]
        checks = [f"  check {name} of {commit}: {state}" for commit, name, state in self.github.checks()]
        board = [f"  deployment {seq} to {name}: {state}" for seq, name, state in self.github.board()]
        return [*comments, *checks, *board]

    def _git(self) -> list[str]:
        told = [line.split() for line in self.stage.consumer.git("ls-remote", "--refs", "origin").splitlines()]
        return [f"  ref {name} at {found}" for found, name in told]

    def _registry(self) -> list[str]:
        return [f"  version {line}" for line in self.registry.lines()]


def _holds_secret(path: Path) -> bool:
    data = path.read_bytes()
    return any(secret.encode() in data for secret in SECRETS)


def open_pull_request(scene: Scene, head: str, *, onto: str = "dev", **wanted: str) -> dict[str, object]:
    """Pull request 7 of a head, at the server and as the event's payload; its branch is at the origin, but a fork's."""
    base = scene.stage.consumer.head(onto)
    branch, source = wanted.get("branch", "feature"), wanted.get("source", scene.github.repository)
    title = wanted.get("title", "another rate")
    if source == scene.github.repository:
        scene.stage.consumer.git("push", "--quiet", "--force", "origin", f"{head}:refs/heads/{branch}")
    scene.github.add_pull_request(
        7, head=head, base=base, head_branch=branch, base_branch=onto, head_repository=source, title=title
    )
    return {
        "action": wanted.get("action", "synchronize"),
        "number": 7,
        "repository": {"full_name": scene.github.repository, "name": "churn", "owner": OWNER},
        "pull_request": {
            "number": 7,
            "title": title,
            "head": {"ref": branch, "sha": head, "repo": {"full_name": source}},
            "base": {"ref": onto, "sha": base, "repo": {"full_name": scene.github.repository}},
        },
    }


def review(scene: Scene, event: dict[str, object], *, run_id: int = 1) -> Run:
    """What GitHub runs for a pull request."""
    return scene.play("review.yml", "pull_request", event, run_id=run_id)


def push(scene: Scene, branch: str, *, run_id: int = 1) -> Run:
    """What GitHub runs when a branch has moved."""
    consumer = scene.stage.consumer
    consumer.git("fetch", "--quiet", "--force", "origin")
    consumer.git("checkout", "--quiet", "-B", branch, f"origin/{branch}")
    event = {"ref": f"refs/heads/{branch}", "after": consumer.git("rev-parse", "HEAD")}
    return scene.play("promote.yml", "push", event, run_id=run_id)


def comments(scene: Scene) -> list[str]:
    """The kit's own comments."""
    return scene.github.bodies(author=BOT)
