"""The trials of a sweep as a table: for a terminal, as markdown, as JSON."""

import json
from collections.abc import Iterator

from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.markdown_table import value_cell
from mlops_kit.core.render.sweep_rows import (
    Name,
    find_cell,
    list_metrics,
    list_params,
    metric_titles,
    metric_values,
    show_name,
    summarise_sweep,
    sweep_rows,
)
from mlops_kit.core.render.text import align
from mlops_kit.core.review.sweep import SWEEP, SweepRows

_NO_TRIALS = "no trials"


def sweep_json(rows: SweepRows) -> str:
    """The sweep as strict JSON with sorted keys; the same sweep gives the same text."""
    return json.dumps(SWEEP.dump_python(rows, mode="json"), indent=2, sort_keys=True, allow_nan=False)


def render_sweep(rows: SweepRows) -> str:
    """A line per trial, the best first, and what became of them in all."""
    if not rows.trials:
        return _NO_TRIALS
    return "\n".join([*align(sweep_rows(rows)), "", *summarise_sweep(rows)])


def render_sweep_markdown(rows: SweepRows) -> str:
    """The same as GitHub markdown."""
    head, body = sweep_table(rows)
    told = (prose(line, limit=MESSAGE_LIMIT) for line in summarise_sweep(rows))
    return "\n".join([*head, *body, "", *told])


def sweep_table(rows: SweepRows) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The head of the table and its rows, in markdown; nothing foreign in it is interpreted."""
    params, metrics = list_params(rows), list_metrics(rows)
    titles = [*(cell(show_name(name)) for name in params), *(cell(name) for name in metric_titles(rows, metrics))]
    head = ("| ", "trial", *titles, "state", "seconds |")
    rule = ("|--:|:--", *["--:"] * len(titles), ":--", "--:|")
    return (" | ".join(head), "|".join(rule)), tuple(_markdown_rows(rows, params, metrics))


def _markdown_rows(rows: SweepRows, params: tuple[Name, ...], metrics: tuple[Name, ...]) -> Iterator[str]:
    for place, row in enumerate(rows.trials, 1):
        state = f"{row.state.value}: {prose(row.message, limit=MESSAGE_LIMIT)}" if row.message else row.state.value
        parts = (
            f"| {place}",
            cell(row.name),
            *(value_cell(find_cell(row.params, name)) for name in params),
            *(value_cell(value) for value in metric_values(rows, row, metrics)),
            state,
            f"{row.seconds:.1f} |",
        )
        yield " | ".join(parts)
