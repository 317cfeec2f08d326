"""A process that the kit keeps serving, a folder that a controller follows, and what a web address said, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process to keep running: its own name, its words, and what to remember beside it.

    `variables` are added to its environment. `notes` are kept as they are, so that whoever looks later knows what runs.
    """

    name: str
    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """What is known of a service that was started: since when (seconds of the epoch), and whether it still runs."""

    name: str
    started_at: float
    alive: bool
    notes: Mapping[str, str] = field(default_factory=dict)
    last_words: str = ""


@dataclass(frozen=True, kw_only=True)
class WebAnswer:
    """What a web address answered."""

    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True)
class BranchFolder:
    """A folder of a branch; `repository` is an address for git, empty for the repository at hand."""

    branch: str
    path: str
    repository: str = ""
