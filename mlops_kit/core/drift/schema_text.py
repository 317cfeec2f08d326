"""Data schemas as YAML: read strictly, every problem at once with its line, and written for a person to review."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_kit.core.config.names import suggest
from mlops_kit.core.config.wording import Finding, describe, describe_kind
from mlops_kit.core.documents import DATA_LIMITS, Document, Key, parse_yaml
from mlops_kit.core.documents.text import raise_found, refusal
from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, Family
from mlops_kit.core.drift.schema import Cell, ColumnRules, ColumnType, DataSchema, OtherColumns
from mlops_kit.core.errors import Problem

SCHEMA = "https://raw.githubusercontent.com/mlops-kit/mlops-kit/main/schemas/data-schema.schema.json"
Path = tuple[Key, ...]
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CHOICES: Mapping[str, type[StrEnum]] = {"type": ColumnType, "other-columns": OtherColumns}
_SHOWN_FIELD = 60


def parse_schema(text: str, *, file: str) -> DataSchema:
    """The schema that a file says; InvalidInputError with every problem, each with its line."""
    document = parse_yaml(text.encode("utf-8", "surrogatepass"), file=file, limits=DATA_LIMITS)
    if not isinstance(document.value, dict):
        message = f"expected a mapping, got {describe_kind(document.value)}"
        raise refusal(message, document.locate(()), hint="a schema is written by: mlops-kit drift --infer-schema")
    raise_found(_key_problems(document, document.value))
    try:
        return DataSchema.model_validate(document.value)
    except ValidationError as error:
        raise_found(_problems(document, error.errors(include_url=False)))
        raise


def render_schema(schema: DataSchema, *, profile: DataProfile | None = None) -> str:
    """The schema as YAML; with the profile that it was inferred from, each column says what was seen."""
    return "\n".join([*_render_table(schema, profile), *_render_columns(schema, profile)]) + "\n"


def _key_problems(document: Document, value: Mapping[object, object]) -> Iterator[Problem]:
    """Names that YAML does not read as text: `1`, `true`."""
    columns = value.get("columns")
    for path, keys in (((), value), (("columns",), columns if isinstance(columns, dict) else {})):
        for key in keys:
            if not isinstance(key, str):
                place = document.locate_key((*path, key))  # type: ignore[arg-type]
                yield Problem(
                    message=f"expected text as a key, got {key!r:.60}", location=place, hint="put it in quotes"
                )


def _problems(document: Document, details: Iterable[ErrorDetails]) -> Iterator[Problem]:
    found: dict[Path, Problem] = {}
    for detail in details:
        path = _path(detail)
        unknown = detail["type"] == "extra_forbidden"
        message, hint = _describe(document, path, detail)
        place = document.locate_key(path) if unknown else document.locate(path)
        field = ".".join(str(part)[:_SHOWN_FIELD] for part in path)
        found.setdefault(path, Problem(message=message, location=place, field=field, hint=hint))
    yield from found.values()


def _path(detail: ErrorDetails) -> Path:
    """Where it is in the file: of the kinds that a value may have, none stands there."""
    path = detail["loc"]
    return path[: path.index("allowed") + 2] if "allowed" in path[2:] else path


def _describe(document: Document, path: Path, detail: ErrorDetails) -> tuple[str, str]:
    finding = Finding(path=path, detail=detail, written=document.written(path))
    key = str(path[-1])
    if detail["type"] == "extra_forbidden":
        return "unknown key", suggest(key, _known(path))
    if detail["type"] == "enum" and key in _CHOICES:
        choices = [str(choice) for choice in _CHOICES[key]]
        return f"{finding.shown} is not one of {', '.join(choices)}", suggest(str(detail["input"]), choices)
    if "allowed" in path[2:-1]:
        return f"expected text, a number, true or false, got {finding.shown}", ""
    return describe(finding)


def _known(path: Path) -> list[str]:
    model = DataSchema if len(path) == 1 else ColumnRules
    return [str(field.alias or name.replace("_", "-")) for name, field in model.model_fields.items()]


def _render_table(schema: DataSchema, profile: DataProfile | None) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA}"
    yield "# What the data must be like. Data that breaks a rule is not trained on."
    if profile is not None:
        yield f"# Inferred from {profile.rows:,} rows, with slack: review it, and keep what you mean."
    yield "# type: integer, number, boolean, text, moment or nested. A column without rules may hold anything."
    yield f"version: {schema.version}"
    yield f"min-rows: {schema.min_rows}"
    yield f"other-columns: {schema.other_columns}  # allowed or refused: columns that are not named here"
    yield "columns:" if schema.columns else "columns: {}"


def _render_columns(schema: DataSchema, profile: DataProfile | None) -> Iterator[str]:
    seen = {column.name: column for column in profile.columns} if profile else {}
    for name, rules in schema.columns.items():
        lines = tuple(_render_rules(rules))
        note = f"  # {_describe_seen(seen[name])}" if name in seen else ""
        yield f"  {_quote(name)}:{'' if lines else ' {}'}{note}"
        yield from lines


def _render_rules(rules: ColumnRules) -> Iterator[str]:
    if rules.type is not None:
        yield f"    type: {rules.type}"
    for key, value, default in (
        ("required", rules.required, True),
        ("nullable", rules.nullable, True),
        ("unique", rules.unique, False),
    ):
        if value is not default:
            yield f"    {key}: {_write(value)}"
    for key, bound in (("min", rules.min), ("max", rules.max)):
        if bound is not None:
            yield f"    {key}: {_write(bound)}"
    if rules.allowed is not None:
        yield "    allowed:"
        yield from (f"      - {_write(value)}" for value in rules.allowed)


def _describe_seen(column: ColumnProfile) -> str:
    """What was seen, in numbers only: no value of the data can end the comment."""
    parts = [f"{column.distinct:,} different values"]
    if column.numbers and column.numbers.minimum is not None and column.numbers.maximum is not None:
        parts.append(f"{column.numbers.minimum:.10g} to {column.numbers.maximum:.10g}")
    if column.earliest and column.latest:
        parts.append(f"{column.earliest.date()} to {column.latest.date()}")
    if column.missing:
        parts.append(f"{column.missing:,} missing")
    return "no value" if column.family is Family.EMPTY else ", ".join(parts)


def _write(value: Cell) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return _quote(value) if isinstance(value, str) else repr(value)


def _quote(text: str) -> str:
    """A text in double quotes; what is not printable is escaped."""
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escape(char)) for char in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
