"""The plots that changed, for a terminal: a sparkline for each of their lines."""

from collections.abc import Iterator

from mlops_kit.core.render.plot_lines import left_out, line_texts
from mlops_kit.core.review.plots import PlotRow
from mlops_kit.core.review.report import Report

Row = tuple[str, ...]


def plot_rows(report: Report) -> Iterator[Row]:
    """Rows of five columns: plot, line, sparkline, its ends, and what else is to say."""
    for plot in report.plots:
        if plot.change:
            yield from _rows(plot)
    same = sum(not plot.change for plot in report.plots)
    if same:
        yield f"{same} of {len(report.plots)} did not change", "", "", "", ""


def _rows(plot: PlotRow) -> Iterator[Row]:
    texts = line_texts(plot)
    about = "; ".join(part for part in (plot.change, plot.note, left_out(plot)) if part)
    if not texts:
        yield plot.path, "", "", "", about
    for number, text in enumerate(texts):
        first = number == 0
        yield plot.path if first else "", text.label, text.bars, text.ends, about if first else ""
