"""Reads dvc.lock: what each stage was last run with, and which digests came out.

Knows the text of the file and nothing of dvc.yaml. Reads the present schema and the one of DVC 1.x without a version.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from mlops_kit.core.documents import Document, Key, conflict_line, parse_yaml
from mlops_kit.core.errors import InputError, InvalidInputError, Location, Problem, RefusedError
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM, hash_folder
from mlops_kit.core.types import Digest, StoredFile

SCHEMA = "2.0"
_ALGORITHMS = ("md5", "etag", "checksum")
_COUNT_LIMIT = 2**53
"""What no number of bytes or files reaches, and every reader of JSON can hold."""
_HINT = "restore it from git (git checkout -- FILE), or run the pipeline again"


@dataclass(frozen=True, kw_only=True)
class LockedPath:
    """One dependency or output: its path as written (relative to the stage's folder), and what it hashed to."""

    path: str
    digest: Digest | None
    files: int | None = None
    size: int | None = None
    stored: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LockedStage:
    """What the last run of a stage executed, read and wrote."""

    name: str
    command: tuple[str, ...]
    dependencies: tuple[LockedPath, ...] = ()
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    outputs: tuple[LockedPath, ...] = ()
    find_place: Callable[[], Location] = field(repr=False, compare=False)

    @property
    def location(self) -> Location:
        """Where the entry stands; looked for when somebody asks, for a lock may have thousands."""
        return self.find_place()


def parse_lock(data: bytes, *, file: str) -> Mapping[str, LockedStage]:
    """The entries of a dvc.lock by stage name.

    RefusedError where it holds a merge conflict, InputError where it is empty, cut short or not a lock.
    """
    _refuse_conflict(data, file)
    if not data.strip():
        raise InputError("is empty: a run may have been killed", location=Location(file=file), hint=_hint(file))
    document = _parse(data, file)
    return {stage.name: stage for stage in _stages(document)}


def read_digest(entry: Mapping[object, object]) -> Digest | None:
    """The digest that an entry of a lock or `.dvc` file names; without `hash:` an md5 is the one of DVC 2."""
    named = entry.get("hash")
    for algorithm in (named, *_ALGORITHMS):
        value = entry.get(algorithm) if isinstance(algorithm, str) else None
        if isinstance(value, str) and value:
            kept = LEGACY_ALGORITHM if algorithm == "md5" and named is None else str(algorithm)
            return Digest(algorithm=kept, value=value)
    return _listed_digest(entry.get("files"))


def read_count(entry: Mapping[object, object], key: str) -> int | None:
    """`size` or `nfiles` of an entry; None where it has none, or one that nothing can have.

    A folder whose files are listed one by one has as many files, and the sum of their bytes.
    """
    value = entry.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < _COUNT_LIMIT else None
    files = entry.get("files")
    if not isinstance(files, list):
        return None
    sizes = [found.get("size") for found in files if isinstance(found, dict)]
    if key == "nfiles":
        return len(files)
    whole = [size for size in sizes if isinstance(size, int) and 0 <= size < _COUNT_LIMIT]
    return sum(whole) if len(whole) == len(files) else None


def read_stored(entry: Mapping[object, object]) -> Iterator[StoredFile]:
    """Where versioned remotes keep an output, or each of its files, as DVC notes it under `cloud:`."""
    if isinstance(files := entry.get("files"), list):
        for found in files:
            if isinstance(found, dict) and isinstance(path := found.get("relpath"), str):
                yield from (replace(stored, path=path) for stored in read_stored({"cloud": found.get("cloud")}))
    clouds = entry.get("cloud")
    for remote, told in clouds.items() if isinstance(clouds, dict) else ():
        version = told.get("version_id") if isinstance(told, dict) else None
        if isinstance(version, str) and version:
            yield StoredFile(path="", remote=str(remote), version=version)


def _listed_digest(files: object) -> Digest | None:
    """The digest of a folder whose files are listed one by one, as versioned remotes have it."""
    listed = {
        found["relpath"]: found["md5"]
        for found in (files if isinstance(files, list) else ())
        if isinstance(found, dict) and isinstance(found.get("relpath"), str) and isinstance(found.get("md5"), str)
    }
    return hash_folder(listed) if listed else None


def _refuse_conflict(data: bytes, file: str) -> None:
    if line := conflict_line(data):
        raise RefusedError(
            f"merge conflict in {file} line {line}",
            location=Location(file=file, line=line),
            hint="take one side of each stage, then run the pipeline: its result replaces the lock",
        )


def _parse(data: bytes, file: str) -> Document:
    try:
        return parse_yaml(data, file=file)
    except InvalidInputError as error:
        raise InvalidInputError(
            Problem(message=found.message, location=found.location, field=found.field, hint=_hint(file))
            for found in error.problems
        ) from error


def _stages(document: Document) -> Iterator[LockedStage]:
    match document.value:
        case {"schema": "2.0", **rest}:
            stages = {} if rest.get("stages") is None else rest["stages"]
        case {"schema": other}:
            raise InputError(
                f"schema {other!r} is not known, expected {SCHEMA!r}",
                location=document.locate(("schema",)),
                hint="a newer DVC wrote it: update mlops-kit",
            )
        case dict() as stages:
            pass
        case _:
            raise _broken(document, (), "expected a mapping with schema and stages")
    if not isinstance(stages, dict):
        raise _broken(document, ("stages",), "expected a mapping of stages")
    prefix = () if stages is document.value else ("stages",)
    for name, entry in stages.items():
        yield _stage(document, (*prefix, name), entry)


def _stage(document: Document, path: tuple[Key, ...], entry: object) -> LockedStage:
    match entry:
        case {"cmd": str() | list() as command, **rest}:
            return LockedStage(
                name=str(path[-1]),
                command=(command,) if isinstance(command, str) else tuple(str(line) for line in command),
                dependencies=tuple(_paths(document, (*path, "deps"), rest.get("deps"))),
                params=_params(document, (*path, "params"), rest.get("params")),
                outputs=tuple(_paths(document, (*path, "outs"), rest.get("outs"))),
                find_place=partial(document.locate, path),
            )
        case _:
            raise _broken(document, path, "expected a mapping with cmd: the file may be cut short")


def _paths(document: Document, path: tuple[Key, ...], entries: object) -> Iterator[LockedPath]:
    if not isinstance(entries, list | None):
        raise _broken(document, path, "expected a list")
    for number, entry in enumerate(entries or ()):
        match entry:
            case {"path": str() as written}:
                yield LockedPath(
                    path=written,
                    digest=read_digest(entry),
                    files=read_count(entry, "nfiles"),
                    size=read_count(entry, "size"),
                    stored=tuple(read_stored(entry)),
                )
            case _:
                raise _broken(document, (*path, number), "expected a mapping with path")


def _params(document: Document, path: tuple[Key, ...], files: object) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(files, dict | None) or not all(isinstance(keys, dict) for keys in (files or {}).values()):
        raise _broken(document, path, "expected a mapping of files, each with its keys")
    return {str(file): {str(key): value for key, value in keys.items()} for file, keys in (files or {}).items()}


def _broken(document: Document, path: tuple[Key, ...], message: str) -> InputError:
    return InputError(
        message,
        location=document.locate(path),
        field=".".join(str(part) for part in path),
        hint=_hint(document.file),
    )


def _hint(file: str) -> str:
    return _HINT.replace("FILE", file)
