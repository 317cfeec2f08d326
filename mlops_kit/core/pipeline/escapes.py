"""Finds what a dvc.yaml writes outside of its DVC repository: DVC notices only after the command ran.

Paths with templates are left alone here; they are judged again when DVC has filled them in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.documents import Document, Key
from mlops_kit.core.errors import IntegrityError, Location, Problem
from mlops_kit.core.pipeline.definition import is_template
from mlops_kit.core.pipeline.stages import OutputKind, is_inside, join_path

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_HINT = "name a path below the folder that holds .dvc"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where in a document a path is written."""

    path: tuple[Key, ...]
    is_key: bool = False


def check_paths(document: Document, *, root: str) -> tuple[IntegrityError, ...]:
    """An error for every working folder, output and metric that leaves `root`, with its line."""
    return tuple(_leaving(document, root))


def check_repetitions(document: Document) -> tuple[Problem, ...]:
    """A problem for every output that a stage names twice: DVC keeps one of them and says nothing."""
    return tuple(_repetitions(document))


def foreign_reason(path: str) -> str:
    """Why a path can be no output whatever folder it is in; an empty string where it can."""
    if "\0" in path:
        return "holds a NUL character"
    if path == "~" or path.startswith("~/"):
        return "starts with ~, which neither DVC nor a shell's quotes expand"
    if _DRIVE.match(path):
        return "is an absolute path of Windows"
    return ""


def written_stages(document: Document) -> Iterator[tuple[str, tuple[Key, ...], Mapping[object, object]]]:
    """Every stage as written: its name, where its body stands, and the body; of a foreach group, what is below `do`."""
    stages = document.value.get("stages") if isinstance(document.value, dict) else None
    for name, entry in stages.items() if isinstance(stages, dict) else ():
        body = entry.get("do", entry) if isinstance(entry, dict) else None
        if isinstance(body, dict):
            yield str(name), ("stages", str(name)) if body is entry else ("stages", str(name), "do"), body


def _leaving(document: Document, root: str) -> Iterator[IntegrityError]:
    folders = _Folders(home=document.file.rpartition("/")[0], root=root)
    for _, path, body in written_stages(document):
        yield from _leaving_stage(document, body, path, folders)
    for place, text in _listed(document.value, (), "metrics") if isinstance(document.value, dict) else ():
        yield from _complaints(document, place, text, folders)


def _repetitions(document: Document) -> Iterator[Problem]:
    for _, path, body in written_stages(document):
        seen: set[str] = set()
        for place, text in (found for kind in OutputKind for found in _listed(body, path, kind.value)):
            if (normal := join_path("", text)) in seen:
                spot, field = _locate(document, place)
                message = f"the output {text[:200]!r} is named twice"
                yield Problem(message=message, location=spot, field=field, hint="name it once")
            seen.add(normal)


@dataclass(frozen=True, kw_only=True)
class _Folders:
    """The folder that paths are relative to, and the one that they may not leave."""

    home: str
    root: str


def _leaving_stage(
    document: Document, entry: Mapping[object, object], path: tuple[Key, ...], folders: _Folders
) -> Iterator[IntegrityError]:
    work = entry.get("wdir")
    if is_template(work):
        return
    if isinstance(work, str):
        found = tuple(_complaints(document, _Place(path=(*path, "wdir")), work, folders))
        yield from found
        if found:
            return
        folders = _Folders(home=join_path(folders.home, work), root=folders.root)
    for kind in OutputKind:
        for place, text in _listed(entry, path, kind.value):
            yield from _complaints(document, place, text, folders)


def _listed(entry: Mapping[object, object], path: tuple[Key, ...], kind: str) -> Iterator[tuple[_Place, str]]:
    """Every path under a list's key, and where it is written: an item, or the key of one."""
    items = entry.get(kind)
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, str):
            yield _Place(path=(*path, kind, number)), item
        for text in item if isinstance(item, dict) else ():
            yield _Place(path=(*path, kind, number, str(text)), is_key=True), str(text)


def _complaints(document: Document, place: _Place, text: str, folders: _Folders) -> Iterator[IntegrityError]:
    if is_template(text) or "://" in text:
        return
    reason = foreign_reason(text)
    if not reason and not _is_below(join_path(folders.home, text), folders.root):
        reason = "lies outside of the repository"
    if reason:
        spot, field = _locate(document, place)
        yield IntegrityError(f"{text[:200]!r} {reason}", location=spot, field=field, hint=_HINT)


def _locate(document: Document, place: _Place) -> tuple[Location, str]:
    spot = document.locate_key(place.path) if place.is_key else document.locate(place.path)
    return spot, ".".join(str(part) for part in (place.path[:-1] if place.is_key else place.path))


def _is_below(path: str, root: str) -> bool:
    return not path.startswith("/") and path != ".." and not path.startswith("../") and is_inside(path, root)
