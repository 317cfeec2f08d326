"""Which data DVC tracks in base and head, and which of it differs.

Data are the cached outs of stages and of `.dvc` files. What another part of the report shows is left out: models,
metrics and plots; so is what git keeps itself.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Literal

from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import Output, OutputKind, Stage, is_inside
from mlops_kit.core.types import Digest

DataChange = Literal["new", "removed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """Data as one side records it. `root` is the DVC root that keeps it; `digest` is None for what never ran."""

    path: str
    root: str = ""
    digest: Digest | None = None
    bytes: int | None = None
    files: int | None = None


@dataclass(frozen=True, kw_only=True)
class DataPair:
    """Data that differs between base and head; `moved_from` is the path that had the same bytes in base."""

    path: str
    old: Tracked | None = None
    new: Tracked | None = None
    moved_from: str = ""

    @property
    def change(self) -> DataChange:
        """How it differs: what was declared in base and never ran is new when it did."""
        if self.new is None:
            return "removed"
        return "changed" if self.old and self.old.digest else "new"


def pair_data(base: Project, head: Project) -> tuple[DataPair, ...]:
    """The data that differs, sorted by path; a path that is gone and one that came with its digest are one move."""
    shown = _shown_elsewhere(base) | _shown_elsewhere(head)
    old, new = _tracked(base, shown), _tracked(head, shown)
    pairs = {
        path: DataPair(path=path, old=old.get(path), new=new.get(path))
        for path in sorted({*old, *new})
        if _digest(old.get(path)) != _digest(new.get(path))
    }
    return tuple(_with_moves(pairs))


def _with_moves(pairs: Mapping[str, DataPair]) -> Iterator[DataPair]:
    gone: dict[Digest, list[DataPair]] = {}
    for pair in pairs.values():
        if pair.change == "removed" and pair.old and pair.old.digest:
            gone.setdefault(pair.old.digest, []).append(pair)
    sources = {
        pair.path: gone[pair.new.digest].pop(0)
        for pair in pairs.values()
        if pair.change == "new" and pair.new and pair.new.digest and gone.get(pair.new.digest)
    }
    taken = {source.path for source in sources.values()}
    for path, pair in pairs.items():
        if source := sources.get(path):
            yield replace(pair, old=source.old, moved_from=source.path)
        elif path not in taken:
            yield pair


def _shown_elsewhere(project: Project) -> Set[str]:
    outputs = [output for stage in project.stages for output in stage.outputs]
    models = [model.path for model in project.models]
    held = (output.path for output in outputs if any(is_inside(path, output.path) for path in models))
    other = (output.path for output in outputs if output.kind is not OutputKind.DATA)
    return {*models, *held, *other, *project.metric_files}


def _tracked(project: Project, shown: Set[str]) -> Mapping[str, Tracked]:
    return {
        found.path: found
        for stage in project.stages
        for found in _of_stage(stage, project.roots)
        if found.path not in shown
    }


def _of_stage(stage: Stage, roots: tuple[str, ...]) -> Iterator[Tracked]:
    for output in stage.outputs:
        if output.kind is OutputKind.DATA and output.cached:
            yield Tracked(
                path=output.path,
                root=root_of(stage.file, roots),
                digest=_content(output),
                bytes=output.size,
                files=output.files,
            )


def _content(output: Output) -> Digest | None:
    """What says whether the data is the same: of an import that was not downloaded, where it was taken from."""
    return output.digest or output.origin


def _digest(side: Tracked | None) -> Digest | None:
    return side.digest if side else None
