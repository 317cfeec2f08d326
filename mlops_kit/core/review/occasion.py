"""What only the job that posts a report knows: nothing of it comes from the report itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_kit.core.review.lock_return import LockOutcome
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Override:
    """Somebody with write permission accepted this commit although a gate refuses it."""

    actor: str
    reason: str
    commit: CommitSha


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """When and where a report is shown. All may be empty, as on a laptop.

    `pictures` are the addresses of plots, by the plot's path. `current_head` is set where the pull request has moved
    on since the report was made. `run_url` is the workflow run's page, `tracking_url` that of the tracked run.
    `override_hint` tells how a refused commit can be accepted by hand. `lock` is what became of the lock that the
    runner made.
    """

    pictures: Mapping[str, str] = field(default_factory=dict)
    override: Override | None = None
    override_hint: str = ""
    current_head: CommitSha | None = None
    run_url: str = ""
    tracking_url: str = ""
    lock: LockOutcome | None = None
