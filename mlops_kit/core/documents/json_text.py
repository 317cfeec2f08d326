"""JSON documents: strict about duplicate keys, with positions found only when somebody asks.

NaN, Infinity and numbers beyond a float's range are read as floats, for the caller to judge.
"""

import json
import re
from functools import cache

from mlops_kit.core.documents.document import DATA_LIMITS, Document, Key, Limits, Mark
from mlops_kit.core.documents.measure import check_size
from mlops_kit.core.documents.text import Lines, decode, raise_found, refusal, syntax_problem
from mlops_kit.core.errors import InvalidInputError, Location, Problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_LONG_NUMBER = re.compile(r"\d{4301,}")


def parse_json(data: bytes, *, file: str, limits: Limits = DATA_LIMITS) -> Document:
    """A JSON document; InvalidInputError with every duplicate key, or the one place where the syntax breaks."""
    text = decode(data, file=file)
    repeated: list[str] = []
    value = _load(text, data, file=file, limits=limits, repeated=repeated)
    check_size(value, limits, file=file)
    if repeated:
        raise_found(_duplicates(text, file))
    return Document(file=file, value=value, find=_Finder(text).find)


def _load(text: str, data: bytes, *, file: str, limits: Limits, repeated: list[str]) -> object:
    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) < len(pairs):
            repeated.append(file)
        return built

    try:
        return json.loads(text, object_pairs_hook=build)
    except json.JSONDecodeError as error:
        place = Location(file=file, line=error.lineno, column=error.colno)
        reason = error.msg[:1].lower() + error.msg[1:]
        raise InvalidInputError([syntax_problem(f"not JSON: {reason}", place, data)]) from error
    except RecursionError as error:
        raise refusal(f"nested deeper than {limits.depth} levels", Location(file=file)) from error
    except ValueError as error:
        found = _LONG_NUMBER.search(text)
        place = Lines(text).locate(found.start() if found else 0, file=file)
        raise refusal("an integer has more than 4,300 digits", place) from error


def _duplicates(text: str, file: str) -> list[Problem]:
    lines = Lines(text)
    return [
        Problem(
            message=f"duplicate key {path[-1]!r}, first in line {lines.place(first)[0]}",
            location=lines.locate(again, file=file),
            field=".".join(str(part) for part in path),
            hint="keep one of the two",
        )
        for path, first, again in _Scan(text).repeated
    ]


class _Finder:
    """Scans the text on the first question; a document that nobody asks about costs nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = cache(self._read_marks)

    def find(self, path: tuple[Key, ...]) -> Mark | None:
        """The mark at the path or at the nearest thing around it."""
        marks = self._marks()
        while path and path not in marks:
            path = path[:-1]
        return marks.get(path)

    def _read_marks(self) -> dict[tuple[Key, ...], Mark]:
        lines = Lines(self._text)
        return {
            path: _mark(lines.place(key), lines.place(value))
            for path, (key, value) in _Scan(self._text).offsets.items()
        }


def _mark(key: tuple[int, int], value: tuple[int, int]) -> Mark:
    return Mark(line=value[0], column=value[1], key_line=key[0], key_column=key[1])


class _Scan:
    """The offsets of keys and values in a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self.offsets: dict[tuple[Key, ...], tuple[int, int]] = {}
        self.repeated: list[tuple[tuple[Key, ...], int, int]] = []
        self._path: list[Key] = []
        self._open: list[str] = []
        self._key_offset = 0
        self._key_is_next = False
        for token in _TOKEN.finditer(text):
            self._take(token[0], token.start())

    def _take(self, symbol: str, offset: int) -> None:
        match symbol:
            case "{" | "[":
                self._note(offset)
                self._open.append(symbol)
                self._path.append("" if symbol == "{" else 0)
                self._key_is_next = symbol == "{"
            case "}" | "]":
                self._open.pop()
                self._path.pop()
            case ",":
                self._next_entry()
            case ":":
                self._key_is_next = False
            case _ if self._key_is_next:
                self._path[-1] = json.loads(symbol)
                self._key_offset = offset
            case _:
                self._note(offset)

    def _next_entry(self) -> None:
        last = self._path[-1]
        if isinstance(last, int):
            self._path[-1] = last + 1
        self._key_is_next = self._open[-1] == "{"

    def _note(self, offset: int) -> None:
        path = tuple(self._path)
        key_offset = self._key_offset if self._open and self._open[-1] == "{" else offset
        if path in self.offsets:
            self.repeated.append((path, self.offsets[path][0], key_offset))
        self.offsets.setdefault(path, (key_offset, offset))
