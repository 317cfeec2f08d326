"""A run's stages as a plain table."""

from collections.abc import Iterable

from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.values import show_usage
from mlops_kit.core.run import StageResult

_NO_STAGES = "no stages"


def render_run_table(stages: Iterable[StageResult]) -> str:
    """One line per stage: name, state, seconds, what its commands used; and a line with the counts."""
    rows = [(clean(stage.name), stage.state.value, _seconds(stage), _used(stage)) for stage in stages]
    if not rows:
        return _NO_STAGES
    header = ("stage", "state", "seconds", "used")
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [_line(row, widths) for row in (header, *rows)]
    return "\n".join([*lines, "", count_states(row[1] for row in rows)])


def count_states(states: Iterable[str]) -> str:
    """`2 ran, 3 cached`, the most frequent first."""
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {state}" for state, count in ordered)


def _seconds(stage: StageResult) -> str:
    return f"{stage.seconds:.1f}" if stage.seconds else ""


def _used(stage: StageResult) -> str:
    usage = stage.usage
    return show_usage(usage.cpu_seconds, usage.memory_bytes, usage.gpu_memory_bytes) if usage else ""


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name, state, seconds, used = row
    return f"{name:<{widths[0]}}  {state:<{widths[1]}}  {seconds:>{widths[2]}}  {used}".rstrip()
