"""Reads GitHub's event file: which change a workflow runs for.

The file is written by GitHub and still judged field by field: what is wrong is named by its JSON pointer. Knows nothing
of the API or of the process environment.
"""

import json
import re
from dataclasses import dataclass

from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.forge import Branch, MergeGroup, PullRequest
from mlops_kit.core.types import CommitSha

EVENT_LIMIT = 25 * 1024 * 1024
"""Bytes of the largest event file that is read."""
NUMBER_LIMIT = 10**10
"""No pull request has a number this high."""

_SHA = re.compile(r"[0-9a-f]{40}")
HINT = "comment needs a pull_request event, or --pull-request N"

_NO_COMMIT = "0" * 40
_BRANCH_REF = "refs/heads/"
_COMMIT_EVENTS = frozenset({"push", "workflow_dispatch"})


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A pull request that a person named."""

    number: int


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run of another workflow that is over; `branch` is None where its repository is gone.

    `repository` is the one that the workflow ran in, `caused_by` the event that it ran for.
    """

    head: CommitSha
    branch: Branch | None
    repository: str
    caused_by: str
    conclusion: str


@dataclass(frozen=True, kw_only=True)
class PushedCommit:
    """A commit on a branch, or the one that a person started a workflow for."""

    commit: CommitSha


Event = Numbered | PullRequest | FinishedRun | MergeGroup | PushedCommit
"""What a run is about, as far as its trigger says."""


def parse_event(data: bytes, *, file: str, name: str = "", commit: str = "") -> Event:
    """What an event file is about; InputError naming the field that is malformed, or missing.

    `name` is the event's, `commit` the one that the workflow runs for, both as the runner says.
    """
    event = Field(value=_parse(data, file), pointer="", file=file)
    if not isinstance(event.value, dict):
        raise event.error("expected an object")
    if "workflow_run" in event.value:
        return _finished_run(event.at("workflow_run"))
    if "merge_group" in event.value:
        return _merge_group(event.at("merge_group"))
    if name in _COMMIT_EVENTS:
        return _pushed_commit(event, commit)
    if "pull_request" not in event.value:
        raise event.at("pull_request").error("missing: this event is of no pull request", hint=HINT)
    return read_pull_request(event.at("pull_request"))


def _finished_run(run: "Field") -> FinishedRun:
    repository = run.at("head_repository").at("full_name").value
    name = run.at("head_branch").value
    known = isinstance(repository, str) and isinstance(name, str)
    return FinishedRun(
        head=run.at("head_sha").commit(),
        branch=Branch(repository=str(repository), name=str(name)) if known else None,
        repository=run.at("repository").at("full_name").text(),
        caused_by=run.at("event").text(),
        conclusion=_text_or_nothing(run.at("conclusion")),
    )


def _merge_group(group: "Field") -> MergeGroup:
    ref = group.at("base_ref")
    if not ref.text().startswith(_BRANCH_REF):
        raise ref.error("expected a branch, as refs/heads/NAME")
    return MergeGroup(
        head=group.at("head_sha").commit(),
        base=group.at("base_sha").commit(),
        base_branch=ref.text().removeprefix(_BRANCH_REF),
    )


def _pushed_commit(event: "Field", commit: str) -> PushedCommit:
    if event.at("after").value == _NO_COMMIT:
        raise event.at("after").error("the branch was deleted: there is nothing to report on")
    if event.at("after").value is not None:
        return PushedCommit(commit=event.at("after").commit())
    return PushedCommit(commit=Field(value=commit, pointer="GITHUB_SHA", file=event.file).commit())


def read_pull_request(field: "Field") -> PullRequest:
    """The pull request that an object of GitHub's describes, in an event or in an answer of the API."""
    head, base = field.at("head"), field.at("base")
    return PullRequest(
        number=field.at("number").positive_number(),
        head=head.at("sha").commit(),
        base=base.at("sha").commit(),
        head_branch=head.at("ref").text(),
        base_branch=base.at("ref").text(),
        is_fork=_is_fork(head, base),
        head_repository=_text_or_nothing(head.at("repo").at("full_name")),
        is_locked=field.at("locked").value is True,
        is_open=field.at("state").value != "closed",
        is_merged=field.at("merged_at").value is not None,
        labels=_labels(field.at("labels")),
        author=_text_or_nothing(field.at("user").at("login")),
        url=_text_or_nothing(field.at("html_url")),
    )


def check_number(number: int) -> int:
    """A pull request's number; InputError where no pull request can have it."""
    if not 0 < number < NUMBER_LIMIT:
        raise InputError(f"{number} is not the number of a pull request", hint=HINT)
    return number


@dataclass(frozen=True, kw_only=True)
class Field:
    """A value of a JSON document and where it stands, as a JSON pointer."""

    value: object
    pointer: str
    file: str

    def at(self, key: str) -> "Field":
        """The field of an object; a missing one, or one of something else, has the value None."""
        inner = self.value.get(key) if isinstance(self.value, dict) else None
        return Field(value=inner, pointer=f"{self.pointer}/{key}", file=self.file)

    def entries(self) -> "tuple[Field, ...]":
        """The fields of a list."""
        if not isinstance(self.value, list):
            raise self.error("expected a list")
        found = enumerate(self.value)
        return tuple(Field(value=value, pointer=f"{self.pointer}/{at}", file=self.file) for at, value in found)

    def text(self) -> str:
        """The value as a string that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.error("expected text")
        return self.value

    def commit(self) -> CommitSha:
        """The value as the name of a commit."""
        if not isinstance(self.value, str) or not _SHA.fullmatch(self.value):
            raise self.error("expected 40 hexadecimal digits")
        return CommitSha(self.value)

    def positive_number(self, *, limit: int = NUMBER_LIMIT) -> int:
        """The value as a whole number above 0 and below a limit."""
        number = self.value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < limit:
            raise self.error("expected a positive whole number")
        return number

    def error(self, message: str, *, hint: str = "") -> InputError:
        """What is wrong with this field, and its place."""
        return InputError(message, hint=hint, location=Location(file=self.file), field=self.pointer or "/")


def _parse(data: bytes, file: str) -> object:
    if len(data) > EVENT_LIMIT:
        raise InputError(f"larger than {EVENT_LIMIT // (1024 * 1024)} MiB", location=Location(file=file))
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("not a JSON document", location=Location(file=file), hint=HINT) from error


def _labels(field: Field) -> tuple[str, ...]:
    names = (entry.at("name").value for entry in field.entries()) if field.value is not None else ()
    return tuple(sorted(name for name in names if isinstance(name, str)))


def _text_or_nothing(field: Field) -> str:
    return field.value if isinstance(field.value, str) else ""


def _is_fork(head: Field, base: Field) -> bool:
    """Whether head and base lie in different repositories; a head repository that is gone counts as a fork."""
    names = [side.at("repo").at("full_name").value for side in (head, base)]
    return names[0] is None or names[0] != names[1]
