"""The candidates of a sweep as a table: for a terminal, as markdown, as JSON."""

import json
from collections.abc import Iterator

from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, clean, prose
from mlops_kit.core.render.markdown_table import value_cell
from mlops_kit.core.render.run import count_states
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import show_value
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.sweep import SWEEP, CandidateRow, NamedCell, SweepRows
from mlops_kit.core.sweep.candidate import PARAMS_FILE

_OTHER_METRICS = 3
"""Metrics that are shown beside the one that ranks; JSON has all."""
_NO_CANDIDATES = "no candidates"
_Name = tuple[str, str]


def sweep_json(rows: SweepRows) -> str:
    """The sweep as strict JSON with sorted keys; the same sweep gives the same text."""
    return json.dumps(SWEEP.dump_python(rows, mode="json"), indent=2, sort_keys=True, allow_nan=False)


def render_sweep(rows: SweepRows) -> str:
    """A line per candidate, the best first, and what became of them in all."""
    if not rows.candidates:
        return _NO_CANDIDATES
    params, metrics = _params(rows), _metrics(rows)
    head = ("", "candidate", *(_title(name) for name in params), *_metric_titles(rows, metrics), "state", "seconds", "")
    lines = [
        (
            str(place),
            row.name or "-",
            *(_text(_find(row.params, name)) for name in params),
            *(_text(value) for value in _metric_values(rows, row, metrics)),
            row.state.value,
            f"{row.seconds:.1f}",
            clean(row.message, limit=MESSAGE_LIMIT),
        )
        for place, row in enumerate(rows.candidates, 1)
    ]
    return "\n".join([*align([head, *lines]), "", *summarise_sweep(rows)])


def render_sweep_markdown(rows: SweepRows) -> str:
    """The same as GitHub markdown."""
    head, body = sweep_table(rows)
    told = (prose(line, limit=MESSAGE_LIMIT) for line in summarise_sweep(rows))
    return "\n".join([*head, *body, "", *told])


def sweep_table(rows: SweepRows) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The head of the table and its rows, in markdown; nothing foreign in it is interpreted."""
    params, metrics = _params(rows), _metrics(rows)
    titles = [*(cell(_title(name)) for name in params), *(cell(name) for name in _metric_titles(rows, metrics))]
    head = ("| ", "candidate", *titles, "state", "seconds |")
    rule = ("|--:|:--", *["--:"] * len(titles), ":--", "--:|")
    return (" | ".join(head), "|".join(rule)), tuple(_markdown_rows(rows, params, metrics))


def summarise_sweep(rows: SweepRows) -> Iterator[str]:
    """What ranks, how candidates ended, and which one is applied."""
    states = count_states(row.state.value for row in rows.candidates)
    more = f", and {rows.left_out} more" if rows.left_out else ""
    ranked = (
        f"; best first by {clean(rows.metric)} ({rows.goal})"
        if rows.metric
        else "; name the metric that ranks: --metric"
    )
    yield f"{states}{more}{ranked}"
    if rows.applied:
        yield f"in the work tree: {rows.applied}"


def _markdown_rows(rows: SweepRows, params: tuple[_Name, ...], metrics: tuple[_Name, ...]) -> Iterator[str]:
    for place, row in enumerate(rows.candidates, 1):
        state = f"{row.state.value}: {prose(row.message, limit=MESSAGE_LIMIT)}" if row.message else row.state.value
        parts = (
            f"| {place}",
            cell(row.name),
            *(value_cell(_find(row.params, name)) for name in params),
            *(value_cell(value) for value in _metric_values(rows, row, metrics)),
            state,
            f"{row.seconds:.1f} |",
        )
        yield " | ".join(parts)


def _params(rows: SweepRows) -> tuple[_Name, ...]:
    return tuple(dict.fromkeys((found.path, found.key) for row in rows.candidates for found in row.params))


def _metrics(rows: SweepRows) -> tuple[_Name, ...]:
    """The first other metrics."""
    names = sorted({(found.path, found.key) for row in rows.candidates for found in row.metrics})
    return tuple(name for name in names if rows.metric not in {name[1], ":".join(name)})[:_OTHER_METRICS]


def _metric_titles(rows: SweepRows, metrics: tuple[_Name, ...]) -> tuple[str, ...]:
    return (*((rows.metric,) if rows.metric else ()), *(key or path for path, key in metrics))


def _metric_values(rows: SweepRows, row: CandidateRow, metrics: tuple[_Name, ...]) -> Iterator[Cell]:
    if rows.metric:
        yield row.value if row.value is not None else ""
    for name in metrics:
        yield _find(row.metrics, name, missing="")


def _find(cells: tuple[NamedCell, ...], name: _Name, *, missing: Cell = None) -> Cell:
    return next((found.value for found in cells if (found.path, found.key) == name), missing)


def _title(name: _Name) -> str:
    path, key = name
    return key if path == PARAMS_FILE else f"{path}:{key}"


def _text(value: Cell) -> str:
    return "null" if value is None else clean(show_value(value), limit=60)
