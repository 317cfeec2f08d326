"""The report as GitHub markdown: verdict and gates first, then what changed, the rest folded.

Every name, value and message goes through `escape`; the text never passes its limit, whatever the report holds.
"""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, fit
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, clean, prose
from mlops_kit.core.render.markdown_plots import plot_blocks
from mlops_kit.core.render.mermaid import Graph, Mark, Node, render_graph
from mlops_kit.core.render.values import count, show_difference, show_digest, show_usage, show_value
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.changes import ModelRow, StageRow, failed_stages
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import GateRow, PlanRows, Report, Side
from mlops_kit.core.run import StageState
from mlops_kit.core.types import Answer

LIMIT = 60_000
"""Characters that leave room for a marker below GitHub's 65,536."""

NO_OCCASION = Occasion()
"""Nothing is known but the report itself."""

_TITLES = {
    Verdict.PASS: "✅ {}: all gates pass",
    Verdict.WARN: "⚠️ {}: worth a look",
    Verdict.FAIL: "❌ {}: gates refuse this version",
}
_NO_GATES = "✅ {}: no gates are set"
_FAILED = "❌ {}: {} failed, so what is below is not what this change would give"
_ANSWERS = {
    Answer.FAIL: "❌ fail",
    Answer.NOT_EVALUABLE: "❌ not evaluable",
    Answer.INCONCLUSIVE: "⚠️ inconclusive",
    Answer.WARN: "⚠️ warn",
    Answer.PASS: "✅ pass",
}
_TRENDS = {
    Trend.BETTER: "🟢 better",
    Trend.WORSE: "🔴 worse",
    Trend.SAME: "same",
    Trend.NEW: "new",
    Trend.REMOVED: "removed",
    Trend.CHANGED: "changed",
    Trend.TYPE_CHANGED: "⚠️ type changed",
    Trend.NON_FINITE: "⚠️ not finite",
    Trend.UNREADABLE: "⚠️ unreadable",
}
_METRIC_HEAD = ("| metric | base | head | change | |", "|:--|--:|--:|--:|:--|")
_STAGE_HEAD = ("| stage | change | last run | seconds | used |", "|:--|:--|:--|--:|:--|")


def render_report(report: Report, occasion: Occasion = NO_OCCASION, *, limit: int = LIMIT) -> str:
    """The report as GitHub markdown, at most `limit` characters, the same for the same report and occasion."""
    changed = [row for row in report.metrics if row.trend is not Trend.SAME]
    same = [row for row in report.metrics if row.trend is Trend.SAME]
    several = len({row.path for row in report.metrics}) > 1
    blocks = [
        *_head(report),
        *_gates(report.gates),
        *_notes(report),
        *_metrics(changed, several=several, any_metric=bool(report.metrics)),
        *plot_blocks(report, occasion.pictures),
        *_params(report.params),
        *_models(report.models),
        *_stages(report.stages),
        *_plan(report.plan, report.environment),
        *_same_metrics(same, several=several),
        *_quiet_stages(report.stages),
        *_graph(report.stages),
    ]
    return fit(blocks, limit=limit)


def _head(report: Report) -> Iterator[Block]:
    lines = [
        f"## {_title(report).format(prose(report.environment))}",
        "",
        f"{_side(report.base)} → {_side(report.head)}",
        "",
    ]
    if report.policy_changed:
        lines += ["> ⚠️ This change edits the rules it is judged by. The rules of base hold until it is merged.", ""]
    if report.lock_uncommitted:
        lines += ["> ⚠️ dvc.lock in the work tree is not committed: what is shown is not what would be merged.", ""]
    yield Block(rank=0, before=tuple(lines))


def _title(report: Report) -> str:
    if failed := failed_stages(report.stages):
        return _FAILED.format("{}", count(failed, "stage"))
    return _TITLES[report.verdict] if report.gates or report.verdict is not Verdict.PASS else _NO_GATES


def _side(side: Side) -> str:
    commit = f" ({cell(side.commit[:8])})" if side.commit else ""
    return f"{cell(side.name)}{commit}"


def _gates(gates: Iterable[GateRow]) -> Iterator[Block]:
    order = list(_ANSWERS)
    rows = tuple(
        f"| {_ANSWERS[gate.answer]} | {cell(gate.rule)} | {prose(gate.message)} |"
        for gate in sorted(gates, key=lambda gate: order.index(gate.answer))
    )
    if rows:
        yield _table(1, "### Gates", ("| answer | gate | why |", "|:--|:--|:--|"), rows, more="gates")


def _notes(report: Report) -> Iterator[Block]:
    if report.notes:
        rows = tuple(f"- {prose(note, limit=MESSAGE_LIMIT)}" for note in report.notes)
        yield Block(rank=3, before=("### Notes", ""), rows=rows, after=("",), more="notes")


def _metrics(rows: list[MetricRow], *, several: bool, any_metric: bool) -> Iterator[Block]:
    if rows:
        yield _table(2, "### Metrics", _METRIC_HEAD, _metric_rows(rows, several=several), more="metrics")
    elif any_metric:
        yield Block(rank=2, before=("No metric changed.", ""))
    else:
        yield Block(rank=2, before=("There are no metrics.", ""))


def _metric_rows(rows: Iterable[MetricRow], *, several: bool) -> tuple[str, ...]:
    return tuple(
        f"| {_name(row.path, row.key, several=several)} | {_value(row.old)} | {_value(row.new)} "
        f"| {_arrow(row)}{show_difference(row)} | {_TRENDS[row.trend]} |"
        for row in rows
    )


def _name(path: str, key: str, *, several: bool) -> str:
    """The key; with its file where there are several, and the file alone where the key is empty."""
    if not key:
        return cell(path)
    return f"{cell(key)} <sub>{prose(path)}</sub>" if several else cell(key)


def _value(value: Cell) -> str:
    """A number as it is, for nothing in it can be markup; a text escaped."""
    return cell(show_value(value)) if isinstance(value, str) else clean(show_value(value))


def _arrow(row: MetricRow) -> str:
    if row.diff is None or row.diff == 0:
        return ""
    return "↑ " if row.diff > 0 else "↓ "


def _params(params: Iterable[ParamRow]) -> Iterator[Block]:
    known = tuple(params)
    several = len({row.path for row in known}) > 1
    rows = tuple(
        f"| {_name(row.path, row.key, several=several)} | {_value(row.old)} | {_value(row.new)} |" for row in known
    )
    if rows:
        yield _table(4, "### Params", ("| param | base | head |", "|:--|--:|--:|"), rows, more="params")


def _models(models: Iterable[ModelRow]) -> Iterator[Block]:
    rows = tuple(
        f"| {cell(model.name)} | {cell(show_digest(model.old))} "
        f"| {cell(show_digest(model.new))} | {_model_word(model)} |"
        for model in models
    )
    if rows:
        yield _table(5, "### Models", ("| model | base | head | |", "|:--|:--|:--|:--|"), rows, more="models")


def _model_word(model: ModelRow) -> str:
    if not model.new:
        return "no bytes in head"
    if model.old == model.new:
        return "same bytes"
    return "new bytes" if model.old else "new"


def _stages(stages: Iterable[StageRow]) -> Iterator[Block]:
    rows = _stage_rows(stage for stage in stages if _is_loud(stage))
    if rows:
        yield _table(6, "### Stages", _STAGE_HEAD, rows, more="stages")


def _is_loud(stage: StageRow) -> bool:
    return bool(stage.change) or stage.state not in {"", "cached"}


def _stage_rows(stages: Iterable[StageRow]) -> tuple[str, ...]:
    return tuple(
        f"| {cell(stage.name)} | {stage.change} | {_run(stage)} | {_seconds(stage)} | {_used(stage)} |"
        for stage in stages
    )


def _run(stage: StageRow) -> str:
    state = "❌ failed" if stage.state == StageState.FAILED else prose(stage.state)
    return f"{state}: {prose(stage.message)}" if stage.message else state


def _seconds(stage: StageRow) -> str:
    return f"{stage.seconds:.1f}" if stage.seconds else ""


def _used(stage: StageRow) -> str:
    return show_usage(stage.cpu_seconds, stage.memory_bytes, stage.gpu_memory_bytes)


def _plan(plan: PlanRows | None, environment: str) -> Iterator[Block]:
    if plan is None:
        return
    changes = tuple(
        f"- {change.verb.value} {cell(change.model)}: "
        f"{cell(show_digest(change.source)) if change.source else 'nothing'} → {cell(show_digest(change.target))}"
        for change in plan.changes
    )
    held = tuple(
        f"- ❌ {cell(found.model)} is blocked: {prose(found.reason, limit=MESSAGE_LIMIT)}" for found in plan.blocked
    )
    unknown = tuple(
        f"- ⚠️ {cell(found.model)} could not be judged: {prose(found.reason, limit=MESSAGE_LIMIT)}"
        for found in plan.unknown
    )
    rows = (*held, *unknown, *changes) or ("- nothing: it runs there already",)
    title = f"### A merge into {prose(environment)} would"
    yield Block(rank=7, before=(title, ""), rows=rows, after=("",), more="changes")


def _same_metrics(rows: list[MetricRow], *, several: bool) -> Iterator[Block]:
    if rows:
        title = f"{count(rows, 'metric')} did not change"
        yield _folded(8, title, _METRIC_HEAD, _metric_rows(rows, several=several))


def _quiet_stages(stages: Iterable[StageRow]) -> Iterator[Block]:
    rows = _stage_rows(stage for stage in stages if not _is_loud(stage))
    if rows:
        yield _folded(9, f"{count(rows, 'stage')} did not change", _STAGE_HEAD, rows)


def _graph(stages: tuple[StageRow, ...]) -> Iterator[Block]:
    yield from graph_blocks(render_graph([_node(stage) for stage in stages]), rank=10)


def graph_blocks(graph: Graph, *, rank: int) -> Iterator[Block]:
    """The graph, folded, with the number of stages that are not in it."""
    note = (f"{graph.left_out} {'stage is' if graph.left_out == 1 else 'stages are'} left out.", "")
    about = note if graph.left_out else ()
    if graph.text:
        before = ("<details><summary>Stage graph</summary>", "", *about, "```mermaid", graph.text, "```", "")
        yield Block(rank=rank, before=(*before, "</details>", ""))
    elif about:
        yield Block(rank=rank, before=("The stage graph is too large to draw.", ""))


def _node(stage: StageRow) -> Node:
    return Node(name=stage.name, word=_word(stage), mark=_mark(stage), after=stage.after)


def _word(stage: StageRow) -> str:
    ran = stage.state if stage.state in {"failed", "skipped"} else ""
    return ran or stage.change or (stage.state if stage.state != StageState.CACHED else "")


def _mark(stage: StageRow) -> Mark:
    if stage.state == StageState.FAILED:
        return Mark.FAILED
    if stage.change == "removed":
        return Mark.REMOVED
    if stage.state == StageState.SKIPPED:
        return Mark.SKIPPED
    if stage.change:
        return Mark.CHANGED
    return Mark.RAN if stage.state == StageState.RAN else Mark.NONE


def _table(rank: int, title: str, head: tuple[str, ...], rows: tuple[str, ...], *, more: str) -> Block:
    return Block(rank=rank, before=(title, "", *head), rows=rows, after=("",), more=more)


def _folded(rank: int, title: str, head: tuple[str, ...], rows: tuple[str, ...]) -> Block:
    before = (f"<details><summary>{title}</summary>", "", *head)
    return Block(rank=rank, before=before, rows=rows, after=("", "</details>", ""))
