"""The report as plain text for a terminal: the same order as the comment, aligned columns, no colour of its own."""

from collections.abc import Iterable, Iterator, Sequence

from mlops_kit.core.render.data_text import data_rows
from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean
from mlops_kit.core.render.evaluation_words import score_texts
from mlops_kit.core.render.plot_text import plot_rows
from mlops_kit.core.render.sweep_rows import sweep_rows
from mlops_kit.core.render.values import show_difference, show_digest, show_usage, show_value
from mlops_kit.core.render.verdict import tell_verdict
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.comparability import describe_obstacle
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.report import PlanRows, Report, Side

Row = tuple[str, ...]


def render_report_text(report: Report) -> str:
    """The report as lines of text, without a line end after the last."""
    sections = (
        _head(report),
        _section("gates", ((gate.answer.value, gate.rule, gate.message) for gate in report.gates)),
        _lines("notes", report.notes),
        _lines("not comparable", _obstacle_lines(report)),
        _section("live and candidate on the same data", _score_rows(report)),
        _section("metrics", _metric_rows(report)),
        _section("plots", plot_rows(report)),
        _section("params", ((_name(row.path, row.key), _value(row.old), _value(row.new)) for row in report.params)),
        _section("sweep", sweep_rows(report.sweep) if report.sweep else ()),
        _section("models", ((row.name, show_digest(row.old), show_digest(row.new)) for row in report.models)),
        _section("data", data_rows(report)),
        _section("stages", _stage_rows(report)),
        _plan(report.plan, report.environment),
        _quiet(report),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines)


def align(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines with columns of equal width, two spaces between."""
    known = [tuple(clean(part) for part in row) for row in rows]
    widths = [max(len(row[column]) for row in known) for column in range(len(known[0]))] if known else []
    for row in known:
        yield "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip()


def _head(report: Report) -> Iterator[str]:
    yield clean(tell_verdict(report), limit=MESSAGE_LIMIT)
    if names := failed_stages(report.stages)[1:]:
        yield f"failed, too: {clean(', '.join(names))}"
    yield f"{_side(report.base)} -> {_side(report.head)}"
    if report.live:
        yield f"beside them: {_side(report.live)}"
    if report.policy_changed:
        yield "this change edits the rules it is judged by; the rules of base hold"
    if report.lock_uncommitted:
        yield "dvc.lock in the work tree is not committed"
    if report.tracked:
        yield f"tracked as run {report.tracked.run_id} of experiment {report.tracked.experiment_id}"


def _side(side: Side) -> str:
    return f"{clean(side.name)} ({clean(side.commit[:8])})" if side.commit else clean(side.name)


def _section(title: str, rows: Iterable[Row]) -> Iterator[str]:
    known = list(rows)
    if known:
        yield title
        yield from (f"  {line}" for line in align(known))


def _lines(title: str, lines: Iterable[str]) -> Iterator[str]:
    known = list(lines)
    if known:
        yield title
        yield from (f"  {clean(line, limit=MESSAGE_LIMIT)}" for line in known)


def _metric_rows(report: Report) -> Iterator[Row]:
    """What moved, with a column for what is live where that is something else."""
    for row in report.metrics:
        if row.trend is not Trend.SAME or _is_other_live(row):
            live = (f"live {_value(row.live)}" if row.live is not None else "",) if report.live else ()
            yield (
                _name(row.path, row.key),
                _value(row.old),
                _value(row.new),
                *live,
                show_difference(row),
                row.trend.value.replace("-", " "),
                f"({row.goal} assumed)" if row.assumed and row.trend in {Trend.BETTER, Trend.WORSE} else "",
            )


def _is_other_live(row: MetricRow) -> bool:
    return row.live is not None and row.live != row.new


def _score_rows(report: Report) -> Iterator[Row]:
    for found in report.evaluations:
        yield from ((f"{found.model} {row.key}", *score_texts(row)) for row in found.scores)


def _obstacle_lines(report: Report) -> Iterator[str]:
    for row in report.obstacles:
        against = "what is live" if row.against == "live" else "base"
        yield f"{row.path} with {against}: {describe_obstacle(row)}"


def _stage_rows(report: Report) -> Iterator[Row]:
    for stage in report.stages:
        if stage.change or stage.state not in {"", "cached"}:
            seconds = f"{stage.seconds:.1f} s" if stage.seconds else ""
            used = show_usage(stage.cpu_seconds, stage.memory_bytes, stage.gpu_memory_bytes)
            yield stage.name, stage.change, stage.state, seconds, used, stage.message


def _plan(plan: PlanRows | None, environment: str) -> Iterator[str]:
    if plan is None:
        return
    title = f"a merge into {clean(environment)} would"
    blocked = [f"{found.model} is blocked: {found.reason}" for found in plan.blocked]
    unknown = [f"{found.model} could not be judged: {found.reason}" for found in plan.unknown]
    changes = [
        (change.model, change.verb.value, show_digest(change.source), "->", show_digest(change.target))
        for change in plan.changes
    ]
    yield from _lines(title, [*blocked, *unknown])
    if changes or not blocked + unknown:
        yield from list(_section(title, changes or [("change nothing",)]))[bool(blocked + unknown) :]


def _quiet(report: Report) -> Iterator[str]:
    same = sum(row.trend is Trend.SAME for row in report.metrics)
    if same:
        yield f"{same} of {len(report.metrics)} metrics did not change"
    elif not report.metrics:
        yield "there are no metrics"


def _name(path: str, key: str) -> str:
    return f"{path}:{key}" if key else path


def _value(value: Cell) -> str:
    return clean(show_value(value), limit=60)
