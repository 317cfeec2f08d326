"""TOML documents: values as tomllib reads them, dates as text; no positions except in errors."""

import re
import tomllib
from datetime import date, datetime, time

from mlops_kit.core.documents.document import DATA_LIMITS, Document, Limits
from mlops_kit.core.documents.measure import check_size
from mlops_kit.core.documents.text import decode, refusal, syntax_problem
from mlops_kit.core.errors import InvalidInputError, Location, Problem

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def parse_toml(data: bytes, *, file: str, limits: Limits = DATA_LIMITS) -> Document:
    """A TOML document; InvalidInputError where it is not one or is larger than its limits."""
    text = decode(data, file=file)
    try:
        value: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError([_syntax(str(error), data, file)]) from error
    except RecursionError as error:
        raise refusal(f"nested deeper than {limits.depth} levels", Location(file=file)) from error
    except ValueError as error:
        raise refusal("a number or date is out of range", Location(file=file)) from error
    check_size(value, limits, file=file)
    return Document(file=file, value=_plain(value))


def _syntax(message: str, data: bytes, file: str) -> Problem:
    place = _PLACE.search(message)
    at_end = data.rstrip().count(b"\n") + 1
    line = int(place["line"] or at_end) if place else 0
    column = int(place["column"] or 0) if place else 0
    reason = _PLACE.sub("", message)
    return syntax_problem(
        f"not TOML: {reason[:1].lower()}{reason[1:]}", Location(file=file, line=line, column=column), data
    )


def _plain(value: object) -> object:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value
