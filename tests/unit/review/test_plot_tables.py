"""The rows of a plot's file: what is read, what is told, what is refused with its line."""

from csv import field_size_limit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.errors import InputError
from mlops_kit.core.review.plot_tables import GAP, SOURCE_LIMIT, Table, parse_table


def csv(text: str, *, path: str = "a.csv", header: bool = True) -> Table:
    return parse_table(text.encode(), path=path, header=header)


def test_columns_hold_the_texts_of_their_rows() -> None:
    table = csv('step,"a, b"\n0,1\n\n1,"two\nlines"\n')
    assert table == Table(columns={"step": ["0", "1"], "a, b": ["1", "two\nlines"]}, length=2, last="a, b")


def test_lines_end_as_on_any_system_and_a_byte_order_mark_is_no_name() -> None:
    assert csv("\ufeffa,b\r\n1,2\r\n") == csv("a,b\n1,2\n") == csv("a,b\r1,2\r")


def test_without_a_header_columns_are_numbered() -> None:
    assert csv("5\t6\n7\t8\n", path="a.tsv", header=False).columns == {"0": ["5", "7"], "1": ["6", "8"]}


def test_the_limit_of_a_field_holds_although_a_library_lifted_it_for_the_process() -> None:
    field_size_limit(2**31)  # as SciPy leaves it
    with pytest.raises(InputError, match="field larger than field limit"):
        parse_table(b"a\n" + b"x" * 200_000, path="a.csv")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("a,b\n", "there are no rows below the header"),
        ("a,b\n1\n2,3\n", "line 2 has 1 field, the header has 2"),
        ("a,b\n1,2\n3,4,5\n6\n", "line 3 has 3 fields, the header has 2, and 1 more such rows"),
        ("a,a\n1,2\n", "column 'a' stands twice: the last one is read"),
        ("a;b\n1;2\n", "columns are separated by semicolons, which DVC does not read"),
    ],
)
def test_what_is_odd_about_the_rows_is_told(text: str, note: str) -> None:
    assert csv(text).notes == (note,)


def test_a_short_row_has_gaps_and_a_column_that_stands_twice_is_the_last() -> None:
    assert csv("a,b\n1\n").columns["b"] == [GAP]
    assert csv("a,a\n1,2\n").columns == {"a": ["2"]}


@pytest.mark.parametrize(
    ("data", "path", "complaint"),
    [
        (b'a,b\n1,"open\n2,3\n', "a.csv", "a.csv:3: not CSV: unexpected end of data"),
        (b'a,b\n1,2\n"x"y,3\n', "a.csv", "a.csv:3: not CSV: ',' expected after '\"'"),
        (b"a\n" + b"x" * 200_000, "a.csv", "a.csv:2: not CSV: field larger than field limit (131072)"),
        (b"a,b\n1,\x00\n", "a.csv", "a.csv:2:3: holds a NUL character"),
        (b"a\n\xff\n", "a.csv", "a.csv:2:1: not UTF-8: byte 0xff"),
        (b"x" * (SOURCE_LIMIT + 1), "a.csv", "a.csv: larger than 8 MiB"),
        (b",".join([b"c"] * 1001), "a.csv", "a.csv:1: has 1001 columns, more than 1000"),
        (b'{"a": [}', "a.json", "a.json:1:8: not JSON: expecting value"),
        (b"<<<<<<< a\n[]\n=======\n[1]\n>>>>>>> b\n", "a.json", "a.json:1: an unresolved merge conflict starts here"),
        (b"a: [", "a.yaml", "a.yaml:2:1: did not find expected node content"),
        (b"a = ", "a.toml", "a.toml:1"),
        (b"[" * 100_000, "a.json", "a.json: nested deeper than 64 levels"),
        (b"x", "model.pkl", "model.pkl: plots are read from CSV, TSV, JSON, YAML, TOML and images"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(data: bytes, path: str, complaint: str) -> None:
    with pytest.raises(InputError) as error:
        parse_table(data, path=path)
    assert str(error.value).startswith(complaint)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("{}", "there is no list of rows with columns"),
        ("3", "there is no list of rows with columns"),
        ("null", "there is no list of rows with columns"),
        ("[]", "there is no list of rows with columns"),
        ("[{}]", "there is no list of rows with columns"),
        ("[1, 2]", "there is no list of rows with columns"),
        ('[{"a": 1}, {"b": 2}]', "row 2 has other keys than the first one, and DVC reads none of them then"),
    ],
)
def test_a_document_without_rows_says_so(text: str, note: str) -> None:
    table = parse_table(text.encode(), path="a.json")
    assert (table.length, table.columns) == (0, {})
    assert table.notes == (note,)


def test_lists_of_a_document_are_joined_row_by_row() -> None:
    table = parse_table(b'{"a": [{"x": 1}, {"x": 2}], "b": {"c": [{"y": 3}]}, "d": "text"}', path="a.json")
    assert table == Table(columns={"x": [1, 2], "y": [3, GAP]}, length=2, last="x")


@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "json", "yaml", "toml"]))
def test_any_bytes_are_a_table_or_refused(data: bytes, ending: str) -> None:
    try:
        table = parse_table(data, path=f"a.{ending}")
    except InputError:
        return
    assert all(len(column) == table.length for column in table.columns.values())
