"""Remarks on lines of a change: the gate that refuses, the stage that failed, the model and the params that differ.

Lines come from the head commit's own files, which are data from a stranger: a file that is not there, not readable or
not what the report says gives no remark. Values only.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice

from mlops_kit.core.config import Config
from mlops_kit.core.documents import CONFIG_LIMITS, Document, Key, parse_json, parse_yaml
from mlops_kit.core.errors import InputError
from mlops_kit.core.forge import AnnotationLevel, CheckAnnotation
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE
from mlops_kit.core.review.gates import describe_rule
from mlops_kit.core.review.report import Report
from mlops_kit.core.run import StageState
from mlops_kit.core.types import Answer, EnvironmentName

FILE_LIMIT = 512 * 1024
"""Bytes of the largest file that is looked at."""
PATH_LIMIT = 50
"""Files that are looked at."""
LIMIT = 100
"""Remarks of one check, two requests; and rows of each table that are looked at."""

Documents = Mapping[str, Document]
_Path = tuple[Key, ...]
_LOUD = {
    Answer.FAIL: AnnotationLevel.FAILURE,
    Answer.NOT_EVALUABLE: AnnotationLevel.FAILURE,
    Answer.WARN: AnnotationLevel.WARNING,
    Answer.INCONCLUSIVE: AnnotationLevel.WARNING,
}


def paths_of_interest(report: Report, *, config_file: str) -> tuple[str, ...]:
    """The files of head in which a remark may stand, sorted."""
    params = {row.path for row in report.params}
    locks = {_lock_beside(model.path) for model in report.models if model.old != model.new}
    definitions = {_split_stage(stage.name)[0] for stage in report.stages if stage.state == StageState.FAILED}
    return (config_file, *sorted({*params, *chain.from_iterable(locks), *definitions}))[:PATH_LIMIT]


def annotate(
    report: Report, files: Mapping[str, bytes], *, config: Config, config_file: str
) -> tuple[CheckAnnotation, ...]:
    """The remarks, the worst first; `files` are head's, the configuration only where it is the one that judged."""
    documents = {path: document for path, data in files.items() if (document := _open(path, data))}
    found = chain(
        _gates(report, documents.get(config_file), config),
        _failures(report, documents),
        _models(report, documents),
        _params(report, documents),
    )
    return tuple(islice(found, LIMIT))


def _gates(report: Report, document: Document | None, config: Config) -> Iterator[CheckAnnotation]:
    environment = config.environments.get(EnvironmentName(report.environment))
    rules = [describe_rule(gate) for gate in environment.gates] if environment else []
    for row in report.gates:
        if document is None or row.answer not in _LOUD or row.rule not in rules:
            continue
        path = ("environments", report.environment, "gates", rules.index(row.rule))
        title = f"{row.metric}: {row.answer}"
        yield from _remark(document, path, level=_LOUD[row.answer], title=title, message=row.message or row.rule)


def _failures(report: Report, documents: Documents) -> Iterator[CheckAnnotation]:
    for stage in islice((stage for stage in report.stages if stage.state == StageState.FAILED), LIMIT):
        file, name = _split_stage(stage.name)
        message = stage.message or "the stage failed"
        yield from _remark(
            documents.get(file),
            ("stages", name),
            level=AnnotationLevel.FAILURE,
            title=f"{stage.name} failed",
            message=message,
        )


def _models(report: Report, documents: Documents) -> Iterator[CheckAnnotation]:
    for model in islice((model for model in report.models if model.old != model.new), LIMIT):
        message = f"{model.old or 'nothing'} → {model.new}"
        for document in filter(None, map(documents.get, _lock_beside(model.path))):
            for path in _outputs_with(document.value, model.new.partition(":")[2]):
                yield from _remark(
                    document, path, level=AnnotationLevel.NOTICE, title=f"new bytes of {model.name}", message=message
                )


def _params(report: Report, documents: Documents) -> Iterator[CheckAnnotation]:
    for row in islice(report.params, LIMIT):
        document = documents.get(row.path)
        for path in _paths_to(document.value if document else None, row.key):
            message = f"{_show(row.old)} → {_show(row.new)}"
            yield from _remark(document, path, level=AnnotationLevel.NOTICE, title=row.key, message=message)


def _remark(
    document: Document | None, path: _Path, *, level: AnnotationLevel, title: str, message: str
) -> Iterator[CheckAnnotation]:
    """The remark at the line of a key; none where the document has no such key or knows no lines."""
    if document is None or _at(document.value, path) is None:
        return
    place = document.locate_key(path)
    if place.line:
        yield CheckAnnotation(path=document.file, line=place.line, level=level, title=title, message=message)


def _open(path: str, data: bytes) -> Document | None:
    """A file with places; None where it is too large or cannot be read."""
    if len(data) > FILE_LIMIT:
        return None
    parse = parse_json if path.endswith(".json") else parse_yaml
    with suppress(InputError):
        return parse(data, file=path, limits=CONFIG_LIMITS)
    return None


def _paths_to(value: object, key: str) -> Iterator[_Path]:
    """Where a dotted key leads: at each level the longest name that fits first, for names may hold dots."""
    if isinstance(value, dict) and key in value:
        yield (key,)
        return
    for name, inner in _items(value):
        if isinstance(name, str) and key.startswith(f"{name}."):
            for rest in _paths_to(inner, key.removeprefix(f"{name}.")):
                yield (name, *rest)
                return


def _outputs_with(lock: object, value: str) -> Iterator[_Path]:
    """Where a lock names an output of this hash; the first place only."""
    found = (
        ("stages", name, "outs", position, algorithm)
        for name, entry in _items(_at(lock, ("stages",)))
        for position, out in enumerate(_list(_at(entry, ("outs",))))
        for algorithm, written in _items(out)
        if value and written == value
    )
    yield from islice(found, 1)


def _at(value: object, path: _Path) -> object:
    """What stands at a path; None where nothing does."""
    for key in path:
        match value:
            case dict():
                value = value.get(key)
            case list() if isinstance(key, int) and 0 <= key < len(value):
                value = value[key]
            case _:
                return None
    return value


def _items(value: object) -> tuple[tuple[Key, object], ...]:
    return tuple(value.items()) if isinstance(value, dict) else ()


def _list(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _split_stage(name: str) -> tuple[str, str]:
    """The dvc.yaml of a stage, and its name there: `sub/dvc.yaml:train@x` is `train` of `sub/dvc.yaml`."""
    file, _, own = name.rpartition(":")
    return file or PIPELINE_FILE, own.partition("@")[0]


def _lock_beside(path: str) -> tuple[str, ...]:
    """The locks that may name an output: in its folder, and in every one around it."""
    folders = path.split("/")[:-1]
    return tuple("/".join([*folders[:depth], LOCK_FILE]) for depth in range(len(folders), -1, -1))


def _show(value: object) -> str:
    return "nothing" if value is None else str(value)
