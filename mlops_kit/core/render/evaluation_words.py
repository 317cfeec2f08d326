"""Scores of the live model and the candidate as people read them; the same in markdown and on a terminal."""

from mlops_kit.core.render.values import show_value
from mlops_kit.core.review.evaluation import ScoreRow
from mlops_kit.core.review.metrics import exact, show_number, show_span


def show_change(row: ScoreRow) -> str:
    """Candidate minus live with its sign; empty where that is no number."""
    if row.difference is None:
        return ""
    text = show_number(exact(row.difference))
    return f"+{text}" if row.difference > 0 else text


def show_interval(row: ScoreRow) -> str:
    """`-0.012 to +0.034`, or an empty text."""
    return "" if row.low is None or row.high is None else show_span(row.low, row.high)


def show_rows(row: ScoreRow) -> str:
    """How many rows there were, or an empty text."""
    return f"{row.rows:,}" if row.rows else ""


def score_texts(row: ScoreRow) -> tuple[str, ...]:
    """Both scores, the change, its interval and the rows, of a stranger's and not cleaned."""
    return show_value(row.live), show_value(row.candidate), show_change(row), show_interval(row), show_rows(row)
