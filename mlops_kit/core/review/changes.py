"""Which stages and models a change touches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mlops_kit.core.pipeline.graph import link_stages
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Stage
from mlops_kit.core.review.cells import ROW_LIMIT, STRICT, Number, Text, clip
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.types import Model, StageName

Change = Literal["", "new", "removed", "changed"]


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """A stage, or a `.dvc` file. `state`, `seconds` and `message` are of the last run on this machine, if one is known.

    So are `cpu_seconds` (of all its processes), `memory_bytes` (the most that one of them had resident) and
    `gpu_memory_bytes` (the most in use on its GPUs), None where no command ran. `change` compares what was run and what
    came out with base. `after` are the stages that it reads from.
    """

    name: Text
    state: Text = ""
    seconds: Annotated[Number, Field(ge=0)] | None = None
    cpu_seconds: Annotated[Number, Field(ge=0)] | None = None
    memory_bytes: Annotated[int, Field(ge=0)] | None = None
    gpu_memory_bytes: Annotated[int, Field(ge=0)] | None = None
    message: Text = ""
    change: Change = ""
    after: Annotated[tuple[Text, ...], Field(max_length=ROW_LIMIT)] = ()

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model and its digests in base and head; empty where that side has none."""

    name: Text
    path: Text
    old: Text = ""
    new: Text = ""

    __pydantic_config__ = STRICT


def compare_stages(base: Project, head: Project, results: Iterable[StageResult]) -> tuple[StageRow, ...]:
    """The stages of both sides by name; what did not change among `.dvc` files is left out."""
    old = {stage.name: stage for stage in base.stages}
    new = {stage.name: stage for stage in head.stages}
    run = {result.name: result for result in results}
    after = {**link_stages(base.stages), **link_stages(head.stages)}
    rows = (_stage_row(name, old, new, run.get(name), after[name]) for name in sorted({*old, *new}))
    return tuple(row for row in rows if row.change or row.state or not row.name.endswith(".dvc"))


def failed_stages(rows: Iterable[StageRow]) -> tuple[str, ...]:
    """The names of the stages that failed in the last run: what is reported was then not made by this change."""
    return tuple(row.name for row in rows if row.state == StageState.FAILED)


def compare_models(base: Project, head: Project) -> tuple[ModelRow, ...]:
    """The models of both sides by name."""
    old = {model.name: model for model in base.models}
    new = {model.name: model for model in head.models}
    return tuple(
        ModelRow(
            name=clip(name),
            path=clip((new.get(name) or old[name]).path),
            old=_digest(old.get(name)),
            new=_digest(new.get(name)),
        )
        for name in sorted({*old, *new})
    )


def _stage_row(
    name: StageName,
    old: Mapping[StageName, Stage],
    new: Mapping[StageName, Stage],
    result: StageResult | None,
    after: Iterable[StageName],
) -> StageRow:
    usage = result.usage if result else None
    return StageRow(
        name=clip(name),
        state=result.state.value if result else "",
        seconds=round(result.seconds, 3) if result else None,
        cpu_seconds=round(usage.cpu_seconds, 3) if usage else None,
        memory_bytes=usage.memory_bytes if usage else None,
        gpu_memory_bytes=usage.gpu_memory_bytes if usage else None,
        message=clip(result.message) if result else "",
        change=_change(old.get(name), new.get(name)),
        after=tuple(clip(source) for source in after),
    )


def _change(old: Stage | None, new: Stage | None) -> Change:
    if old is None or new is None:
        return "new" if old is None else "removed"
    return "" if _trace(old) == _trace(new) else "changed"


def _trace(stage: Stage) -> object:
    """What makes a stage the same: what it runs, what it read and what it wrote."""
    return (
        stage.command,
        stage.locked_command,
        {found.path: found.digest for found in stage.dependencies},
        {found.path: found.digest for found in stage.outputs},
        {found.file: (found.keys, found.locked) for found in stage.params},
    )


def _digest(model: Model | None) -> str:
    return str(model.digest) if model and model.digest else ""
