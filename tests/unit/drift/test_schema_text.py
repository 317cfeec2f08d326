"""Schemas as YAML, read and written."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.drift.inference import infer_schema
from mlops_kit.core.drift.schema import ColumnRules, ColumnType, DataSchema
from mlops_kit.core.drift.schema_text import parse_schema, render_schema
from mlops_kit.core.errors import InvalidInputError
from tests.unit.drift.profiles import numbers, table, texts

ROOT = Path(__file__).parents[3]
INFERRED = """\
# yaml-language-server: $schema=https://raw.githubusercontent.com/mlops-kit/mlops-kit/main/schemas/data-schema.schema.json
# What the data must be like. Data that breaks a rule is not trained on.
# Inferred from 1,000 rows, with slack: review it, and keep what you mean.
# type: integer, number, boolean, text, moment or nested. A column without rules may hold anything.
version: 1
min-rows: 500
other-columns: refused  # allowed or refused: columns that are not named here
columns:
  "age":  # 11 different values, 18 to 90, 3 missing
    type: integer
    min: 0
    max: 108
  "city":  # 2 different values
    type: text
    nullable: false
    allowed:
      - "a: b"
      - "true"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        parse_schema(text, file="schema.yaml")
    return [f"{problem} | {problem.hint}" for problem in caught.value.problems]


def test_inferred_schema_says_what_was_seen_and_is_read_back() -> None:
    profile = table(numbers("age", 18, 90, whole=True, missing=3), texts("city", {"a: b": 500, "true": 500}))
    schema = infer_schema(profile)
    text = render_schema(schema, profile=profile)
    assert text == INFERRED
    assert parse_schema(text, file="schema.yaml") == schema


def test_inferred_schema_fits_the_json_schema_that_editors_use() -> None:
    published = json.loads((ROOT / "schemas" / "data-schema.schema.json").read_text())
    jsonschema.validate(yaml.safe_load(INFERRED), published)
    with pytest.raises(jsonschema.ValidationError, match="alowed"):
        jsonschema.validate({"version": 1, "columns": {"x": {"alowed": ["a"]}}}, published)


def test_smallest_schema_allows_everything() -> None:
    assert parse_schema("version: 1\ncolumns: {x: {}}", file="a") == DataSchema.model_validate(
        {"version": 1, "columns": {"x": {}}}
    )


def test_all_rules_are_read() -> None:
    text = "version: 1\ncolumns: {x: {type: number, required: false, unique: true, allowed: [1, 2.5, a, true]}}"
    expected = ColumnRules.model_validate(
        {"type": ColumnType.NUMBER, "required": False, "unique": True, "allowed": (1, 2.5, "a", True)}
    )
    assert parse_schema(text, file="a").columns == {"x": expected}


def test_every_problem_is_told_at_once_with_its_line_and_the_next_step() -> None:
    text = """\
version: 1
min-rows: -1
other-columns: refuse
columns:
  a:
    type: intger
    nulable: false
  b:
    unique: "yes"
    min: low
  c: {min: 3, max: 1}
  d: {type: text, min: 1}
  e: {allowed: [[1], x]}
  f: {allowed: []}
  g: 3
"""
    assert problems(text) == [
        "schema.yaml:2:11 min-rows: must be at least 0, got the number -1 | ",
        "schema.yaml:3:16 other-columns: 'refuse' is not one of allowed, refused | did you mean refused?",
        (
            "schema.yaml:6:11 columns.a.type: 'intger' is not one of integer, number, boolean, text, moment, nested"
            " | did you mean integer?"
        ),
        "schema.yaml:7:5 columns.a.nulable: unknown key | did you mean nullable?",
        (
            "schema.yaml:9:13 columns.b.unique: expected true or false, got 'yes'"
            " | YAML 1.2 knows only true and false, without quotes"
        ),
        "schema.yaml:10:10 columns.b.min: expected a number, got 'low' | ",
        "schema.yaml:11:6 columns.c: min 3 is larger than max 1 | ",
        "schema.yaml:12:6 columns.d: min and max are for numbers, and the type is text | ",
        "schema.yaml:13:17 columns.e.allowed.0: expected text, a number, true or false, got a list | ",
        "schema.yaml:14:16 columns.f.allowed: must not be empty | ",
        "schema.yaml:15:6 columns.g: expected a mapping, got the number 3 | ",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "- a\n",
            "schema.yaml:1:1: expected a mapping, got a list | a schema is written by: mlops-kit drift --infer-schema",
        ),
        (
            "version: 2\ncolumns: {}\n",
            (
                "schema.yaml:1:10 version: expected version: 1, got the number 2"
                " | a file for a newer mlops-kit needs a newer mlops-kit"
            ),
        ),
        ("columns: {}\n", "schema.yaml:1:1 version: this key is missing | add it: version: 1"),
        ("version: 1\ncolumns: {1: {}}\n", "schema.yaml:2:11: expected text as a key, got 1 | put it in quotes"),
        (
            "version: 1\ncolumns: {a: {}, a: {}}\n",
            "schema.yaml:2:18: duplicate key 'a', first in line 2 | keep one of the two",
        ),
    ],
)
def test_file_that_is_no_schema(text: str, said: str) -> None:
    assert problems(text) == [said]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_any_name_and_any_value_is_read_as_it_was_written(values: dict[str, str]) -> None:
    columns = {name: {"allowed": (value, 0.1, -3, True)} for name, value in values.items()}
    schema = DataSchema.model_validate({"version": 1, "columns": columns})
    assert parse_schema(render_schema(schema), file="schema.yaml") == schema
