"""What DuckDB tells of real files: CSV, Parquet and JSON lines."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mlops_kit.adapters.profiles import DuckProfiler, find_data
from mlops_kit.adapters.profiles.engine import Limits
from mlops_kit.core.drift.profile import SAMPLE_ROWS, ColumnProfile, DataProfile, Family, TableFormat

Reader = Callable[[str, str | bytes], DataProfile]
ROWS = 60_000


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Write a file and profile it."""

    def write_and_profile(name: str, content: str | bytes) -> DataProfile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return DuckProfiler().profile(find_data(path, name=name))

    return write_and_profile


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More rows than a sample has, as Parquet and as CSV: a number, a category, a key."""
    folder = tmp_path_factory.mktemp("large")
    numbers = np.random.default_rng(7).normal(10.0, 2.0, ROWS)
    table = pa.table(
        {"number": numbers, "kind": [f"k{row % 7}" for row in range(ROWS)], "key": [f"id-{row}" for row in range(ROWS)]}
    )
    parquet.write_table(table, folder / "large.parquet")
    rows = zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True)
    lines = "".join(f"{number!r},{kind},{key}\n" for number, kind, key in rows)
    (folder / "large.csv").write_text("number,kind,key\n" + lines)
    return folder


def column(profile: DataProfile, name: str) -> ColumnProfile:
    found = profile.find(name)
    assert found is not None
    return found


def families(profile: DataProfile) -> dict[str, str]:
    return {found.name: str(found.family) for found in profile.columns}


def test_each_kind_of_column_is_told_by_its_values(read: Reader) -> None:
    profile = read("a.csv", "n,i,b,t,m,e\n1.5,1,true,x,2024-01-31,\n-2,2,False,y,2024-02-01T10:30:00Z,\n,3,,,,\n")
    assert families(profile) == {"n": "number", "i": "number", "b": "boolean", "t": "text", "m": "moment", "e": "empty"}
    assert [found.type for found in profile.columns] == ["DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR", "TIMESTAMP", ""]
    assert [found.missing for found in profile.columns] == [1, 0, 1, 1, 1, 3]
    moment = column(profile, "m")
    assert (moment.earliest, moment.latest) == (
        datetime(2024, 1, 31, tzinfo=UTC),
        datetime(2024, 2, 1, 10, 30, tzinfo=UTC),
    )
    assert column(profile, "t").mean_length == 1.0
    assert (profile.rows, profile.sampled, profile.delimiter, profile.encoding) == (3, 3, ",", "utf-8")


def test_numbers_have_their_extremes_mean_and_sample(read: Reader) -> None:
    numbers = column(read("a.csv", "x\n3\n1\n2\nNaN\ninf\n-inf\n"), "x")
    assert (numbers.missing, numbers.present, numbers.distinct) == (1, 5, 5)
    assert numbers.numbers is not None
    assert (numbers.numbers.minimum, numbers.numbers.maximum, numbers.numbers.mean) == (1.0, 3.0, 2.0)
    assert (numbers.numbers.deviation, numbers.numbers.infinite) == (1.0, 2)
    assert numbers.numbers.sample.tolist() == [1.0, 2.0, 3.0]


def test_values_are_counted_the_most_frequent_first(read: Reader) -> None:
    profile = read("a.csv", 'k,n,b\nb,1.0,true\na,1,true\n"b",2,false\n')
    assert [list(found.counts.items()) for found in profile.columns] == [
        [("b", 2), ("a", 1)],
        [("1", 2), ("2", 1)],
        [("true", 2), ("false", 1)],
    ]
    assert [found.counted for found in profile.columns] == [3, 3, 3]


@pytest.mark.parametrize("name", ["large.csv", "large.parquet"])
def test_sample_of_a_large_table_is_even_and_the_same_each_time(large: Path, name: str) -> None:
    first, again = (DuckProfiler().profile(find_data(large / name, name=name)) for _ in range(2))
    numbers, same = column(first, "number").numbers, column(again, "number").numbers
    assert numbers is not None
    assert same is not None
    assert SAMPLE_ROWS * 0.97 < first.sampled == numbers.sample.size <= SAMPLE_ROWS
    assert np.array_equal(numbers.sample, same.sample)
    assert (numbers.mean, numbers.deviation) == (same.mean, same.deviation)
    assert abs(float(np.mean(numbers.sample)) - 10.0) < 0.1
    # Every seventh row is of a kind: a sample of every second or seventh row would leave kinds out.
    kinds = column(DuckProfiler(Limits(threads=1)).profile(find_data(large / name, name=name)), "kind").counts
    assert dict(kinds) == {f"k{kind}": ROWS // 7 + (kind < ROWS % 7) for kind in range(7)}


def test_large_tables_count_few_values_in_all_rows_and_many_in_the_sample(large: Path) -> None:
    profile = DuckProfiler().profile(find_data(large / "large.csv", name="large.csv"))
    kind, key = column(profile, "kind"), column(profile, "key")
    assert (kind.counted, kind.distinct) == (ROWS, 7)
    assert (key.distinct, key.counted, len(key.counts)) == (ROWS, profile.sampled, 1000)


def test_parquet_and_csv_of_the_same_rows_have_the_same_numbers(large: Path) -> None:
    profiles = [DuckProfiler().profile(find_data(large / name, name=name)) for name in ("large.csv", "large.parquet")]
    csv, other = (column(profile, "number").numbers for profile in profiles)
    assert csv is not None
    assert other is not None
    assert np.array_equal(csv.sample, other.sample)
    assert (csv.minimum, csv.maximum, csv.mean) == (other.minimum, other.maximum, other.mean)


def test_parquet_says_its_types_itself(tmp_path: Path) -> None:
    table = pa.table(
        {
            "whole": pa.array([1, None, 3], pa.int32()),
            "real": pa.array([1.5, float("nan"), None]),
            "day": pa.array([1, 2, None], pa.date32()),
            "yes": [True, False, None],
            "list": pa.array([[1], None, [2, 3]]),
            "nothing": pa.array([None, None, None], pa.float64()),
            "digits": ["1", "2", "3"],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    profile = DuckProfiler().profile(find_data(tmp_path / "a.parquet", name="a.parquet"))
    assert families(profile) == {
        "whole": "number",
        "real": "number",
        "day": "moment",
        "yes": "boolean",
        "list": "nested",
        "nothing": "empty",
        "digits": "text",
    }
    assert [found.missing for found in profile.columns] == [1, 2, 1, 1, 1, 3, 0]
    assert column(profile, "day").latest == datetime(1970, 1, 3, tzinfo=UTC)


def test_json_lines_have_the_keys_of_all_rows(read: Reader) -> None:
    profile = read("a.jsonl", '{"a":1,"A":"x"}\n\n{"a":2.5,"b/c~d":{"e":1}}\n{"A":null,"t":"2024-01-01"}\n')
    assert profile.format is TableFormat.JSON_LINES
    assert families(profile) == {"a": "number", "A": "text", "b/c~d": "nested", "t": "moment"}
    assert [found.missing for found in profile.columns] == [1, 2, 2, 2]


def test_text_that_looks_like_a_number_is_text_in_json(read: Reader) -> None:
    assert families(read("a.jsonl", '{"a":"1"}\n{"a":"2"}\n')) == {"a": "text"}


def test_files_of_a_directory_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "data" / "b").mkdir(parents=True)
    (tmp_path / "data" / "a.csv").write_text("x,y\n1,a\n")
    (tmp_path / "data" / "b" / "part*[1].csv.gz").write_bytes(gzip.compress(b"x,y\n2,b\n3,c\n"))
    (tmp_path / "data" / "README.md").write_text("no table")
    (tmp_path / "data" / ".hidden.csv").write_text("z\n1\n")
    data = find_data(tmp_path / "data", name="data/")
    assert [file.name for file in data.files] == ["data/a.csv", "data/b/part*[1].csv.gz"]
    profile = DuckProfiler().profile(data)
    assert (profile.rows, list(column(profile, "y").counts)) == (3, ["a", "b", "c"])


def test_types_that_differ_between_parquet_files_become_one_that_holds_both(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"x": [1, 2]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"x": [0.5]}), tmp_path / "b.parquet")
    found = column(DuckProfiler().profile(find_data(tmp_path, name="data")), "x")
    assert found.numbers is not None
    assert (found.family, found.numbers.minimum) == (Family.NUMBER, 0.5)


def test_only_named_columns_are_read(large: Path) -> None:
    profile = DuckProfiler().profile(find_data(large / "large.csv", name="a.csv"), columns=["key", "absent"])
    assert [found.name for found in profile.columns] == ["key"]


def test_delimiters_and_encodings_are_found(read: Reader) -> None:
    found = [
        read("a.csv", "x;y\n1,5;a\n2,5;b\n"),
        read("b.tsv", "x\ty\n1\ta,b\n"),
        read("c.csv", "x|y\n1|a\n"),
        read("d.csv", "\ufeffx,y\n1,é\n"),
        read("e.csv", "x,y\n1,é\n".encode("latin-1")),
        read("f.csv", "x,y\n1,é\n".encode("utf-16")),
        read("g.csv", "x,y\r\n1,é\r\n"),
    ]
    assert [(profile.delimiter, profile.encoding) for profile in found] == [
        (";", "utf-8"),
        ("\t", "utf-8"),
        ("|", "utf-8"),
        (",", "utf-8"),
        (",", "latin-1"),
        (",", "utf-16"),
        (",", "utf-8"),
    ]
    assert all([name.name for name in profile.columns] == ["x", "y"] for profile in found)
    assert [list(column(profile, "y").counts) for profile in found[3:]] == [["é"]] * 4


def test_nothing_is_left_behind(read: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    read("a.csv", "x\n1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
