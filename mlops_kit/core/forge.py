"""The words of a forge (GitHub and the like) as values: pull requests, comments, checks, permissions, pictures.

Values only; adapters/github reads and writes them.
"""

from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request as the forge knows it: what is to be merged (`head`) into what (`base`).

    `is_fork` is set also where the fork is gone and where the forge does not say: nothing is trusted by default.
    `head_repository` is `owner/name`, empty where it is gone. `is_locked` means that nobody may comment. `labels` are
    as of the reading, sorted. `author` is a login, empty where the account is gone.
    """

    number: int
    head: CommitSha
    base: CommitSha
    head_branch: str
    base_branch: str
    is_fork: bool
    head_repository: str = ""
    is_locked: bool = False
    is_open: bool = True
    is_merged: bool = False
    labels: tuple[str, ...] = ()
    author: str = ""
    url: str = ""

    @property
    def is_closed_to_us(self) -> bool:
        """Whether a workflow's token cannot write here by GitHub's own rules, whatever permissions it was given."""
        return self.is_fork or self.is_locked


@dataclass(frozen=True, kw_only=True, order=True)
class Issue:
    """An issue of the repository; `author` is a login, empty where the account is gone."""

    number: int
    author: str
    title: str
    body: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class MergeGroup:
    """What a merge queue wants to put (`head`) on a branch (`base` is that branch's head); no pull request's alone."""

    head: CommitSha
    base: CommitSha
    base_branch: str


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch of a repository (`owner/name`), which may be a fork."""

    repository: str
    name: str


@dataclass(frozen=True, kw_only=True, order=True)
class Comment:
    """A comment on a pull request; ids grow with time."""

    id: int
    author: str
    body: str
    url: str


class StatusState(StrEnum):
    """How a commit status looks in the forge's list of checks."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class CommitStatus:
    """One check of a commit; `description` is cut to 140 characters, `link` may be empty."""

    context: str
    state: StatusState
    description: str
    link: str = ""


class Permission(StrEnum):
    """What an account may do in a repository."""

    ADMIN = "admin"
    WRITE = "write"
    READ = "read"
    NONE = "none"

    @property
    def can_write(self) -> bool:
        """Whether the account may change the repository's content."""
        return self in {Permission.ADMIN, Permission.WRITE}


class CheckState(StrEnum):
    """How a check run stands: still at work, or how it ended."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    NEUTRAL = "neutral"
    FAILURE = "failure"
    CANCELLED = "cancelled"


class AnnotationLevel(StrEnum):
    """How loud an annotation is."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class CheckAnnotation:
    """A remark on a line of a file of the commit; `line` counts from 1."""

    path: str
    line: int
    level: AnnotationLevel
    title: str
    message: str


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """A check of a commit as the forge shows it: its title and markdown `summary`, and remarks on lines.

    `link` is where its details are, it may be empty.
    """

    name: str
    state: CheckState
    title: str
    summary: str = ""
    link: str = ""
    annotations: tuple[CheckAnnotation, ...] = ()


class ReviewState(StrEnum):
    """What a person's review of a pull request says."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"


@dataclass(frozen=True, kw_only=True)
class PersonReview:
    """A person's review of a pull request, of the commit that they looked at; in the order of submission."""

    author: str
    state: ReviewState
    commit: CommitSha


class DeploymentState(StrEnum):
    """How a deployment stands on the forge's board."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """A promotion as the forge's board shows it; model, environment, seq and digest are its identity.

    `url` is where the version is reached, `log_url` the page of the run that deployed it; both may be empty.
    """

    model: ModelName
    environment: EnvironmentName
    seq: int
    digest: Digest
    commit: CommitSha
    state: DeploymentState
    description: str = ""
    url: str = ""
    log_url: str = ""
