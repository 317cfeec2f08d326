"""What data must be like: the rules of a table and of its columns, and how a broken one is told.

Source of schemas/data-schema.schema.json. Values only: who reads a schema from text, infers it or checks data by it
stands beside this module.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mlops_kit.core.config.model import check_version
from mlops_kit.core.config.section import Section

EXAMPLES = 5
"""Bad values that a violation shows at most."""
Cell = bool | int | float | str


class ColumnType(StrEnum):
    """What the values of a column must be."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"
    NESTED = "nested"


class OtherColumns(StrEnum):
    """What happens to columns that the schema does not name."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class Rule(StrEnum):
    """A rule that data can break."""

    MIN_ROWS = "min-rows"
    REQUIRED = "required"
    OTHER_COLUMNS = "other-columns"
    TYPE = "type"
    NULLABLE = "nullable"
    UNIQUE = "unique"
    MIN = "min"
    MAX = "max"
    ALLOWED = "allowed"
    CHECK = "check"


class ColumnRules(Section):
    """What the values of one column must be like."""

    type: Annotated[ColumnType | None, Field(strict=False, description="What the values are; left out: anything.")] = (
        None
    )
    required: Annotated[bool, Field(description="Whether the column must be there.")] = True
    nullable: Annotated[bool, Field(description="Whether a row may have no value.")] = True
    unique: Annotated[bool, Field(description="Whether each value may be there only once.")] = False
    min: Annotated[float | None, Field(description="The smallest number that is allowed.")] = None
    max: Annotated[float | None, Field(description="The largest number that is allowed.")] = None
    allowed: Annotated[
        tuple[Cell, ...] | None, Field(strict=False, min_length=1, description="The only values that are allowed.")
    ] = None

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is larger than max {self.max:g}")
        if (self.min, self.max) != (None, None) and self.type not in {None, ColumnType.INTEGER, ColumnType.NUMBER}:
            raise ValueError(f"min and max are for numbers, and the type is {self.type}")
        return self


class DataSchema(Section):
    """What a table must be like."""

    version: Annotated[Literal[1], BeforeValidator(check_version), Field(description="The form of this file.")]
    min_rows: Annotated[int, Field(ge=0, description="The fewest rows that are enough.")] = 1
    other_columns: Annotated[
        OtherColumns, Field(strict=False, description="Whether columns may be there that are not named here.")
    ] = OtherColumns.ALLOWED
    columns: Annotated[dict[str, ColumnRules], Field(description="The rules of each column, by its name.")]


@dataclass(frozen=True, kw_only=True, order=True)
class Violation:
    """A rule that data breaks: by how many rows, and up to five of the bad values as text.

    `column` is empty where the whole table breaks it; `rows` is None where nobody counted them.
    """

    column: str
    rule: Rule
    expected: str
    rows: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, for a message."""
        count = "" if self.rows is None else f": {self.rows:,} row{'' if self.rows == 1 else 's'}"
        shown = ", ".join(repr(example) for example in self.examples)
        kind = "of type " if self.rule is Rule.TYPE else ""
        return f"must be {kind}{self.expected}{count}{f', such as {shown}' if shown else ''}"


def is_coded(rules: str) -> bool:
    """Whether rules are code of the team (`PATH.py:NAME`), and not a schema file."""
    return rules.rpartition(":")[0].endswith(".py")


def describe_allowed(values: tuple[Cell, ...]) -> str:
    """The allowed values for a message, cut where there are many."""
    shown = ", ".join(write_cell(value) for value in values[:EXAMPLES])
    return f"one of {shown}" + (f" and {len(values) - EXAMPLES:,} more" if len(values) > EXAMPLES else "")


def write_cell(value: Cell) -> str:
    """A value as a profile writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
