"""What the values of each column are, and how SQL reads them as that."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.relation import Relation, literal
from mlops_kit.core.drift.profile import Family, TableFormat

HEAD_ROWS = 20_000
HEAD_CELLS = 4_000_000
MISSING_WORDS = ("", "na", "n/a", "nan", "null", "none", "-", "?")
"""Words that stand for no value in a column that holds no text otherwise."""
_FORMATS = ("%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y %H:%M:%S", "%d %b %Y", "%b %d, %Y")
_GLANCE_ROWS = 20
_BATCH = 50
_WORDS = {
    Family.NUMBER: "DOUBLE",
    Family.BOOLEAN: "BOOLEAN",
    Family.MOMENT: "TIMESTAMP",
    Family.TEXT: "VARCHAR",
    Family.NESTED: "JSON",
    Family.EMPTY: "",
}
T = TypeVar("T")
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*")
_MOMENTS = re.compile(r"DATE|TIMESTAMP.*")
_TEXTS = re.compile(r"VARCHAR|ENUM\(.*|UUID|JSON|TIME.*|INTERVAL|BIT")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column by its number, and what it holds; `form` is how its moments are written, where not as ISO 8601 says."""

    number: int
    name: str
    family: Family
    type: str
    source: TableFormat
    form: str = ""

    @property
    def text(self) -> str:
        """SQL of a value as text, NULL where there is none."""
        name = f"c{self.number}"
        match self.source:
            case TableFormat.CSV:
                return name
            case TableFormat.JSON_LINES:
                return f"({name}->>'$')"
            case TableFormat.PARQUET:
                return f"CAST({name} AS VARCHAR)"

    @property
    def value(self) -> str:
        """SQL of a value as what the column holds; NULL where there is none, or another."""
        match self.family:
            case Family.NUMBER:
                return _not_nan(self._number)
            case Family.BOOLEAN:
                return self._boolean
            case Family.MOMENT:
                return self._moment
            case Family.TEXT:
                return self.text
            case Family.NESTED:
                return (
                    f"c{self.number}" if self.is_said else f"CASE WHEN {_json_is(self, 'NESTED')} THEN {self.text} END"
                )
            case Family.EMPTY:
                return "NULL"

    @property
    def _number(self) -> str:
        if self.source is TableFormat.PARQUET:
            return f"CAST(c{self.number} AS DOUBLE)"
        cast = f"TRY_CAST({self.text} AS DOUBLE)"
        return cast if self.source is TableFormat.CSV else f"CASE WHEN {_json_is(self, 'NUMBER')} THEN {cast} END"

    @property
    def _boolean(self) -> str:
        if self.source is TableFormat.PARQUET:
            return f"c{self.number}"
        return f"CASE lower({self.text}) WHEN 'true' THEN true WHEN 'false' THEN false END"

    @property
    def _moment(self) -> str:
        if self.source is TableFormat.PARQUET:
            return f"CAST(c{self.number} AS TIMESTAMP)"
        if self.form:
            return f"TRY_STRPTIME({self.text}, {literal(self.form)})"
        return f"TRY_CAST({self.text} AS TIMESTAMP)"

    @property
    def is_said(self) -> bool:
        """Whether the file itself vouches for the type."""
        return self.source is TableFormat.PARQUET

    def as_text(self) -> "Column":
        """The column, taken for text."""
        return self.as_family(Family.TEXT)

    def as_family(self, family: Family) -> "Column":
        """The column, taken for what it may not be."""
        return replace(self, family=family, type=_WORDS[family], form="")


def present(text: str) -> str:
    """SQL: whether a text is there and no word for a missing value."""
    return f"lower(trim({text})) NOT IN ({', '.join(literal(word) for word in MISSING_WORDS)})"


def find_columns(database: Database, relation: Relation, numbers: Sequence[int]) -> tuple[Column, ...]:
    """The columns as their file, or else its first rows, say they are."""
    if relation.format is TableFormat.PARQUET:
        return tuple(_said_column(relation, number) for number in numbers)
    rows = min(HEAD_ROWS, HEAD_CELLS // len(relation.names))
    return tuple(look_into(database, relation, numbers, rows=rows))


def look_into(database: Database, relation: Relation, numbers: Sequence[int], *, rows: int = 0) -> Iterator[Column]:
    """The columns as their values say they are: those of the first rows, or of all where `rows` is 0."""
    for batch in batches(numbers, _BATCH):
        source = _head(relation, batch, rows)
        found = _fit(database, source, [tuple(_candidates(relation, number)) for number in batch])
        texts = [column for column in found if column.family is Family.TEXT]
        few = _fit(database, _head(relation, batch, _GLANCE_ROWS), [tuple(_other_moments(text)) for text in texts])
        likely = [text for text, glance in zip(texts, few, strict=True) if glance.family is not Family.TEXT]
        moments = _fit(database, source, [tuple(_other_moments(text)) for text in likely])
        better = {column.number: column for column in moments}
        yield from (better.get(column.number, column) for column in found)


def batches(items: Sequence[T], size: int) -> tuple[Sequence[T], ...]:
    """The items, so many at a time."""
    return tuple(items[start : start + size] for start in range(0, len(items), size))


def _candidates(relation: Relation, number: int) -> Iterator[Column]:
    """What a column may be: the text that fits everything, then what is likelier first."""
    name, source = relation.names[number], relation.format
    text = Column(number=number, name=name, family=Family.TEXT, type="VARCHAR", source=source)
    yield text
    yield replace(text, family=Family.NUMBER, type="DOUBLE")
    yield replace(text, family=Family.BOOLEAN, type="BOOLEAN")
    yield replace(text, family=Family.MOMENT, type="TIMESTAMP")
    if source is TableFormat.JSON_LINES:
        yield replace(text, family=Family.NESTED, type="JSON")


def _other_moments(text: Column) -> Iterator[Column]:
    yield text
    for form in _FORMATS:
        yield replace(text, family=Family.MOMENT, type=f"TIMESTAMP {form}", form=form)


def _fit(database: Database, source: str, candidates: Sequence[Sequence[Column]]) -> tuple[Column, ...]:
    """Of each column the candidate that fits all of its values."""
    if not candidates:
        return ()
    counts = ", ".join(sql for column in candidates for sql in _counts(column))
    found = iter(database.row(f"SELECT {counts} FROM {source}"))  # noqa: S608 - no name or value of the data
    return tuple(_choose(column, [next(found) for _ in column]) for column in candidates)


def _head(relation: Relation, numbers: Sequence[int], rows: int) -> str:
    names = ", ".join(f"c{number}" for number in numbers)
    return f"(SELECT {names} FROM {relation.source}{f' LIMIT {rows}' if rows else ''})"  # noqa: S608 - no name or value of the data


def _counts(candidates: Sequence[Column]) -> Iterator[str]:
    """SQL of how many values there are, and how many of them fit each candidate; words for a missing value fit none."""
    text, *others = candidates
    yield f"count_if({present(text.text)})"
    for column in others:
        yield f"count({column.value})"


def _choose(candidates: Sequence[Column], counts: Sequence[int]) -> Column:
    text, there = candidates[0], counts[0]
    if not there:
        return replace(text, family=Family.EMPTY, type="")
    fits = [column for column, count in zip(candidates[1:], counts[1:], strict=True) if count == there]
    if not fits or len({column.form for column in fits}) > 1:
        return text  # a day that may as well be a month is no date
    return fits[0]


def _said_column(relation: Relation, number: int) -> Column:
    kind = relation.types[number]
    families = ((_NUMBERS, Family.NUMBER), (_MOMENTS, Family.MOMENT), (_TEXTS, Family.TEXT))
    family = next((family for pattern, family in families if pattern.fullmatch(kind)), Family.NESTED)
    if kind == "BOOLEAN":
        family = Family.BOOLEAN
    return Column(number=number, name=relation.names[number], family=family, type=kind, source=relation.format)


def _json_is(column: Column, kind: str) -> str:
    words = {"NUMBER": "'UBIGINT', 'BIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE'", "NESTED": "'OBJECT', 'ARRAY'"}
    return f"json_type(c{column.number}) IN ({words[kind]})"


def _not_nan(number: str) -> str:
    """Not by a comparison: a Parquet file's statistics leave not-a-numbers out, and DuckDB would answer from them."""
    return f"CASE WHEN NOT isnan({number}) THEN {number} END"
