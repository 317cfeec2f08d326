"""The trials of a sweep as rows of text, and in a sentence what became of them."""

from collections.abc import Iterator

from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean
from mlops_kit.core.render.run import count_states
from mlops_kit.core.render.values import show_value
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.sweep import NamedCell, SweepRows, TrialRow
from mlops_kit.core.sweep.trial import PARAMS_FILE

Name = tuple[str, str]
"""A param or metric: its file and key."""
_OTHER_METRICS = 3
"""Metrics that are shown beside the one that ranks; JSON has all."""
_PARAMS = 20
"""Columns of params, at most."""


def sweep_rows(rows: SweepRows) -> tuple[tuple[str, ...], ...]:
    """The titles, and a row per trial, the best first; nothing for none."""
    if not rows.trials:
        return ()
    params, metrics = list_params(rows), list_metrics(rows)
    titles = ("", "trial", *map(show_name, params), *metric_titles(rows, metrics), "state", "seconds", "")
    lines = (
        (
            str(place),
            row.name or "-",
            *(_text(find_cell(row.params, name)) for name in params),
            *(_text(value) for value in metric_values(rows, row, metrics)),
            row.state.value,
            f"{row.seconds:.1f}",
            clean(row.message, limit=MESSAGE_LIMIT),
        )
        for place, row in enumerate(rows.trials, 1)
    )
    return (titles, *lines)


def summarise_sweep(rows: SweepRows) -> Iterator[str]:
    """What ranks, how trials ended, and which one is applied."""
    states = count_states(row.state.value for row in rows.trials)
    more = f", and {rows.left_out} more" if rows.left_out else ""
    ranked = (
        f"; best first by {clean(rows.metric)} ({rows.goal})"
        if rows.metric
        else "; name the metric that ranks: --metric"
    )
    yield f"{states}{more}{ranked}"
    if rows.applied:
        yield f"in the work tree: {clean(rows.applied)}"


def list_params(rows: SweepRows) -> tuple[Name, ...]:
    """The params that the sweep sets; the first, where a stranger names many."""
    names = dict.fromkeys((found.path, found.key) for row in rows.trials for found in row.params)
    return tuple(names)[:_PARAMS]


def list_metrics(rows: SweepRows) -> tuple[Name, ...]:
    """The first metrics beside the one that ranks."""
    names = sorted({(found.path, found.key) for row in rows.trials for found in row.metrics})
    return tuple(name for name in names if rows.metric not in {name[1], ":".join(name)})[:_OTHER_METRICS]


def metric_titles(rows: SweepRows, metrics: tuple[Name, ...]) -> tuple[str, ...]:
    """What the columns of metrics are called, the one that ranks first."""
    return (*((rows.metric,) if rows.metric else ()), *(key or path for path, key in metrics))


def metric_values(rows: SweepRows, row: TrialRow, metrics: tuple[Name, ...]) -> Iterator[Cell]:
    """A trial's values in these columns, empty where it has none."""
    if rows.metric:
        yield row.value if row.value is not None else ""
    for name in metrics:
        yield find_cell(row.metrics, name, missing="")


def find_cell(cells: tuple[NamedCell, ...], name: Name, *, missing: Cell = None) -> Cell:
    """The value of that name."""
    return next((found.value for found in cells if (found.path, found.key) == name), missing)


def show_name(name: Name) -> str:
    """`KEY`, or `FILE:KEY` where the file is not the usual one."""
    path, key = name
    return key if path == PARAMS_FILE else f"{path}:{key}"


def _text(value: Cell) -> str:
    return "null" if value is None else clean(show_value(value), limit=60)
