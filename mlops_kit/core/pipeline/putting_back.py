"""What must be put back in a tree so that one model is what an older tree made it, and all else stays.

The stages that lead to the model go back: their definitions, their entries of `dvc.lock`, the params that they read,
and the files in git that they read or write. Whether the result is a lock that somebody ran is for others to check.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.documents import Key
from mlops_kit.core.documents.yaml_edit import Edits, Gone
from mlops_kit.core.pipeline.graph import index_producers, upstream_of
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import LOCK_FILE, OutputKind, Stage, is_inside, join_path
from mlops_kit.core.types import Model, ModelName

_EDITABLE = (".yaml", ".yml", "dvc.lock")


@dataclass(frozen=True, kw_only=True)
class Side:
    """A tree: its project, its paths, and its pipeline files as plain values."""

    project: Project
    paths: tuple[str, ...]
    documents: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Return:
    """What goes back: whole files, and values inside of files, by path."""

    taken: frozenset[str]
    edits: Mapping[str, Edits]


def put_back(head: Side, old: Side, name: ModelName) -> Return:
    """What to put back into `head` so that the model is what it is in `old`."""
    model = next(found for found in old.project.models if found.name == name)
    stages = _Lineage(now=_lineage(head.project, name), before=_lineage(old.project, name))
    taken = set(_files_of(stages, head, old)) | {model.path} & {*old.paths}
    edits: dict[str, dict[tuple[Key, ...], object]] = {}
    for file in sorted({stage.file for stage in stages.all if not stage.is_data} | {model.file}):
        if _is_alone(file, stages, head.project, old.project):
            taken |= {file, _lock_of(file)}
        else:
            edits[file] = dict(_definition_edits(file, stages, head, old, model))
            edits[_lock_of(file)] = dict(_lock_edits(file, stages, old))
    for file, keys in _params_of(stages.before).items():
        if keys and file.endswith(_EDITABLE) and not _reads_alone(file, stages, head.project):
            edits.setdefault(file, {}).update(keys)
        else:
            taken.add(file)
    return Return(taken=frozenset(taken), edits={file: found for file, found in edits.items() if found})


@dataclass(frozen=True, kw_only=True)
class _Lineage:
    """The stages that lead to the model, in both trees."""

    now: tuple[Stage, ...]
    before: tuple[Stage, ...]

    @property
    def all(self) -> tuple[Stage, ...]:
        return (*self.now, *self.before)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(stage.name for stage in self.all)


def _lineage(project: Project, name: ModelName) -> tuple[Stage, ...]:
    model = next((found for found in project.models if found.name == name), None)
    makers = index_producers(project.stages).around(model.path) if model else ()
    found = {stage.name: stage for maker in makers for stage in upstream_of(maker.stage, project.stages)}
    return tuple(found.values())


def _files_of(stages: _Lineage, head: Side, old: Side) -> Iterator[str]:
    """The files in git that the stages read without anybody making them, or write without DVC keeping them."""
    for side, lineage in ((head, stages.now), (old, stages.before)):
        made = index_producers(side.project.stages)
        for stage in lineage:
            if stage.is_data:
                yield stage.file
            read = (found.path for found in stage.dependencies if not made.around(found.path))
            written = (found.path for found in stage.outputs if not found.cached or found.kind is not OutputKind.DATA)
            yield from _below((*read, *written), (*head.paths, *old.paths))


def _below(places: Iterable[str], paths: tuple[str, ...]) -> Iterator[str]:
    for place in places:
        yield from (path for path in paths if is_inside(path, place))


def _is_alone(file: str, stages: _Lineage, *projects: Project) -> bool:
    """Whether every stage and model of a dvc.yaml goes back: then the file goes back as it is."""
    inside = (stage.name for project in projects for stage in project.stages if stage.file == file)
    models = {model.name for project in projects for model in project.models if model.file == file}
    return stages.names.issuperset(inside) and len(models) <= 1


def _definition_edits(
    file: str, stages: _Lineage, head: Side, old: Side, model: Model
) -> Iterator[tuple[tuple[Key, ...], object]]:
    """Stages and the artifact where they are written otherwise; one of many (`train@a`) goes back with its group."""
    paths = {("stages", _local(stage).partition("@")[0]) for stage in stages.all if stage.file == file}
    if model.file == file:
        paths |= set(_artifact_paths(old.documents.get(file), model))
    for path in sorted(paths):
        before = _look_up(old.documents.get(file), path)
        if before != _look_up(head.documents.get(file), path):
            yield path, before


def _artifact_paths(document: object, model: Model) -> Iterator[tuple[str, str]]:
    """The entries of `artifacts:` with the model's path."""
    written = document.get("artifacts") if isinstance(document, dict) else None
    for key, entry in written.items() if isinstance(written, dict) else ():
        path = entry.get("path") if isinstance(entry, dict) else None
        if isinstance(path, str) and join_path(model.file.rpartition("/")[0], path) == model.path:
            yield "artifacts", str(key)


def _lock_edits(file: str, stages: _Lineage, old: Side) -> Iterator[tuple[tuple[Key, ...], object]]:
    for local in sorted({_local(stage) for stage in stages.all if stage.file == file}):
        yield ("stages", local), _look_up(old.documents.get(_lock_of(file)), ("stages", local))


def _params_of(stages: Iterable[Stage]) -> dict[str, dict[tuple[Key, ...], object]]:
    """Each params file with the values that the stages were last run with; none where one reads the whole file."""
    found: dict[str, dict[tuple[Key, ...], object]] = {}
    whole = {params.file for stage in stages for params in stage.params if not params.keys}
    for stage in stages:
        for params in stage.params:
            values = found.setdefault(params.file, {})
            for key, value in (params.locked or {}).items() if params.file not in whole else ():
                values[tuple(key.split("."))] = value
    return found


def _reads_alone(file: str, stages: _Lineage, project: Project) -> bool:
    readers = (stage.name for stage in project.stages if any(params.file == file for params in stage.params))
    return stages.names.issuperset(readers)


def _lock_of(file: str) -> str:
    folder, slash, _ = file.rpartition("/")
    return f"{folder}{slash}{LOCK_FILE}"


def _local(stage: Stage) -> str:
    return stage.name.removeprefix(f"{stage.file}:")


def _look_up(value: object, path: tuple[Key, ...]) -> object:
    for key in path:
        value = value.get(key, Gone.GONE) if isinstance(value, dict) else Gone.GONE
    return value
