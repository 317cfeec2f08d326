"""Sets the check of a commit: how the review of a pull request stands, in the forge's list of checks."""

from mlops_kit.commands.comment import Posted, Review
from mlops_kit.core.errors import PassingError
from mlops_kit.core.forge import CommitStatus, StatusState
from mlops_kit.core.ports import Forge
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import summarize_gates
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID
from mlops_kit.core.types import CommitSha

STATUS_TRIES = 3
CONTEXT = "mlops-kit"
"""The check's name; a report with an id of its own has a check of its own."""


def set_check(forge: Forge, review: Review, posted: Posted) -> None:
    """Set the check of the pull request's head by the verdict, with a link to the comment."""
    named = review.report_id != DEFAULT_REPORT_ID
    status = CommitStatus(
        context=f"{CONTEXT}/{review.report_id}" if named else CONTEXT,
        state=StatusState.FAILURE if review.report.verdict is Verdict.FAIL else StatusState.SUCCESS,
        description=summarize_gates(review.report),
        link=posted.url,
    )
    set_status(forge, review.pull_request.head, status)


def set_status(forge: Forge, commit: CommitSha, status: CommitStatus) -> None:
    """Set a check of the commit; tried again where it is not known to be done, since the last one set counts."""
    for _ in range(STATUS_TRIES - 1):
        try:
            return forge.set_commit_status(commit, status)
        except PassingError:
            continue
    return forge.set_commit_status(commit, status)
