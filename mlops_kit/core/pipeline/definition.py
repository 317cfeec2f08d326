"""Reads dvc.yaml and `.dvc` files: the stages, metrics, params, plots and artifacts that people wrote.

Knows nothing of the lock. Templates (`${…}`, foreach, matrix, vars) are recognised and kept as written; what they
expand to is said by the lock, or by DVC itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.documents import Document, parse_yaml
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.lockfile import read_count, read_digest, read_stored
from mlops_kit.core.pipeline.plot_options import PlotOptions, parse_options
from mlops_kit.core.pipeline.plots import WrittenPlot
from mlops_kit.core.pipeline.stages import DEFAULT_PARAMS_FILE, Output, OutputKind, Stage, join_path
from mlops_kit.core.types import Digest, StageName

_GROUPS = ("foreach", "matrix")
_FILLED_IN = re.compile(r"\\\$\\\{.*?\\\}")


@dataclass(frozen=True, kw_only=True)
class WrittenOutput:
    """An output as a stage lists it, its path not yet normalised; `plot` says how a plot is drawn.

    `remote` names the DVC remote that keeps it, empty for the default one; `pushed` is False where none does.
    """

    path: str
    kind: OutputKind
    cached: bool
    plot: PlotOptions | None = None
    remote: str = ""
    pushed: bool = True


@dataclass(frozen=True, kw_only=True)
class WrittenStage:
    """A stage, or a group of stages made by foreach or matrix, as dvc.yaml writes it; paths not yet normalised."""

    name: str
    folder: str
    command: tuple[str, ...]
    dependencies: tuple[str, ...]
    params: Mapping[str, tuple[str, ...]]
    outputs: tuple[WrittenOutput, ...]
    frozen: bool
    always_changed: bool
    meta: Mapping[str, object]
    templated: bool
    group: bool


@dataclass(frozen=True, kw_only=True)
class WrittenArtifact:
    """An entry of `artifacts:`; `type` is empty where it has none."""

    name: str
    path: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One dvc.yaml. `templated` says that DVC must be asked for what it means in full."""

    file: str
    stages: tuple[WrittenStage, ...] = ()
    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    plots: tuple[WrittenPlot, ...] = ()
    artifacts: tuple[WrittenArtifact, ...] = ()
    templated: bool = False


def parse_definition(data: bytes, *, file: str) -> Definition:
    """What a dvc.yaml says; InputError with the place where it is no pipeline."""
    document = parse_yaml(data, file=file)
    value = document.value
    if value is None:
        return Definition(file=file)
    if not isinstance(value, dict):
        raise InputError("expected a mapping", location=document.locate(()), hint="see https://dvc.org/doc")
    folder = file.rpartition("/")[0]
    return Definition(
        file=file,
        stages=tuple(_stages(document, value, folder)),
        metrics=_texts(document, ("metrics",), value.get("metrics")),
        params=_texts(document, ("params",), value.get("params")),
        plots=tuple(_plots(value.get("plots"))),
        artifacts=tuple(_artifacts(document, value.get("artifacts"))),
        templated=_has_template(value),
    )


def parse_data_file(data: bytes, *, file: str) -> Stage:
    """What a `.dvc` file says, as a stage without a command."""
    document = parse_yaml(data, file=file)
    value = document.value if isinstance(document.value, dict) else {}
    folder = join_path(file.rpartition("/")[0], str(value.get("wdir") or "."))
    return Stage(
        name=StageName(file),
        file=file,
        folder=folder,
        outputs=tuple(_data_outputs(document, folder, value)),
        frozen=value.get("frozen") is True,
    )


def written_paths(definition: Definition) -> Iterator[str]:
    """The paths with templates under which DVC may look for metrics and params; relative to the repository."""
    home = definition.file.rpartition("/")[0]
    listed = (*definition.metrics, *definition.params)
    of_stages = (
        (stage.folder, path)
        for stage in definition.stages
        for path in (*(out.path for out in stage.outputs if out.kind is OutputKind.METRIC), *stage.params)
    )
    for folder, path in (*((home, path) for path in listed), *of_stages):
        if is_template(path) or is_template(folder):
            yield join_path(folder, path)


def is_template(text: object) -> bool:
    """Whether a written value has a part that DVC fills in."""
    return isinstance(text, str) and "${" in text


def fits_template(written: str, path: str) -> bool:
    """Whether a written path can become this one when DVC fills in its templates."""
    return re.fullmatch(_FILLED_IN.sub(".+", re.escape(written)), path) is not None


def _has_template(value: Mapping[object, object]) -> bool:
    return "vars" in value or any(_mentions_template(part) for part in value.values())


def _mentions_template(value: object) -> bool:
    match value:
        case str():
            return is_template(value)
        case dict():
            return any(
                key in {*_GROUPS, "vars"} or is_template(key) or _mentions_template(part) for key, part in value.items()
            )
        case list():
            return any(_mentions_template(part) for part in value)
        case _:
            return False


def _stages(document: Document, value: Mapping[object, object], folder: str) -> Iterator[WrittenStage]:
    stages = {} if value.get("stages") is None else value["stages"]
    if not isinstance(stages, dict):
        raise InputError("expected a mapping of stages", location=document.locate(("stages",)), field="stages")
    for name, entry in stages.items():
        yield _stage(document, str(name), entry, folder)


def _stage(document: Document, name: str, entry: object, folder: str) -> WrittenStage:
    path = ("stages", name)
    body = entry.get("do", entry) if isinstance(entry, dict) else entry
    if not isinstance(entry, dict) or not isinstance(body, dict):
        raise InputError("expected a mapping with cmd", location=document.locate(path), field=".".join(path))
    return WrittenStage(
        name=name,
        folder=_folder(folder, body.get("wdir")),
        command=_lines(body.get("cmd")),
        dependencies=_texts(document, (*path, "deps"), body.get("deps")),
        params=_params(body.get("params")),
        outputs=tuple(_outputs(body)),
        frozen=body.get("frozen") is True,
        always_changed=body.get("always_changed") is True,
        meta=_meta(body.get("meta")),
        templated=_mentions_template(entry),
        group=any(key in entry for key in _GROUPS),
    )


def _folder(folder: str, written: object) -> str:
    return join_path(folder, written) if isinstance(written, str) else folder


def _lines(command: object) -> tuple[str, ...]:
    match command:
        case None:
            return ()
        case list():
            return tuple(str(line) for line in command)
        case _:
            return (str(command),)


def _meta(value: object) -> Mapping[str, object]:
    return {str(key): part for key, part in value.items()} if isinstance(value, dict) else {}


def _params(entries: object) -> Mapping[str, tuple[str, ...]]:
    """Files with their keys, as DVC merges them: an empty tuple is the whole file, and wins over single keys."""
    keys: dict[str, list[str]] = {}
    whole: set[str] = set()
    for file, wanted in _param_entries(entries):
        keys.setdefault(file, []).extend(wanted or ())
        if not wanted:
            whole.add(file)
    return {file: () if file in whole else tuple(found) for file, found in keys.items()}


def _param_entries(entries: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            for file, wanted in entry.items():
                yield str(file), tuple(str(key) for key in wanted) if isinstance(wanted, list) else ()
        else:
            yield DEFAULT_PARAMS_FILE, (str(entry),)


def _outputs(body: Mapping[object, object]) -> Iterator[WrittenOutput]:
    for kind in OutputKind:
        for path, flags in _flagged(body.get(kind.value)):
            plot = parse_options(flags) if kind is OutputKind.PLOT else None
            cached, remote = flags.get("cache") is not False, str(flags.get("remote") or "")
            pushed = flags.get("push") is not False
            yield WrittenOutput(path=path, kind=kind, cached=cached, plot=plot, remote=remote, pushed=pushed)


def _flagged(entries: object) -> Iterator[tuple[str, Mapping[object, object]]]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            for path, flags in entry.items():
                yield str(path), flags if isinstance(flags, dict) else {}
        else:
            yield str(entry), {}


def _plots(entries: object) -> Iterator[WrittenPlot]:
    for name, written in _flagged(entries if isinstance(entries, list) else [entries] if entries else []):
        yield WrittenPlot(name=name, options=parse_options(written))


def _texts(document: Document, path: tuple[str, ...], entries: object) -> tuple[str, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise InputError("expected a list", location=document.locate(path), field=".".join(path))
    return tuple(str(entry) for entry in entries)


def _artifacts(document: Document, entries: object) -> Iterator[WrittenArtifact]:
    if not isinstance(entries, dict | None):
        raise InputError("expected a mapping", location=document.locate(("artifacts",)), field="artifacts")
    for name, entry in (entries or {}).items():
        match entry:
            case {"path": str() as path, **rest}:
                yield WrittenArtifact(name=str(name), path=path, type=str(rest.get("type") or ""))
            case _:
                place = ("artifacts", str(name))
                raise InputError("expected path", location=document.locate(place), field=".".join(place))


def _data_outputs(document: Document, folder: str, value: Mapping[object, object]) -> Iterator[Output]:
    entries, source = value.get("outs"), _source(value.get("deps"))
    if not isinstance(entries, list | None):
        raise InputError("expected a list", location=document.locate(("outs",)), field="outs")
    for entry in entries or ():
        match entry:
            case {"path": str() as path}:
                yield Output(
                    path=join_path(folder, path),
                    kind=OutputKind.METRIC if entry.get("metric") else OutputKind.DATA,
                    cached=entry.get("cache") is not False,
                    digest=read_digest(entry),
                    files=read_count(entry, "nfiles"),
                    size=read_count(entry if read_digest(entry) else source, "size"),
                    origin=_origin(source),
                    remote=str(entry.get("remote") or ""),
                    stored=tuple(read_stored(entry)),
                )
            case _:
                raise InputError("expected path", location=document.locate(("outs",)), field="outs")


def _source(deps: object) -> Mapping[object, object]:
    """The one dependency that an import has; empty where the data was added."""
    match deps:
        case [dict() as source]:
            return source
        case _:
            return {}


def _origin(source: Mapping[object, object]) -> Digest | None:
    match source:
        case {"repo": {"rev_lock": str() as commit}} if commit:
            return Digest(algorithm="git", value=commit)
        case _:
            return read_digest(source)
