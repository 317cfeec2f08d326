"""The tables of a report's page: gates, metrics, params, data, models, stages."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.page import Part, Shown, Table, Tone
from mlops_kit.core.render.values import count, show_difference, show_digest, show_size, show_usage, show_value
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.data import DataRow
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import GateRow, Report
from mlops_kit.core.run import StageState
from mlops_kit.core.types import Answer

_ANSWER_TONES = {
    Answer.PASS: Tone.GOOD,
    Answer.WARN: Tone.ODD,
    Answer.INCONCLUSIVE: Tone.ODD,
    Answer.NOT_EVALUABLE: Tone.BAD,
    Answer.FAIL: Tone.BAD,
}
_TREND_TONES = {
    Trend.BETTER: Tone.GOOD,
    Trend.WORSE: Tone.BAD,
    Trend.TYPE_CHANGED: Tone.ODD,
    Trend.NON_FINITE: Tone.ODD,
    Trend.UNREADABLE: Tone.ODD,
}


def gates_part(gates: Iterable[GateRow]) -> Iterator[Part]:
    """The gates, the worst answer first."""
    order = list(reversed(_ANSWER_TONES))
    rows = tuple(
        (
            Shown(text=gate.answer.value.replace("-", " "), tone=_ANSWER_TONES[gate.answer]),
            Shown(text=gate.rule, code=True),
            Shown(text=gate.message),
        )
        for gate in sorted(gates, key=lambda gate: order.index(gate.answer))
    )
    if rows:
        yield Part(title="Gates", table=Table(columns=("answer", "gate", "why"), rows=rows))


def metrics_part(report: Report) -> Iterator[Part]:
    """What changed, and folded what did not."""
    changed = [row for row in report.metrics if row.trend is not Trend.SAME]
    same = [row for row in report.metrics if row.trend is Trend.SAME]
    if changed:
        yield Part(title="Metrics", table=_metric_table(changed, report))
    elif report.metrics:
        yield Part(title="Metrics", lines=(Shown(text="No metric changed."),))
    else:
        yield Part(title="Metrics", lines=(Shown(text="There are no metrics."),))
    if same:
        yield Part(title=f"{count(same, 'metric')} did not change", folded=True, table=_metric_table(same, report))


def _metric_table(rows: Iterable[MetricRow], report: Report) -> Table:
    several = len({row.path for row in report.metrics}) > 1
    live = report.live is not None
    return Table(
        columns=("metric", "base", *(("live",) if live else ()), "head", "change", ""),
        rows=tuple(tuple(_metric_cells(row, several=several, live=live)) for row in rows),
        numbers=(1, 2, 3, 4) if live else (1, 2, 3),
    )


def _metric_cells(row: MetricRow, *, several: bool, live: bool) -> Iterator[Shown]:
    yield _name(row.path, row.key, several=several)
    yield _value(row.old)
    if live:
        yield _value(row.live)
    yield _value(row.new)
    yield Shown(text=show_difference(row))
    assumed = "direction assumed" if row.assumed and row.trend in {Trend.BETTER, Trend.WORSE} else ""
    yield Shown(text=row.trend.value.replace("-", " "), tone=_TREND_TONES.get(row.trend, Tone.PLAIN), about=assumed)


def _name(path: str, key: str, *, several: bool) -> Shown:
    """The key; with its file where there are several, and the file alone where the key is empty."""
    return Shown(text=key or path, code=True, about=path if several and key else "")


def _value(value: Cell) -> Shown:
    return Shown(text=show_value(value), code=isinstance(value, str))


def params_part(params: Iterable[ParamRow]) -> Iterator[Part]:
    """The params that differ."""
    known = tuple(params)
    several = len({row.path for row in known}) > 1
    rows = tuple((_name(row.path, row.key, several=several), _value(row.old), _value(row.new)) for row in known)
    if rows:
        yield Part(title="Params", table=Table(columns=("param", "base", "head"), rows=rows, numbers=(1, 2)))


def data_part(data: Iterable[DataRow]) -> Iterator[Part]:
    """The data that differs, and folded the columns of its tables that do."""
    known = tuple(data)
    rows = tuple(tuple(_data_cells(row)) for row in known)
    if rows:
        columns = ("data", "change", "size", "files", "rows", "")
        yield Part(title="Data", table=Table(columns=columns, rows=rows, numbers=(2, 3, 4)))
    for row in known:
        if row.columns:
            yield Part(title=f"{count(row.columns, 'column')} of {row.path}", folded=True, table=_column_table(row))


def _data_cells(row: DataRow) -> Iterator[Shown]:
    yield Shown(text=row.path, code=True)
    yield Shown(text=row.change)
    sizes = (None if size is None else show_size(size) for size in (row.old_bytes, row.new_bytes))
    yield _step(*sizes)
    yield _step(*(None if files is None else str(files) for files in (row.old_files, row.new_files)))
    yield _step(*(None if rows is None else str(rows) for rows in (row.old_rows, row.new_rows)))
    yield Shown(text=row.note)


def _step(old: str | None, new: str | None) -> Shown:
    """`old → new`, one of them where there is only one or both are the same."""
    if old == new or old is None or new is None:
        return Shown(text=new or old or "")
    return Shown(text=f"{old} → {new}")


def _column_table(row: DataRow) -> Table:
    return Table(
        columns=("column", "base", "head"),
        rows=tuple(
            (Shown(text=column.name, code=True), Shown(text=column.old or "none"), Shown(text=column.new or "none"))
            for column in row.columns
        ),
    )


def models_part(models: Iterable[ModelRow]) -> Iterator[Part]:
    """The models and their digests."""
    rows = tuple(
        (
            Shown(text=model.name, code=True),
            Shown(text=show_digest(model.old), code=True),
            Shown(text=show_digest(model.new), code=True),
            Shown(text=model_word(model)),
        )
        for model in models
    )
    if rows:
        yield Part(title="Models", table=Table(columns=("model", "base", "head", ""), rows=rows))


def model_word(model: ModelRow) -> str:
    """What happened to a model's bytes."""
    if not model.new:
        return "no bytes in head"
    if model.old == model.new:
        return "same bytes"
    return "new bytes" if model.old else "new"


def stages_part(stages: Iterable[StageRow]) -> Iterator[Part]:
    """The stages that changed or ran, and folded the others."""
    known = tuple(stages)
    loud = tuple(stage for stage in known if stage.change or stage.state not in {"", "cached"})
    quiet = tuple(stage for stage in known if stage not in loud)
    if loud:
        yield Part(title="Stages", table=_stage_table(loud))
    if quiet:
        yield Part(title=f"{count(quiet, 'stage')} did not change", folded=True, table=_stage_table(quiet))


def _stage_table(stages: Iterable[StageRow]) -> Table:
    return Table(
        columns=("stage", "change", "last run", "seconds", "used"),
        rows=tuple(
            (
                Shown(text=stage.name, code=True),
                Shown(text=stage.change),
                Shown(text=stage.state, about=stage.message, tone=_run_tone(stage)),
                Shown(text=f"{stage.seconds:.1f}" if stage.seconds else ""),
                Shown(text=show_usage(stage.cpu_seconds, stage.memory_bytes, stage.gpu_memory_bytes)),
            )
            for stage in stages
        ),
        numbers=(3,),
    )


def _run_tone(stage: StageRow) -> Tone:
    return Tone.BAD if stage.state == StageState.FAILED else Tone.PLAIN
