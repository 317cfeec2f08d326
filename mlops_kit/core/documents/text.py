"""Bytes as text: UTF-8 only, without NUL, with lines and columns; and merge conflicts that nobody resolved."""

import re
from bisect import bisect_right
from collections.abc import Iterable

from mlops_kit.core.errors import InvalidInputError, Location, Problem

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONFLICT = re.compile(rb"^<{7} .*$(?s:.*?)^={7}$(?s:.*?)^>{7} ", re.MULTILINE)


def decode(data: bytes, *, file: str) -> str:
    """The text of UTF-8 bytes without their byte order mark; InvalidInputError at the first byte that is not text."""
    body = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        place = Lines(before).locate(len(before), file=file)
        reason = f"not UTF-8: byte 0x{body[error.start]:02x}"
        raise refusal(reason, place, hint="save the file as UTF-8") from error
    if (offset := text.find("\0")) >= 0:
        raise refusal("holds a NUL character", Lines(text).locate(offset, file=file), hint="save the file as text")
    return text


class Lines:
    """Turns offsets of a text into lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def locate(self, offset: int, *, file: str) -> Location:
        """The place as a location."""
        line, column = self.place(offset)
        return Location(file=file, line=line, column=column)


def conflict_line(data: bytes) -> int:
    """The line where git's conflict markers start, 0 where there are none."""
    text = data.replace(b"\r\n", b"\n")
    found = _CONFLICT.search(text)
    return text.count(b"\n", 0, found.start()) + 1 if found else 0


def refusal(message: str, location: Location, *, hint: str = "") -> InvalidInputError:
    """One problem at one place, as an error."""
    return InvalidInputError([Problem(message=message, location=location, hint=hint)])


def raise_found(problems: Iterable[Problem]) -> None:
    """InvalidInputError with each problem once, in the order of their places; nothing where there are none."""
    found = sorted(set(problems), key=lambda problem: (problem.location or Location(file=""), problem.message))
    if found:
        raise InvalidInputError(found)


def syntax_problem(message: str, location: Location, data: bytes, *, hint: str = "") -> Problem:
    """What is wrong with a file's syntax; git's conflict markers are the cause where there are any."""
    if line := conflict_line(data):
        return Problem(
            message="an unresolved merge conflict starts here",
            location=Location(file=location.file, line=line),
            hint="resolve the conflict and remove git's markers",
        )
    return Problem(message=message, location=location, hint=hint)
