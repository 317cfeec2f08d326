"""A judged report as a check of its commit: how it ended, the verdict in one sentence, and the report's beginning.

Title and annotations are plain text to GitHub; control and direction characters of a stranger's are taken out.
"""

from dataclasses import replace
from typing import assert_never

from mlops_kit.core.forge import CheckAnnotation, CheckRun, CheckState, CommitStatus, StatusState
from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean, prose
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.verdict import tell_verdict
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID, Gap

SUMMARY_LIMIT = 12_000
"""Characters of the report that the check's page shows; the comment has it all."""
TITLE_LIMIT = 220
"""Characters of the verdict before it is cut, and its length told; GitHub takes 255."""
CONTEXT = "mlops-kit"
"""The check's name; a report with an id of its own has a check of its own."""

_GAPS = {
    Gap.FAILURE: (CheckState.FAILURE, "there is no report that could be used"),
    Gap.CANCELLED: (CheckState.CANCELLED, "reproducing was cancelled"),
}


def check_name(report_id: str) -> str:
    """The name of a report's check."""
    return CONTEXT if report_id == DEFAULT_REPORT_ID else f"{CONTEXT}/{report_id}"


def begun_check(report_id: str, *, link: str) -> CheckRun:
    """The check while the pipeline runs; `link` leads to the run."""
    title = "reproducing the pipeline"
    return CheckRun(name=check_name(report_id), state=CheckState.IN_PROGRESS, title=title, summary=title, link=link)


def missing_check(report_id: str, gap: Gap, *, link: str) -> CheckRun:
    """The check where no report came; `link` leads to the run."""
    state, title = _GAPS[gap]
    return CheckRun(name=check_name(report_id), state=state, title=title, summary=title, link=link)


def missing_text(gap: Gap, *, head: str, link: str) -> str:
    """The comment where no report came."""
    sign = "❌" if gap is Gap.FAILURE else "⚪"
    run = f" [The run]({link}) says more." if link else ""
    about = f"Nothing is known of <code>{prose(head[:12])}</code>."
    return f"## {sign} No report: {_GAPS[gap][1]}\n\n{about}{run}"


def report_check(report: Report, occasion: Occasion, *, report_id: str, link: str) -> CheckRun:
    """The check of a judged report; `link` leads to its comment."""
    return CheckRun(
        name=check_name(report_id),
        state=_state(report, occasion),
        title=check_title(report, occasion),
        summary=render_report(report, occasion, limit=SUMMARY_LIMIT),
        link=link,
    )


def check_title(report: Report, occasion: Occasion) -> str:
    """The verdict in one sentence."""
    return clean(tell_verdict(report, occasion.override), limit=TITLE_LIMIT)


def clean_annotations(annotations: tuple[CheckAnnotation, ...]) -> tuple[CheckAnnotation, ...]:
    """The remarks as they may be shown."""
    return tuple(
        replace(found, title=clean(found.title), message=clean(found.message, limit=MESSAGE_LIMIT))
        for found in annotations
    )


def as_status(check: CheckRun) -> CommitStatus:
    """The check as a commit status, for tokens that may set no check run."""
    return CommitStatus(context=check.name, state=_status_state(check.state), description=check.title, link=check.link)


def _state(report: Report, occasion: Occasion) -> CheckState:
    if occasion.override:
        return CheckState.SUCCESS
    match report.verdict:
        case Verdict.PASS:
            return CheckState.SUCCESS
        case Verdict.WARN:
            return CheckState.NEUTRAL
        case Verdict.FAIL:
            return CheckState.FAILURE
        case _:
            assert_never(report.verdict)


def _status_state(state: CheckState) -> StatusState:
    match state:
        case CheckState.IN_PROGRESS:
            return StatusState.PENDING
        case CheckState.SUCCESS | CheckState.NEUTRAL:
            return StatusState.SUCCESS
        case CheckState.FAILURE:
            return StatusState.FAILURE
        case CheckState.CANCELLED:
            return StatusState.ERROR
        case _:
            assert_never(state)
