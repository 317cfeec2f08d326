"""The words of a sweep: `KEY=0.1,0.01`, `FILE:KEY=choice(a,b)`, `KEY=range(0,1,0.1)`, `KEY=loguniform(1e-5,1)`.

Values are YAML's scalars: `0.1` is a number, `'0.1'` a text, `null` nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, isfinite
from posixpath import normpath

from mlops_kit.core.config.names import suggest
from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.errors import InputError, InvalidInputError, Problem
from mlops_kit.core.sweep.space import GRID_LIMIT, Choices, Dimension, Interval, Scale, Space
from mlops_kit.core.sweep.trial import PARAMS_FILE, Param

_CALL = re.compile(r"(?s)\s*(?P<name>[A-Za-z_]\w*)\s*\((?P<inside>.*)\)\s*")
_ITEM = re.compile(r"""(?s)\s*(?P<text>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^,'"\s][^,]*|)\s*(?P<end>,|\Z)""")
_NO_PLAIN_START = frozenset("&*!|>%@`#")
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_QUOTES = ("'", '"')
_SHOWN = 120
_HINT = "KEY=0.1,0.01  KEY=choice(a,b)  KEY=range(0,10,2)  FILE:KEY=…; a text with a comma in quotes"


@dataclass(frozen=True, kw_only=True)
class _Item:
    """One value as it is written, and where in the word it begins (from 0)."""

    text: str
    place: int


def parse_words(words: Iterable[str]) -> Space:
    """The space that the words describe; InvalidInputError with what is wrong with each of them."""
    found: list[Dimension] = []
    problems: list[Problem] = []
    for word in words:
        try:
            dimension = parse_word(word)
            if any(dimension.param == known.param for known in found):
                raise _fault(word, 0, f"{dimension.param} has values already, by another word")
            found.append(dimension)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInputError(problems)
    return tuple(found)


def parse_word(word: str) -> Dimension:
    """One param and its values; InputError that names the word and the place in it."""
    name, equals, values = word.partition("=")
    if not equals:
        raise _fault(word, len(word), "a word has the form KEY=VALUES")
    place = len(name) + 1
    call = _CALL.fullmatch(values)
    if call is None:
        found: Choices | Interval = _read_choices(word, _split(word, values, place))
    else:
        read = _FORMS.get(call["name"])
        if read is None:
            raise _fault(word, place, f"{call['name']}(…) is unknown", hint=suggest(call["name"], _FORMS))
        found = read(word, _split(word, call["inside"], place + call.start("inside")))
    return Dimension(param=_read_param(word, name), values=found, word=word)


def _read_param(word: str, name: str) -> Param:
    file, colon, key = name.strip().rpartition(":")
    if not key or any(not part for part in key.split(".")):
        raise _fault(word, len(file) + len(colon), "the key of a param is missing, or a part of it")
    if colon and not file:
        raise _fault(word, 0, "the file before the colon is missing")
    path = normpath(file or PARAMS_FILE)
    if path.startswith(("/", "../")) or path in {".", ".."} or "\0" in path:
        raise _fault(word, 0, "the file is not one below this folder")
    return Param(file=path, key=key)


def _split(word: str, text: str, place: int) -> tuple[_Item, ...]:
    """The values between commas; commas in quotes separate nothing."""
    return tuple(_walk_items(word, text, place))


def _walk_items(word: str, text: str, place: int) -> Iterator[_Item]:
    start = 0
    while True:
        found = _ITEM.match(text, start)
        if found is None:
            raise _fault(word, place + start, "a quote that is not closed, or text behind a closed one")
        item = _Item(text=found["text"].strip(), place=place + found.start("text"))
        if not item.text:
            raise _fault(word, item.place, "a value is missing (an empty text is '')")
        yield item
        if not found["end"]:
            return
        start = found.end()


def _read_choices(word: str, items: tuple[_Item, ...]) -> Choices:
    values: list[Scalar] = []
    for item in items:
        value = _read_scalar(word, item)
        if any(value == known and type(value) is type(known) for known in values):
            raise _fault(word, item.place, f"{item.text[:_SHOWN]!r} is there twice")
        values.append(value)
    return Choices(values=tuple(values))


def _read_range(word: str, items: tuple[_Item, ...]) -> Choices:
    numbers = _read_numbers(word, items, "range", least=2, most=3)
    start, end, step = (Decimal(repr(number)) for number in (*numbers, 1)[:3])
    if step == 0:
        raise _fault(word, items[2].place, "the step is 0")
    count = ceil((end - start) / step)
    if count < 1:
        raise _fault(
            word, items[0].place, "the range is empty: it goes from its first number up to, but without, its second"
        )
    if count > GRID_LIMIT:
        raise _fault(word, items[0].place, f"{count:,} values, more than {GRID_LIMIT:,}")
    kind = int if all(isinstance(number, int) for number in numbers) else float
    return Choices(values=tuple(kind(start + step * place) for place in range(count)), ordered=True)


def _reader_of(scale: Scale) -> "_Reader":
    def read(word: str, items: tuple[_Item, ...]) -> Interval:
        low, high = _read_numbers(word, items, scale, least=2, most=2)
        if low >= high:
            raise _fault(word, items[0].place, f"{items[0].text} is not below {items[1].text}")
        if scale is Scale.LOG_UNIFORM and low <= 0:
            raise _fault(word, items[0].place, f"{items[0].text} has no logarithm")
        if scale is Scale.INT and not (isinstance(low, int) and isinstance(high, int)):
            raise _fault(word, items[0].place, "int(a,b) goes from a whole number to a whole number")
        return Interval(scale=scale, low=low, high=high)

    return read


def _read_numbers(word: str, items: tuple[_Item, ...], form: str, *, least: int, most: int) -> list[float]:
    if not least <= len(items) <= most:
        expected = f"{least} numbers" if least == most else f"{least} or {most} numbers"
        raise _fault(word, items[0].place, f"{form}(…) takes {expected}, not {len(items)}")
    numbers = []
    for item in items:
        value = _read_scalar(word, item)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _fault(word, item.place, f"{item.text[:_SHOWN]!r} is not a number")
        numbers.append(value)
    return numbers


def _read_scalar(word: str, item: _Item) -> Scalar:
    """The value by the rules of YAML; what would be a list, a mapping or a comment there is none."""
    text = item.text
    quoted = text.startswith(_QUOTES)
    if not quoted and (text[0] in _NO_PLAIN_START or " #" in text or "\n" in text):
        raise _fault(word, item.place, f"{text[:_SHOWN]!r} means something else in YAML: put it in quotes")
    try:
        value = parse_yaml(text.encode("utf-8", "surrogateescape"), file="--sweep").value
    except InputError as error:
        raise _fault(word, item.place, f"{text[:_SHOWN]!r} is no value of YAML: put it in quotes") from error
    if isinstance(value, float) and not isfinite(value):
        raise _fault(word, item.place, f"{text} is not finite")
    if value is None and text in _NULLS:
        return None
    if isinstance(value, str | int | float | bool):
        return value
    raise _fault(word, item.place, f"{text[:_SHOWN]!r} is not one value: put a text in quotes")


def _fault(word: str, place: int, message: str, *, hint: str = _HINT) -> InputError:
    return InputError(f"--sweep {word[:_SHOWN]!r}, character {place + 1}: {message}", hint=hint)


_Reader = Callable[[str, tuple[_Item, ...]], Choices | Interval]
_FORMS: dict[str, _Reader] = {
    "choice": _read_choices,
    "range": _read_range,
    **{scale.value: _reader_of(scale) for scale in Scale},
}
