"""The issue that stands for an environment whose data has drifted."""

from mlops_kit.core.drift.report import DriftAnswer, DriftReport
from mlops_kit.core.render.drift_markdown import render_drift_markdown

_LIMIT = 60_000
"""Characters, below the 65,536 of GitHub."""
_NEXT = {
    DriftAnswer.FAIL: "`mlops-kit retrain` trains again on the new data and proposes the result as a pull request.",
    DriftAnswer.OK: "The data is as it was when the model was trained: this issue closes itself.",
}
_INVALID = "Nothing should be trained on data that is not valid: mend what delivers it."
_ROWS = (50, 20, 5, 0)


def issue_marker(environment: str) -> str:
    """The first line of the issue, which GitHub does not show."""
    return f"<!-- mlops-kit:drift:{environment} -->"


def issue_title(report: DriftReport, environment: str) -> str:
    """One line without foreign words."""
    if report.violations:
        return f"Data of {environment} is not valid"
    return f"Data of {environment} has drifted" if report.verdict is DriftAnswer.FAIL else f"Data of {environment}"


def issue_body(report: DriftReport, environment: str) -> str:
    """The marker, the report with as many columns as fit, and what to do."""
    told = _INVALID if report.violations else _NEXT.get(report.verdict, "")
    parts = (render_drift_markdown(report, title=f"Data of {environment}", shown=shown) for shown in _ROWS)
    fitting = next(part for part in parts if len(part) < _LIMIT)
    return "\n".join([issue_marker(environment), fitting, told]).rstrip() + "\n"
