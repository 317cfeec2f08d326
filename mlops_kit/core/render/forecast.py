"""A forecast as a table for the terminal, as markdown for a pull request, and as a JSON document."""

import json
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from mlops_kit.core.pipeline.forecast import Fate, Forecast, StageForecast
from mlops_kit.core.render.budget import Block, Budget, fit
from mlops_kit.core.render.escape import cell, prose
from mlops_kit.core.render.markdown import LIMIT
from mlops_kit.core.render.markdown_graph import graph_blocks
from mlops_kit.core.render.mermaid import Mark, Node, render_graph
from mlops_kit.core.render.reasons import WORDS, describe_reasons, show_duration
from mlops_kit.core.render.run import count_states
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import count

_ADAPTER = TypeAdapter(Forecast)
_ABSENT = "absent: nothing changed, but data is not here; with --pull a run leaves it so, without it makes it anew"
_MARKS = {
    Fate.RUN: Mark.RUN,
    Fate.MAY_RUN: Mark.MAYBE,
    Fate.RESTORE: Mark.RESTORE,
    Fate.NOTE: Mark.CHANGED,
    Fate.ABSENT: Mark.ABSENT,
    Fate.KEEP: Mark.NONE,
}


def render_forecast(forecast: Forecast) -> str:
    """A line per stage and reason, and a line with the counts."""
    rows = [row for stage in forecast.stages for row in _rows(stage)]
    lines = [*align([("stage", "will", "why", "seconds"), *rows]), "", _summary(forecast)]
    if any(stage.fate is Fate.ABSENT for stage in forecast.stages):
        lines.append(_ABSENT)
    return "\n".join(lines)


def render_forecast_markdown(forecast: Forecast, *, limit: int = LIMIT) -> str:
    """What would run and why, then the rest folded, and the stage graph; at most `limit` characters."""
    loud = [stage for stage in forecast.stages if stage.fate is not Fate.KEEP]
    return fit([*_head(forecast), *_loud(loud), *_quiet(forecast), *_graph(forecast)], Budget(limit=limit))


def forecast_json(forecast: Forecast) -> str:
    """The forecast as strict JSON with sorted keys; the same forecast gives the same bytes."""
    value = _ADAPTER.dump_python(forecast, mode="json")
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _rows(stage: StageForecast) -> Iterator[tuple[str, str, str, str]]:
    first, *others = describe_reasons(stage.reasons) or ("",)
    yield stage.name, WORDS[stage.fate], first, _seconds(stage)
    yield from (("", "", line, "") for line in others)


def _seconds(stage: StageForecast) -> str:
    known = stage.seconds is not None and stage.fate in {Fate.RUN, Fate.MAY_RUN}
    return f"{stage.seconds:.1f}" if known else ""


def _summary(forecast: Forecast) -> str:
    if not forecast.stages:
        return "no stages"
    counts = count_states(WORDS[stage.fate] for stage in forecast.stages)
    if forecast.seconds is None:
        return counts
    unknown = [stage for stage in forecast.stages if stage.fate is Fate.RUN and stage.seconds is None]
    missing = f", without {count(unknown, 'stage')} of which nobody knows" if unknown else ""
    return f"{counts}; its commands took {show_duration(forecast.seconds)} when they last ran{missing}"


def _head(forecast: Forecast) -> Iterator[Block]:
    title = "✅ dvc.lock is up to date" if forecast.up_to_date else "🔁 dvc.lock is not up to date"
    lines = [f"## {title}", "", _summary(forecast), ""]
    if any(stage.fate is Fate.ABSENT for stage in forecast.stages):
        lines += [f"{prose(_ABSENT)}", ""]
    yield Block(rank=0, before=tuple(lines))


def _loud(stages: list[StageForecast]) -> Iterator[Block]:
    if stages:
        head = ("| stage | will | why |", "|:--|:--|:--|")
        rows = tuple(f"| {cell(stage.name)} | {WORDS[stage.fate]} | {_why(stage)} |" for stage in stages)
        yield Block(rank=1, before=head, rows=rows, after=("",), more="stages")


def _why(stage: StageForecast) -> str:
    return "<br>".join(prose(line) for line in describe_reasons(stage.reasons))


def _quiet(forecast: Forecast) -> Iterator[Block]:
    names = [stage for stage in forecast.stages if stage.fate is Fate.KEEP]
    if names:
        before = (f"<details><summary>{count(names, 'stage')} would stay as they are</summary>", "")
        rows = tuple(f"- {cell(stage.name)}{_frozen(stage)}" for stage in names)
        yield Block(rank=2, before=before, rows=rows, after=("", "</details>", ""), more="stages")


def _frozen(stage: StageForecast) -> str:
    return f": {_why(stage)}" if stage.reasons else ""


def _graph(forecast: Forecast) -> Iterable[Block]:
    nodes = [
        Node(
            name=stage.name,
            word="" if stage.fate is Fate.KEEP else WORDS[stage.fate],
            mark=_MARKS[stage.fate],
            after=stage.after,
        )
        for stage in forecast.stages
    ]
    return graph_blocks(render_graph(nodes), rank=3)
