"""Finds out who approved that a version enters an environment: on its pull request, or for the workflow run."""

from dataclasses import dataclass

from mlops_kit.commands.world import World
from mlops_kit.core.config import ApprovalKind, ApprovalPolicy
from mlops_kit.core.errors import InputError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.promotion.approval import Approval, find_approvers, is_bot, judge_reviews
from mlops_kit.core.promotion.situation import Situation


@dataclass(frozen=True, kw_only=True)
class FoundApproval:
    """Who approved or what is missing, and the pull request that was looked at, where it was one."""

    approval: Approval
    pull_request: int | None = None


def find_approval(world: World, situation: Situation) -> FoundApproval:
    """Who approved the desired version by the environment's rule; never approved by nobody being asked.

    OutsideError where the forge gives no answer.
    """
    policy = situation.desired.environment.approval
    if policy is None:
        return FoundApproval(approval=Approval())
    if world.open_forge is None:
        return _missing(
            f"approval by {policy.by} cannot be seen from here: no forge is at hand",
            hint="run it in a workflow, or set GITHUB_REPOSITORY and GITHUB_TOKEN",
        )
    try:
        if policy.by is ApprovalKind.ENVIRONMENT:
            return _ask_run(world, world.open_forge(), situation)
        return _ask_reviews(world.open_forge(), situation, policy)
    except (RefusedError, InputError) as error:
        return _missing(f"approval by {policy.by} cannot be seen: {error}", hint=error.hint or _RIGHTS)


_RIGHTS = "the token needs pull-requests: read, actions: read and metadata: read"


def find_merged(forge: Forge, situation: Situation) -> PullRequest | None:
    """The pull request that brought the head of the environment's branch; of several the newest."""
    found = forge.find_pull_requests(situation.desired.commit)
    branch = situation.desired.environment.branch
    merged = [one for one in found if one.is_merged and one.base_branch == branch]
    return max(merged, key=lambda one: one.number, default=None)


def _ask_reviews(forge: Forge, situation: Situation, policy: ApprovalPolicy) -> FoundApproval:
    merged = find_merged(forge, situation)
    if merged is None:
        branch, commit = situation.desired.environment.branch, situation.desired.commit
        return _missing(
            f"no merged pull request brought {commit[:8]} to {branch}, so nobody reviewed it",
            hint=f"bring it to {branch} by a pull request, and have that approved",
        )
    people = find_approvers(forge.list_reviews(merged.number), merged, policy)
    allowed = (login for login in people if forge.read_permission(login).can_write)
    return FoundApproval(approval=judge_reviews(allowed, merged, policy), pull_request=merged.number)


def _ask_run(world: World, forge: Forge, situation: Situation) -> FoundApproval:
    name = situation.environment
    if world.run_id is None:
        return _missing(
            f"approval by environment is given to workflow runs of {name}, and this is none",
            hint=f"run the workflow with environment: {name}, and approve it on its page",
        )
    people = tuple(login for login in forge.list_run_approvals(world.run_id, name) if not is_bot(login.casefold()))
    if not people:
        return _missing(
            f"nobody approved that run {world.run_id} deploys to {name}",
            hint=f"set required reviewers on the forge's environment {name}, name it in the job, and approve the run",
        )
    return FoundApproval(approval=Approval(people=people))


def _missing(what: str, *, hint: str) -> FoundApproval:
    return FoundApproval(approval=Approval(missing=what, hint=hint))
