"""Data that is broken, odd or hostile: a clear error or a defined profile for each."""

import gzip
import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_kit.adapters.profiles import DuckProfiler, find_data
from mlops_kit.adapters.profiles.parts import PART_COLUMNS
from mlops_kit.core.drift.profile import DataProfile
from mlops_kit.core.errors import InputError

HOSTILE = (
    '"); DROP TABLE part; --',
    "$(touch owned)",
    "a'b",
    "{{ x }}",
    "-rf",
    "line\nbreak",
    " x ",
    "\u202ex",
    "c0",
    "C0",
)


def profile(place: Path) -> DataProfile:
    return DuckProfiler().profile(find_data(place, name=place.name))


def profile_file(folder: Path, name: str, content: bytes) -> DataProfile:
    (folder / name).write_bytes(content)
    return profile(folder / name)


def refuse(folder: Path, name: str, content: bytes) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(InputError) as caught:
        profile_file(folder, name, content)
    return str(caught.value)


def refuse_files(folder: Path, files: Mapping[str, bytes]) -> str:
    """What is said of files that are no table together."""
    (folder / "data").mkdir()
    for name, content in files.items():
        (folder / "data" / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        profile(folder / "data")
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file_has_not_even_a_header(tmp_path: Path, name: str, content: bytes) -> None:
    assert refuse(tmp_path, name, content) == f"{name}: is empty: not even a header"


def test_empty_json_lines_have_no_column(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.jsonl", b"") == "a.jsonl: is empty: not one row with a value"


def test_empty_parquet_file_is_none(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.parquet", b"") == "a.parquet: is no Parquet file, or it was cut short"


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"\n\na,b\r\n"])
def test_header_alone_is_a_table_without_rows(tmp_path: Path, content: bytes) -> None:
    found = profile_file(tmp_path, "a.csv", content)
    assert (found.rows, [(column.name, str(column.family)) for column in found.columns]) == (
        0,
        [("a", "empty"), ("b", "empty")],
    )


def test_parquet_file_without_rows_is_a_table(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    found = profile(tmp_path / "a.parquet")
    assert (found.rows, found.columns[0].type, found.columns[0].distinct) == (0, "BIGINT", 0)


def test_one_row_is_a_table(tmp_path: Path) -> None:
    column = profile_file(tmp_path, "a.csv", b"a\n5").columns[0]
    assert column.numbers is not None
    assert (column.rows, column.numbers.minimum, column.numbers.deviation) == (1, 5.0, 0.0)


def test_columns_without_values_and_with_one_value(tmp_path: Path) -> None:
    nothing, words, same = profile_file(tmp_path, "a.csv", b"a,b,c\n,NA,7\n,NaN,7\n,null,7\n").columns
    assert [(column.family, column.missing, column.distinct) for column in (nothing, words)] == [("empty", 3, 0)] * 2
    assert same.numbers is not None
    assert (same.distinct, same.numbers.deviation, same.numbers.minimum, dict(same.counts)) == (1, 0.0, 7.0, {"7": 3})


def test_column_of_infinite_values_only(tmp_path: Path) -> None:
    column = profile_file(tmp_path, "a.csv", b"a\ninf\n-Infinity\n").columns[0]
    assert column.numbers is not None
    assert (str(column.family), column.missing, column.numbers.infinite) == ("number", 0, 2)
    assert (column.numbers.minimum, column.numbers.mean, column.numbers.sample.size) == (None, None, 0)


def test_numbers_whose_squares_are_too_large_still_have_a_deviation(tmp_path: Path) -> None:
    column = profile_file(tmp_path, "a.csv", b"a\n1e300\n-1e300\n1.7e308\n1.7e308\n").columns[0]
    assert column.numbers is not None
    assert column.numbers.mean == pytest.approx(8.5e307)
    assert column.numbers.deviation == pytest.approx(9.8e307, rel=0.01)


def test_mixed_types_are_text_even_where_they_mix_late(tmp_path: Path) -> None:
    rows = b"".join(b"%d,2024-01-01,true\n" % row for row in range(30_000))
    found = profile_file(tmp_path, "a.csv", b"n,day,yes\n" + rows + b"n/a,,\nmany,soon,maybe\n")
    assert [(str(column.family), column.missing) for column in found.columns] == [("text", 0), ("text", 1), ("text", 1)]


def test_values_that_come_late_are_found(tmp_path: Path) -> None:
    found = profile_file(tmp_path, "a.csv", b"x,late\n" + b"1,\n" * 30_000 + b"2,5.5\n")
    assert (str(found.columns[1].family), found.columns[1].missing) == ("number", 30_000)


@pytest.mark.parametrize("content", [b"a,b,a\n1,2,3\n", b'"a",a\n1,2\n'])
def test_column_names_that_stand_twice_in_a_csv_file(tmp_path: Path, content: bytes) -> None:
    assert refuse(tmp_path, "a.csv", content) == "a.csv: has more than one column 'a'"


def test_column_names_that_stand_twice_in_a_parquet_file(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="the column 'a' stands twice in the schema"):
        profile(tmp_path / "a.parquet")


def test_keys_that_stand_twice_in_a_json_line(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.jsonl", b'{"a":1}\n{"a":1,"a":2}\n') == "a.jsonl: row 2 has a key more than once"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (b"x;y\n1;2\n", "is delimited by semicolons, data/1.csv by commas"),
        ("x,y\n1,é\n".encode("latin-1"), "is written in latin-1, data/1.csv in utf-8"),
        (b"x\n1\n", "has no column 'y'; compared with data/1.csv"),
        (b"x,y,z\n1,2,3\n", "has a column 'z' of its own; compared with data/1.csv"),
        (b"x,z\n1,3\n", "has no column 'y' and has a column 'z' of its own; compared with data/1.csv"),
        (b"y,x\n1,3\n", "has its columns in another order; compared with data/1.csv"),
    ],
)
def test_files_that_differ_are_no_table(tmp_path: Path, other: bytes, message: str) -> None:
    assert refuse_files(tmp_path, {"1.csv": b"x,y\n1,2\n", "2.csv": other}) == f"data/2.csv: {message}"


def test_files_of_two_formats_are_no_table(tmp_path: Path) -> None:
    said = refuse_files(tmp_path, {"1.csv": b"x\n1\n", "2.jsonl": b'{"x":1}\n'})
    assert said == "data: holds files of several formats: data/1.csv, data/2.jsonl"


def test_encoding_that_changes_in_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    rows = b"1,plain\n" * 1_200_000
    said = refuse(tmp_path, "a.csv", b"x,y\n" + rows + "2,é\n".encode("latin-1"))
    assert said == "a.csv:1200002: is not UTF-8"


def test_table_of_more_columns_than_are_read_at_once(tmp_path: Path) -> None:
    width = PART_COLUMNS + 1
    names = ",".join(f"column-{number}" for number in range(width))
    rows = "\n".join(",".join(f"{row * number}" for number in range(width)) for row in range(3))
    found = profile_file(tmp_path, "a.csv", f"{names}\n{rows}\n".encode())
    assert (found.rows, len(found.columns)) == (3, width)
    last = found.columns[-1]
    assert last.numbers is not None
    assert (last.name, last.numbers.maximum) == (f"column-{width - 1}", 2.0 * (width - 1))


def test_more_columns_than_are_ever_read_are_refused(tmp_path: Path) -> None:
    names = ",".join(str(number) for number in range(20_001))
    assert refuse(tmp_path, "a.csv", names.encode()) == "a.csv: has 20,001 columns; at most 20,000 are read"


def test_hostile_names_and_values_are_data(tmp_path: Path) -> None:
    table = pa.table({name: [other, other] for name, other in zip(HOSTILE, reversed(HOSTILE), strict=True)})
    parquet.write_table(table, tmp_path / "a.parquet")
    quoted = [[cell.replace('"', '""') for cell in row] for row in (HOSTILE, HOSTILE[::-1], HOSTILE[::-1])]
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in quoted)
    (tmp_path / "a.csv").write_text(text)
    for name in ("a.parquet", "a.csv"):
        found = profile(tmp_path / name)
        assert tuple(column.name for column in found.columns) == HOSTILE
        assert [dict(column.counts) for column in found.columns] == [{value: 2} for value in reversed(HOSTILE)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


def test_dates_in_several_formats(tmp_path: Path) -> None:
    content = b"iso,german,american,either,mixed\n2024-01-31,31.01.2024,01/31/2024,01/02/2024,2024-01-31\n"
    found = profile_file(tmp_path, "a.csv", content + b"2024-02-01,01.02.2024,02/01/2024,03/04/2024,31.01.2024\n")
    assert [str(column.family) for column in found.columns] == ["moment", "moment", "moment", "text", "text"]
    assert {str(column.latest) for column in found.columns[:3]} == {"2024-02-01 00:00:00+00:00"}


def test_parquet_file_cut_in_half(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": list(range(10_000))}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    said = refuse(tmp_path, "a.parquet", whole[: len(whole) // 2])
    assert said == "a.parquet: is no Parquet file, or it was cut short"


def test_parquet_file_damaged_in_the_middle(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [f"value {row}" for row in range(10_000)]}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    said = refuse(tmp_path, "a.parquet", whole[:100] + b"\xff" * 2000 + whole[2100:])
    assert said.startswith("a.parquet: cannot be read: ")


def test_nul_in_a_csv_file_is_told_with_its_row(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.csv", b"a\0,b\n1,2\n") == "a.csv:1: has a NUL character: this is no text"
    said = refuse(tmp_path, "b.csv", b"a,b\n1,2\n3\0,x\n")
    assert said == "b.csv: row 2 has a NUL character in the column 'a': this is no text"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n3\n", "a.csv:3: 1 fields where the header has 2"),
        (b"a,b\n1,2\n3,4,5\n", "a.csv:3: 3 fields where the header has 2"),
        (b'a,b\n1,2\n"3,4\n5,6\n', "a.csv:3: a quote is opened and never closed"),
        (b"a,b\n1,2\r\n3,4\n", "a.csv: the line ends or quotes of the file are mixed"),
    ],
)
def test_rows_that_are_broken_are_told_with_their_line(tmp_path: Path, content: bytes, said: str) -> None:
    assert refuse(tmp_path, "a.csv", content) == said


@pytest.mark.parametrize("line", [b"[1]", b"1", b"null"])
def test_json_line_that_is_no_object(tmp_path: Path, line: bytes) -> None:
    assert refuse(tmp_path, "a.jsonl", b'{"a":1}\n' + line + b"\n") == "a.jsonl: row 2 is no object"


def test_json_line_that_is_broken(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.jsonl", b'{"a":1}\n{"a":\n{"a":2}\n') == "a.jsonl:2: is not JSON"


def test_packed_files_are_read_and_cut_ones_refused(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n" + os.urandom(30_000).hex().encode() + b",2\n")
    assert profile_file(tmp_path, "a.csv.gz", packed).rows == 1
    assert profile_file(tmp_path, "a.jsonl.gz", gzip.compress(b'{"a":1}\n')).rows == 1
    assert refuse(tmp_path, "b.csv.gz", packed[:-100]).startswith("b.csv.gz: cannot be read: ")
    assert refuse(tmp_path, "b.parquet.gz", packed) == "b.parquet.gz: is no Parquet file, or it was cut short"


def test_directory_without_tables(tmp_path: Path) -> None:
    assert refuse_files(tmp_path, {"a.txt": b"x", ".b.csv": b"x\n"}) == "data: no table is in this directory"


def test_file_that_is_no_table_by_its_name(tmp_path: Path) -> None:
    assert refuse(tmp_path, "a.xlsx", b"PK") == "a.xlsx: is no table by its name"


def test_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv: no such file or directory"):
        profile(tmp_path / "a.csv")


def test_links_are_not_followed_and_pipes_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x\n1\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match=r"link\.csv: a symbolic link, which is not followed"):
        profile(tmp_path / "link.csv")
    with pytest.raises(InputError, match=r"pipe\.csv: not a regular file"):
        profile(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match=r"link\.csv: a symbolic link"):
        profile(tmp_path)
