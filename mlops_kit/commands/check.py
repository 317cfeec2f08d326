"""Sets the check of a commit: how its review stands, in the forge's list of checks."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from mlops_kit.commands.comment import Outcome, Posting, post_comment
from mlops_kit.commands.judge import Bench, read_base_policy
from mlops_kit.commands.subject import Subject, look_again
from mlops_kit.core.errors import KitError, PassingError, RefusedError
from mlops_kit.core.forge import CheckAnnotation, CheckRun, MergeGroup, PullRequest
from mlops_kit.core.ports import Forge, Git
from mlops_kit.core.render.check import as_status, clean_annotations, missing_check, missing_text
from mlops_kit.core.review.annotations import FILE_LIMIT, annotate, paths_of_interest
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import Gap, Marker
from mlops_kit.core.types import CommitSha

CHECK_TRIES = 3


def set_check(forge: Forge, commit: CommitSha, check: CheckRun) -> None:
    """Set a commit's check run; where the token may set none, its commit status.

    RefusedError where it may set neither.
    """
    try:
        _repeat(lambda: forge.set_check_run(commit, check))
    except RefusedError as refusal:
        try:
            _repeat(lambda: forge.set_commit_status(commit, as_status(check)))
        except RefusedError as error:
            raise RefusedError(str(refusal), hint=refusal.hint) from error


def say_missing(forge: Forge, subject: Subject | MergeGroup, gap: Gap, marker: Marker, *, link: str) -> None:
    """Say in the place of the report that there is none, and end its check.

    Nothing is said on a pull request that moved on, for a later run reports on it. Where one has reported already the
    check is that run's too.
    """
    if isinstance(subject, Subject) and look_again(forge, subject).current_head is None:
        number = subject.pull_request.number
        text = missing_text(gap, head=marker.head, link=link)
        if post_comment(forge, Posting(number=number, marker=marker, text=text)).outcome is Outcome.SUPERSEDED:
            return
    set_check(forge, marker.head, missing_check(marker.report_id, gap, link=link))


def read_remarks(
    bench: Bench,
    report: Report,
    proposal: PullRequest | MergeGroup,
    open_head: Callable[[PullRequest | MergeGroup], AbstractContextManager[Git]],
) -> tuple[CheckAnnotation, ...]:
    """Remarks on lines of the head commit, read as git objects; none where those cannot be had.

    A gate is shown in head's configuration only where that is the one it was judged by.
    """
    try:
        paths = paths_of_interest(report, config_file=bench.config_file)
        with open_head(proposal) as head:
            files = dict(head.read_small_files(proposal.head, paths, limit=FILE_LIMIT))
        judged_by = bench.git.read_files(proposal.base, [bench.config_file])
        if files.get(bench.config_file) != judged_by.get(bench.config_file):
            files.pop(bench.config_file, None)
        config = read_base_policy(bench, proposal.base)
        return clean_annotations(annotate(report, files, config=config, config_file=bench.config_file))
    except KitError:
        return ()


def _repeat(write: Callable[[], None]) -> None:
    """Write again where it is not known to be done, since the last one counts."""
    for _ in range(CHECK_TRIES - 1):
        try:
            return write()
        except PassingError:
            continue
    return write()
