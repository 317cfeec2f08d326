"""Real files against their schema: which rules they break, how many rows do, and with which values."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_kit.adapters.profiles import DuckProfiler, find_data
from mlops_kit.commands.validate_data import check_data
from mlops_kit.core.drift.inference import infer_schema
from mlops_kit.core.drift.schema import Violation
from mlops_kit.core.drift.schema_text import render_schema

SCHEMA = """\
version: 1
min-rows: 3
other-columns: refused
columns:
  id: {type: integer, unique: true, nullable: false}
  age: {type: number, min: 0, max: 120}
  city: {type: text, allowed: ["Berlin", "it's \\"x\\"; --"]}
  day: {type: moment, nullable: false}
  active: {type: boolean}
"""
GOOD = """\
id,age,city,day,active
1,30.5,Berlin,2024-01-01,true
2,,"it's ""x""; --",2024-01-02,false
3,60,,2024-01-03,
"""
BAD = """\
id,age,city,day,active
1,-5,Rome,2024-01-01,true
1,-5,Rome,,1
2.5,inf,$(rm -rf),soon,yes
,many,Berlin,2024-01-04,false
"""
FOUND = [
    "active: must be of type boolean: 2 rows, such as '1', 'yes'",
    "age: must be at most 120: 1 row, such as 'inf'",
    "age: must be at least 0: 2 rows, such as '-5'",
    "age: must be of type number: 1 row, such as 'many'",
    "city: must be one of Berlin, it's \"x\"; --: 3 rows, such as 'Rome', '$(rm -rf)'",
    "day: must be there in each row: 1 row",
    "day: must be of type moment: 1 row, such as 'soon'",
    "id: must be there in each row: 1 row",
    "id: must be of type integer: 1 row, such as '2.5'",
    "id: must be there only once: 2 rows, such as '1'",
]


def check(path: Path, schema: str = SCHEMA) -> list[str]:
    data, profiler = find_data(path, name=path.name), DuckProfiler()
    found = check_data(data, profiler.profile(data), schema, file="schema.yaml", profiler=profiler)
    return [f"{violation.column}: {violation}" for violation in found]


def write_json_lines(path: Path) -> None:
    """The bad rows as JSON lines, with their own types."""
    path.write_text(
        '{"id":1,"age":-5,"city":"Rome","day":"2024-01-01","active":true}\n'
        '{"id":1,"age":-5,"city":"Rome","day":null,"active":1}\n'
        '{"id":2.5,"age":Infinity,"city":"$(rm -rf)","day":"soon","active":"yes"}\n'
        '{"age":"many","city":"Berlin","day":"2024-01-04","active":false}\n'
    )


def test_good_data_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    assert check(tmp_path / "a.csv") == []


def test_bad_data_is_told_by_column_with_rows_and_examples(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BAD)
    assert check(tmp_path / "a.csv") == FOUND


def test_json_lines_break_the_same_rules(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "a.jsonl")
    assert check(tmp_path / "a.jsonl") == [line.replace("'inf'", "'Infinity'") for line in FOUND]


def test_parquet_breaks_the_same_rules_where_its_types_are_right(tmp_path: Path) -> None:
    table = pa.table(
        {"id": [1.0, 1.0, 2.5, None], "age": [-5.0, -5.0, float("inf"), 3], "city": ["Rome", "Rome", "$(rm -rf)", None]}
    )
    parquet.write_table(table.append_column("day", pa.array(["1", "2", "3", "4"])), tmp_path / "a.parquet")
    of_parquet = [
        line.replace("'-5'", "'-5.0'").replace("'1'", "'1.0'")
        for line in FOUND
        if line.partition(":")[0] in {"age", "city", "id"} and "number" not in line
    ]
    assert check(tmp_path / "a.parquet") == [
        "active: must be there: 4 rows",
        *of_parquet[:3],
        "day: must be of type moment: 4 rows, such as '1', '2', '3', '4'",
        *of_parquet[3:],
    ]


def test_schema_of_the_reference_lets_the_reference_pass_and_stops_what_is_broken(tmp_path: Path) -> None:
    rows = [f"{row},{row % 50},k{row % 4},2024-01-{row % 28 + 1:02d}" for row in range(1200)]
    (tmp_path / "a.csv").write_text("\n".join(["id,x,kind,day", *rows]) + "\n")
    (tmp_path / "b.csv").write_text(
        "\n".join(["id,x,kind", *rows[:600], "7,500,k9,2024-01-01"]).replace(",2024", "#") + "\n"
    )
    data = find_data(tmp_path / "a.csv", name="a.csv")
    profile = DuckProfiler().profile(data)
    schema = render_schema(infer_schema(profile), profile=profile)
    assert check(tmp_path / "a.csv", schema) == []
    found = check(tmp_path / "b.csv", schema)
    assert [line.partition(":")[0] for line in found] == ["day", "id", "kind", "x"]
    assert found[1] == "id: must be there only once: 2 rows, such as '7'"


def test_examples_are_the_most_frequent_and_cut(tmp_path: Path) -> None:
    rows = ["x" * 500] * 3 + [f"v{number}" for number in range(20)]
    (tmp_path / "a.csv").write_text("c\n" + "\n".join(rows) + "\n")
    data, profiler = find_data(tmp_path / "a.csv", name="a.csv"), DuckProfiler()
    schema = "version: 1\ncolumns: {c: {allowed: [y]}}"
    (found,) = check_data(data, profiler.profile(data), schema, file="s", profiler=profiler)
    assert isinstance(found, Violation)
    assert (found.rows, found.examples) == (23, ("x" * 200, "v0", "v1", "v10", "v11"))


@pytest.mark.parametrize("values", ["1\n1.0\n", "a\na\n"])
def test_unique_values_are_compared_as_what_they_are(tmp_path: Path, values: str) -> None:
    (tmp_path / "a.csv").write_text("c\n" + values)
    assert check(tmp_path / "a.csv", "version: 1\ncolumns: {c: {unique: true}}")[0].startswith(
        "c: must be there only once"
    )
