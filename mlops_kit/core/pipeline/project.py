"""The DVC project of one commit or work tree: stages, models, metric and params files, plots.

Built from the bytes of dvc.yaml, dvc.lock and `.dvc` files alone, without DVC. What templates expand to is taken from
the lock where it says so; `templated` names the files for which only DVC knows the rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.pipeline.definition import (
    Definition,
    WrittenOutput,
    WrittenStage,
    fits_template,
    is_template,
    parse_data_file,
    parse_definition,
)
from mlops_kit.core.pipeline.ignored import IGNORE_FILE, drop_ignored
from mlops_kit.core.pipeline.lockfile import LockedPath, LockedStage, parse_lock
from mlops_kit.core.pipeline.models import collect_models
from mlops_kit.core.pipeline.plots import PlotDefinition, collect_plots
from mlops_kit.core.pipeline.stages import (
    DEFAULT_PARAMS_FILE,
    LOCK_FILE,
    PIPELINE_FILE,
    Dependency,
    Output,
    OutputKind,
    Stage,
    StageParams,
    is_inside,
    join_path,
    stage_name,
)
from mlops_kit.core.types import Model, StageName

_DATA_SUFFIX = ".dvc"
_ROOT_MARKS = (".dvc/config", ".dvc/.gitignore")


@dataclass(frozen=True, kw_only=True)
class ParamsFile:
    """A params file and the keys of it that the pipeline reads; no keys mean the whole file."""

    path: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Project:
    """What one commit declares. `roots` are the folders that DVC was initialised in, an empty string for the top.

    `definitions` are its dvc.yaml files. `metric_files` are paths, a folder stands for every file in it. `stale` are
    entries of the lock that no stage has.
    """

    roots: tuple[str, ...] = ("",)
    definitions: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    models: tuple[Model, ...] = ()
    metric_files: tuple[str, ...] = ()
    params_files: tuple[ParamsFile, ...] = ()
    plots: tuple[PlotDefinition, ...] = ()
    templated: tuple[str, ...] = ()
    stale: tuple[StageName, ...] = ()


def project_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of a tree's paths that say what the project is, sorted: what `parse_project` wants to read."""
    return tuple(sorted(path for path in paths if _is_project_file(path)))


def parse_project(files: Mapping[str, bytes]) -> Project:
    """The project that the files of one tree declare; InputError or RefusedError with the place of what is broken."""
    files = drop_ignored(files)
    roots = find_roots(files)
    definitions = tuple(
        parse_definition(files[path], file=path) for path in sorted(files) if _base(path) == PIPELINE_FILE
    )
    locks = {path: parse_lock(files[path], file=path) for path in sorted(files) if _base(path) == LOCK_FILE}
    stages = tuple(sorted(_all_stages(definitions, locks, files), key=lambda stage: stage.name))
    return Project(
        roots=roots,
        definitions=tuple(found.file for found in definitions),
        stages=stages,
        models=tuple(collect_models(definitions, stages)),
        metric_files=_metric_files(definitions, stages),
        params_files=_params_files(definitions, stages, roots),
        plots=collect_plots({found.file: found.plots for found in definitions}, stages, roots),
        templated=tuple(found.file for found in definitions if found.templated),
        stale=tuple(_stale(definitions, locks)),
    )


def find_roots(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders that DVC was initialised in, sorted; the top where there is none."""
    found = {path[: -len(mark)].rstrip("/") for path in paths for mark in _ROOT_MARKS if _ends_with(path, mark)}
    return tuple(sorted(found)) or ("",)


def root_of(path: str, roots: Iterable[str]) -> str:
    """The innermost DVC root around a path; the top where none is."""
    return max((root for root in roots if is_inside(path, root)), key=len, default="")


def _is_project_file(path: str) -> bool:
    name = _base(path)
    inside = f"/{path}".find("/.dvc/") >= 0
    if inside:
        return any(_ends_with(path, mark) for mark in _ROOT_MARKS)
    return name in {PIPELINE_FILE, LOCK_FILE, IGNORE_FILE} or (name.endswith(_DATA_SUFFIX) and name != _DATA_SUFFIX)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _ends_with(path: str, mark: str) -> bool:
    return path == mark or path.endswith(f"/{mark}")


def _all_stages(
    definitions: Iterable[Definition], locks: Mapping[str, Mapping[str, LockedStage]], files: Mapping[str, bytes]
) -> Iterator[Stage]:
    for path in files:
        if _is_project_file(path) and path.endswith(_DATA_SUFFIX):
            yield parse_data_file(files[path], file=path)
    for definition in definitions:
        locked = locks.get(_lock_of(definition.file), {})
        for written in definition.stages:
            yield from _stages(definition.file, written, locked)


def _lock_of(file: str) -> str:
    return f"{file.removesuffix('.yaml')}.lock"


def _stages(file: str, written: WrittenStage, locked: Mapping[str, LockedStage]) -> Iterator[Stage]:
    if written.group:
        for name, entry in locked.items():
            if name.startswith(f"{written.name}@"):
                yield _templated_stage(file, written, entry)
    elif written.templated and written.name in locked:
        yield _templated_stage(file, written, locked[written.name])
    else:
        yield _plain_stage(file, written, locked.get(written.name))


def _plain_stage(file: str, written: WrittenStage, locked: LockedStage | None) -> Stage:
    inputs = _digests(written.folder, locked.dependencies if locked else ())
    outputs = _digests(written.folder, locked.outputs if locked else ())
    return Stage(
        name=stage_name(file, written.name),
        file=file,
        folder=written.folder,
        command=written.command,
        locked_command=locked.command if locked else None,
        dependencies=tuple(
            inputs.get(path, Dependency(path=path)) for path in _normal(written.folder, written.dependencies)
        ),
        params=tuple(_stage_params(written, locked)),
        outputs=tuple(
            _locked_output(known, written=out)
            for out in written.outputs
            for path in [join_path(written.folder, out.path)]
            for known in [outputs.get(path, Dependency(path=path))]
        ),
        frozen=written.frozen,
        always_changed=written.always_changed,
        templated=written.templated,
        meta=written.meta,
    )


def _templated_stage(file: str, written: WrittenStage, locked: LockedStage) -> Stage:
    return Stage(
        name=stage_name(file, locked.name),
        file=file,
        folder=written.folder,
        command=locked.command,
        locked_command=locked.command,
        dependencies=tuple(_digests(written.folder, locked.dependencies).values()),
        params=tuple(
            StageParams(file=join_path(written.folder, path), keys=tuple(sorted(values)), locked=values)
            for path, values in locked.params.items()
        ),
        outputs=tuple(_templated_output(written, known) for known in _digests(written.folder, locked.outputs).values()),
        frozen=written.frozen,
        always_changed=written.always_changed,
        templated=True,
        meta=written.meta,
    )


def _templated_output(written: WrittenStage, known: Dependency) -> Output:
    """The flags of a resolved output: those of the written one whose template can become this path."""
    for out in written.outputs:
        if fits_template(join_path(written.folder, out.path), known.path):
            return _locked_output(known, written=out)
    return Output(path=known.path, digest=known.digest, files=known.files, size=known.size, stored=known.stored)


def _locked_output(known: Dependency, *, written: WrittenOutput) -> Output:
    """What the last run left at a path, with the flags that dvc.yaml writes."""
    return Output(
        path=known.path,
        kind=written.kind,
        cached=written.cached,
        digest=known.digest,
        files=known.files,
        size=known.size,
        plot=written.plot,
        remote=written.remote,
        pushed=written.pushed,
        stored=known.stored,
    )


def _digests(folder: str, paths: Iterable[LockedPath]) -> dict[str, Dependency]:
    found = {}
    for entry in paths:
        path = join_path(folder, entry.path)
        found[path] = Dependency(
            path=path, digest=entry.digest, files=entry.files, size=entry.size, stored=entry.stored
        )
    return found


def _normal(folder: str, paths: Iterable[str]) -> Iterator[str]:
    return (join_path(folder, path) for path in paths)


def _stage_params(written: WrittenStage, locked: LockedStage | None) -> Iterator[StageParams]:
    values = {join_path(written.folder, path): keys for path, keys in (locked.params if locked else {}).items()}
    for file, keys in written.params.items():
        path = join_path(written.folder, file)
        yield StageParams(file=path, keys=keys, locked=values.get(path))


def _metric_files(definitions: Iterable[Definition], stages: Iterable[Stage]) -> tuple[str, ...]:
    of_stages = _outputs_of(stages, OutputKind.METRIC)
    return tuple(sorted({*of_stages, *_listed(definitions, "metrics")}))


def _outputs_of(stages: Iterable[Stage], kind: OutputKind) -> Iterator[str]:
    return (output.path for stage in stages for output in stage.outputs if output.kind is kind)


def _listed(definitions: Iterable[Definition], key: str) -> Iterator[str]:
    for definition in definitions:
        for path in getattr(definition, key):
            if not is_template(path):
                yield join_path(definition.file.rpartition("/")[0], path)


def _params_files(
    definitions: Iterable[Definition], stages: Iterable[Stage], roots: Iterable[str]
) -> tuple[ParamsFile, ...]:
    keys: dict[str, set[str]] = {}
    whole = {*_listed(definitions, "params"), *(join_path(root, DEFAULT_PARAMS_FILE) for root in roots)}
    for stage in stages:
        for found in stage.params:
            keys.setdefault(found.file, set()).update(found.keys)
            if not found.keys:
                whole.add(found.file)
    return tuple(
        ParamsFile(path=path, keys=() if path in whole else tuple(sorted(keys[path])))
        for path in sorted({*whole, *keys})
    )


def _stale(definitions: Iterable[Definition], locks: Mapping[str, Mapping[str, LockedStage]]) -> Iterator[StageName]:
    by_lock = {_lock_of(definition.file): definition for definition in definitions}
    for path, locked in locks.items():
        definition = by_lock.get(path)
        known = definition.stages if definition else ()
        plain = {stage.name for stage in known if not stage.group}
        groups = tuple(f"{stage.name}@" for stage in known if stage.group)
        for name in locked:
            if name not in plain and not name.startswith(groups or ("\0",)):
                yield stage_name(path.replace(LOCK_FILE, PIPELINE_FILE), name)
