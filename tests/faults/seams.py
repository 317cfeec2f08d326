"""The named failpoints: every place where a promotion writes outside itself. Production code knows nothing of them.

A call of HTTP is known by method, path and body, a call of git or of a deploy command by its words. A write that fits
no row here makes `test_failpoints.py` fail: a new one needs a row.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from tests.fakes.watched_proxy import HttpCall


class Play(StrEnum):
    """Which promotion a failpoint is played in."""

    FIRST = "first promotion"
    SECOND = "second promotion"
    ROLLBACK = "rollback"
    RIVAL = "a model that was there, and a rival's version of the same bytes"
    CANARY = "roll-out in steps"
    SICK = "a step that is not well"


@dataclass(frozen=True, kw_only=True)
class Failpoint:
    """One write: where it is met for the `nth` time in its play, and how it is known."""

    name: str
    play: Play = Play.FIRST
    nth: int = 1


@dataclass(frozen=True, kw_only=True)
class HttpWrite(Failpoint):
    """A request: its method, and patterns of its path and its body."""

    method: str = "POST"
    path: str
    body: str = ""

    def fits(self, call: HttpCall) -> bool:
        """Whether the request is this write."""
        known = call.method == self.method and re.search(self.path, call.path) is not None
        return known and re.search(self.body.encode(), call.body) is not None


@dataclass(frozen=True, kw_only=True)
class CommandWrite(Failpoint):
    """A command: a pattern of the shell's `case` that its words fit."""

    words: str


GIT_WRITES = (
    CommandWrite(name="git.fetch", words="* fetch *"),
    CommandWrite(name="git.make-tag", words="* mktag *"),
    CommandWrite(name="git.push-note", words="* push *:refs/tags/mlops/*/note/*", play=Play.SICK),
    CommandWrite(name="git.push-tag", words="* push *:refs/tags/mlops/*"),
    CommandWrite(name="git.update-ref", words="* update-ref refs/tags/mlops/*"),
)
DEPLOY_WRITES = (
    CommandWrite(name="deploy.apply", words="apply"),
    CommandWrite(name="deploy.shift", words="shift", play=Play.CANARY),
    CommandWrite(name="deploy.abort", words="abort", play=Play.SICK),
)
MLFLOW_WRITES = (
    HttpWrite(name="mlflow.create-experiment", path="/mlflow/experiments/create$"),
    HttpWrite(name="mlflow.create-model", path="/mlflow/registered-models/create$"),
    HttpWrite(
        name="mlflow.tag-repository",
        path="/mlflow/registered-models/set-tag$",
        body="mlops.repository",
        play=Play.RIVAL,
    ),
    HttpWrite(name="mlflow.create-run", path="/mlflow/runs/create$"),
    HttpWrite(name="mlflow.upload", method="PUT", path="/mlflow-artifacts/artifacts/"),
    HttpWrite(name="mlflow.upload-last", method="PUT", path="/mlflow-artifacts/artifacts/", nth=2),
    HttpWrite(name="mlflow.mark-published", path="/mlflow/runs/log-batch$", body="mlops.published"),
    HttpWrite(name="mlflow.finish-run", path="/mlflow/runs/update$"),
    HttpWrite(name="mlflow.create-version", path="/mlflow/model-versions/create$"),
    HttpWrite(
        name="mlflow.tag-duplicate", path="/mlflow/model-versions/set-tag$", body="mlops.duplicate_of", play=Play.RIVAL
    ),
    HttpWrite(name="mlflow.take-alias-note", path="/mlflow/registered-models/set-tag$", body="0:moving"),
    HttpWrite(name="mlflow.set-alias", path="/mlflow/registered-models/alias$"),
    HttpWrite(name="mlflow.move-alias", path="/mlflow/registered-models/alias$", play=Play.SECOND),
    HttpWrite(name="mlflow.write-alias-note", path="/mlflow/registered-models/set-tag$", body=r"\"[1-9][0-9]*:"),
)
GITHUB_WRITES = (
    HttpWrite(name="github.create-deployment", path="/deployments$"),
    HttpWrite(name="github.show-in-progress", path="/statuses$", body='"in_progress"'),
    HttpWrite(name="github.show-success", path="/statuses$", body='"success"'),
    HttpWrite(name="github.show-failure", path="/statuses$", body='"failure"', play=Play.SICK),
    HttpWrite(name="github.retire-older", path="/statuses$", body='"inactive"', play=Play.SECOND),
    HttpWrite(name="github.create-comment", path="/comments$"),
    HttpWrite(name="github.edit-comment", method="PATCH", path="/comments/[0-9]+$", play=Play.ROLLBACK),
)
HTTP_WRITES = (*MLFLOW_WRITES, *GITHUB_WRITES)
COMMAND_WRITES = (*GIT_WRITES, *DEPLOY_WRITES)
FAILPOINTS: tuple[Failpoint, ...] = (*HTTP_WRITES, *COMMAND_WRITES)

READING_POSTS = re.compile(r"/mlflow/(runs|experiments|registered-models|model-versions)/search$|/graphql$")
READING_GIT = frozenset(
    [
        "cat-file",
        "config",
        "diff-tree",
        "for-each-ref",
        "ls-files",
        "ls-remote",
        "ls-tree",
        "merge-base",
        "rev-list",
        "rev-parse",
        "show-ref",
    ]
)


def is_write(call: HttpCall) -> bool:
    """Whether a request changes something; MLflow and GraphQL ask by POST too."""
    return call.method != "GET" and not READING_POSTS.search(call.path)


def name_call(call: HttpCall) -> str:
    """The failpoint that a request is, the method and path of one that none is."""
    found = (one.name for one in HTTP_WRITES if one.fits(call))
    return next(found, f"{call.method} {call.path}")
