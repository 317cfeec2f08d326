"""A repository's settings on a forge, as values: what guards branches and environments, and what runs there."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class BranchRules:
    """What holds for a branch, by rulesets and by protection together; `checks` are the names of required checks."""

    exists: bool
    requires_pull_request: bool = False
    checks: frozenset[str] = frozenset()
    forbids_force_push: bool = False
    forbids_deletion: bool = False


@dataclass(frozen=True, kw_only=True)
class GuardedEnvironment:
    """One of the forge's environments."""

    name: str
    has_reviewers: bool = False
    prevents_self_review: bool = False
    limits_branches: bool = False


@dataclass(frozen=True, kw_only=True)
class WorkflowRights:
    """What workflows may do where they say nothing, and whether they may open pull requests."""

    writes_by_default: bool
    opens_pull_requests: bool


@dataclass(frozen=True, kw_only=True)
class OwnRunner:
    """A runner that is registered with the repository."""

    name: str
    labels: frozenset[str]
    online: bool
    ephemeral: bool | None


@dataclass(frozen=True, kw_only=True)
class ScheduledWorkflow:
    """A workflow that runs on a schedule; `last` is when that happened last, None where never."""

    file: str
    is_active: bool
    last: datetime | None
