"""Finds out whether somebody who may do so accepted a commit that a gate refuses."""

from collections.abc import Iterable

from mlops_kit.core.errors import InputError, RefusedError
from mlops_kit.core.forge import Comment, PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.review.occasion import Override
from mlops_kit.core.review.override import claims_for
from mlops_kit.core.types import CommitSha, RecordedOverride


def find_override(
    forge: Forge, pull_request: PullRequest, comments: Iterable[Comment], *, label: str
) -> Override | None:
    """The newest word of somebody with write permission for the pull request's head; None where there is none.

    Without the label nobody's permission is asked for.
    """
    if label not in pull_request.labels:
        return None
    for claim in claims_for(comments, pull_request.head):
        if forge.read_permission(claim.author).can_write:
            return Override(actor=claim.author, reason=claim.reason, commit=pull_request.head)
    return None


def find_merged_override(forge: Forge, commit: CommitSha, *, branch: str, label: str) -> RecordedOverride | None:
    """The override of the pull request that brought a commit to a branch; None where there is none.

    None also where the token may not look: what nobody can show does not hold.
    """
    try:
        for merged in forge.find_pull_requests(commit):
            if not merged.is_merged or merged.base_branch != branch or label not in merged.labels:
                continue
            found = find_override(forge, merged, forge.list_comments(merged.number), label=label)
            if found:
                return RecordedOverride(actor=found.actor, reason=found.reason, pull_request=merged.number)
    except (RefusedError, InputError):
        return None
    return None
