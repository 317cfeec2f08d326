"""Keeps one issue for each environment while its data has drifted: opened, kept up to date, closed.

Safe to repeat and to run twice at once: of two issues of one environment the older one stays.
"""

from contextlib import suppress
from enum import StrEnum

from mlops_kit.core.drift.report import DriftAnswer, DriftReport
from mlops_kit.core.errors import PassingError
from mlops_kit.core.forge import Issue
from mlops_kit.core.ports.issues import Issues
from mlops_kit.core.render.drift_issue import issue_body, issue_marker, issue_title
from mlops_kit.core.types import EnvironmentName


class Alarm(StrEnum):
    """What became of the issue."""

    NONE = "none"
    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"


def raise_alarm(report: DriftReport, environment: EnvironmentName, issues: Issues) -> Alarm:
    """Open where it fails, close where it is ok again, else only bring an open one up to date."""
    kept = _keep_one(issues, environment)
    title, body = issue_title(report, environment), issue_body(report, environment)
    if kept is None:
        return _open(issues, environment, title, body) if report.verdict is DriftAnswer.FAIL else Alarm.NONE
    changed = (kept.title, kept.body) != (title, body)
    if changed:
        issues.update_issue(kept, title=title, body=body)
    if report.verdict is DriftAnswer.OK:
        issues.close_issue(kept)
        return Alarm.CLOSED
    return Alarm.UPDATED if changed else Alarm.UNCHANGED


def _open(issues: Issues, environment: EnvironmentName, title: str, body: str) -> Alarm:
    """A call that may have failed is judged by the next look."""
    obstacle: PassingError | None = None
    try:
        issues.create_issue(title, body)
    except PassingError as error:
        obstacle = error
    if _keep_one(issues, environment) is None and obstacle is not None:
        raise obstacle
    return Alarm.OPENED


def _keep_one(issues: Issues, environment: EnvironmentName) -> Issue | None:
    """The environment's oldest open issue; what a race left besides is closed."""
    marker = issue_marker(environment)
    own = [issue for issue in issues.list_own_issues() if issue.body.startswith(marker)]
    for surplus in own[1:]:
        with suppress(PassingError):
            issues.close_issue(surplus, as_duplicate=True)
    return own[0] if own else None
