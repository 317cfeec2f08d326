"""Reads the markdown that a team's own pipeline leaves for the report; it stays a stranger's text until it is shown."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_kit.core.config import ReviewSection
from mlops_kit.core.errors import KitError
from mlops_kit.core.ports import Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.report import SECTION_TEXT_LIMIT, Section

TOTAL_LIMIT = 200_000
"""Bytes that all sections take in a report at most, so that they leave its rows their room."""


@dataclass(frozen=True, kw_only=True)
class Sections:
    """The sections that could be read, and why others could not."""

    found: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()


def read_sections(tree: Tree, wanted: Iterable[ReviewSection]) -> Sections:
    """The sections that the policy names, from the files of a tree; one that cannot be read is a note."""
    left, found, notes = TOTAL_LIMIT, [], []
    for entry in wanted:
        text, note = _read(tree, entry.file)
        size = len(json.dumps(text, ensure_ascii=False).encode())
        if not note and size > left:
            note = f"all sections together have more than {TOTAL_LIMIT // 1000} kB"
        if note:
            notes.append(clip(f"section {entry.title}: {entry.file}: {note}"))
        else:
            left -= size
            found.append(Section(title=clip(entry.title), text=text))
    return Sections(found=tuple(found), notes=tuple(notes))


def _read(tree: Tree, file: str) -> tuple[str, str]:
    """A file's text, or why there is none."""
    try:
        data = tree.read_files([file]).get(file)
        text = None if data is None else data.decode("utf-8")
    except KitError as error:
        return "", str(error)
    except UnicodeDecodeError:
        return "", "it is not UTF-8"
    return ("", "there is no such file") if text is None else (clip(text, limit=SECTION_TEXT_LIMIT), "")
