"""CSV and Parquet files that are damaged or hostile (rows C13 and C14), read by the process that reads them."""

import contextlib
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.adapters.tables.csv_file import LINE_LIMIT, read_csv
from mlops_kit.adapters.tables.parquet_file import read_parquet
from mlops_kit.adapters.tables.reader import TableReader
from mlops_kit.core.errors import InputError
from mlops_kit.core.tables import Column, Table, TableFile, TableKind
from mlops_kit.core.types import Digest


def put(folder: Path, name: str, data: bytes, *, kind: TableKind = TableKind.CSV) -> TableFile:
    """A table in a folder, with its true digest."""
    (folder / name).write_bytes(data)
    value = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return TableFile(folder=folder, path=name, name=name, kind=kind, digest=Digest(algorithm="md5", value=value))


def read(*files: TableFile) -> list[Table]:
    found = TableReader(os.environ).read(files)
    return [found[file] for file in files]


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=kind) for name, kind in types.items())


CSV_ERRORS = {
    "ragged, too few": (b"a,b\n1,2\n3\n", "row 3: has 1 field, the header has 2"),
    "ragged, too many": (b"a,b\n1,2\n3,4\n5,6,7\n", "row 4: has 3 fields, the header has 2"),
    "a quote that stays open": (b'a,b\n1,2\n3,"4\n5,6\n', "row 3: a quote is opened and never closed"),
    "text after a quote": (b'a,b\n1,"2"x\n', "row 2: ',' expected after '\"'"),
    "NUL": (b"a,b\n1,2\n3,\0\n", "row 3: has a NUL character: this is no text"),
    "NUL in the header": (b"a,\0b\n1,2\n", "row 1: has a NUL character: this is no text"),
    "twice in the header": (b"a,b,a\n1,2,3\n", "row 1: the column 'a' stands twice in the header"),
    "not UTF-8": (b"a,b\n1,2\n" + b"3,4\n" * 5000 + b"5,\xff\n", "what is here or soon after is not UTF-8 text"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "row 1: what is here or soon after is not UTF-8 text"),
    "empty": (b"", "is empty: not even a header"),
    "blank": (b"\n\n\n", "is empty: not even a header"),
    "a line without end": (b"a\n" + b"x" * (LINE_LIMIT + 1), f"row 2: has a line of more than {LINE_LIMIT:,}"),
    "a field without end": (
        b'a,b\n1,"' + b"x\n" * LINE_LIMIT,
        f"row 2: a field has more than {LINE_LIMIT:,} characters, or a quote is opened and not closed",
    ),
    "too many columns": (b",".join(b"%d" % number for number in range(30_000)), "row 1: has 30,000 columns"),
}


@pytest.mark.parametrize("case", CSV_ERRORS)
def test_c13_a_broken_csv_is_told_with_its_row(case: str) -> None:
    data, message = CSV_ERRORS[case]
    with pytest.raises(InputError) as caught:
        read_csv(io.BytesIO(data))
    assert message in str(caught.value)


CSV_TABLES = {
    "semicolons": (b"a;b\n1;0,5\n", 1, columns(a="integer", b="text")),
    "tabs": (b"a\tb\n1\tx\n", 1, columns(a="integer", b="text")),
    "a header only": (b"a,b\n", 0, columns(a="empty", b="empty")),
    "a header without a line end": (b"a,b", 0, columns(a="empty", b="empty")),
    "a long field": (b"a,b\n1," + b"x" * 200_000 + b"\n", 1, columns(a="integer", b="text")),
    "lines inside of quotes": (b'a,b\n1,"x\ny, z"\n2,""""\n', 2, columns(a="integer", b="text")),
    "blank lines": (b"a,b\n\n1,2\n\n", 1, columns(a="integer", b="integer")),
    "windows line ends": (b"a,b\r\n1,2\r\n", 1, columns(a="integer", b="integer")),
    "a byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", 1, columns(a="integer", b="integer")),
    "one column": (b"a\n1\n2\n", 2, columns(a="integer")),
    "a formula": (b'a\n"=HYPERLINK(""http://x"")"\n', 1, columns(a="text")),
}


@pytest.mark.parametrize("case", CSV_TABLES)
def test_c13_c14_an_odd_csv_is_read_as_it_is(case: str) -> None:
    data, rows, expected = CSV_TABLES[case]
    assert read_csv(io.BytesIO(data)) == Table(rows=rows, columns=expected)


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


GOOD = parquet(pa.table({"a": [1, 2, 3], "b": ["x", None, "z"]}))


def footer(length: int) -> bytes:
    return b"PAR1" + b"\x15" * 100 + struct.pack("<I", length) + b"PAR1"


PARQUET_ERRORS = {
    "empty": (b"", "is no Parquet file, or it was cut short"),
    "cut short": (GOOD[:-1], "is no Parquet file, or it was cut short"),
    "only its ends": (b"PAR1PAR1", "is no Parquet file, or it was cut short"),
    "a footer larger than the file": (footer(2**32 - 1), "its footer claims 4,294,967,295 bytes"),
    "a footer of nothing": (footer(100), "is no Parquet file: "),
    "encrypted": (b"PARE" + GOOD[4:-4] + b"PARE", "is encrypted"),
    "twice in the schema": (parquet(pa.Table.from_arrays([[1], [2]], names=["a", "a"])), "stands twice in the schema"),
}


@pytest.mark.parametrize("case", PARQUET_ERRORS)
def test_a_broken_parquet_file_is_told(case: str) -> None:
    data, message = PARQUET_ERRORS[case]
    with pytest.raises(InputError) as caught:
        read_parquet(io.BytesIO(data))
    assert message in str(caught.value)


def test_a_file_that_is_wrong_costs_its_own_line_and_no_more(tmp_path: Path) -> None:
    broken = put(tmp_path, "broken.csv", b"a,b\n1\n")
    good = put(tmp_path, "good.parquet", GOOD, kind=TableKind.PARQUET)
    gone = TableFile(folder=tmp_path, path="gone.csv", name="gone.csv", kind=TableKind.CSV, digest=broken.digest)
    first, second, third = read(broken, good, gone)
    assert first.error == "row 2: has 1 field, the header has 2"
    assert second == Table(rows=3, columns=columns(a="int64", b="string"), size=len(GOOD))
    assert third.error == "its bytes are not here"


def test_bytes_that_are_not_those_of_the_digest_are_no_table(tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", b"a\n1\n")
    (tmp_path / "a.csv").write_bytes(b"a\n1\n2\n")
    assert read(file)[0].error == "the bytes here are not those that are recorded"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside.csv", b"secret\n1\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.csv").symlink_to(tmp_path / "outside.csv")
    (inside / "folder").symlink_to(tmp_path)
    for path in ("a.csv", "folder/outside.csv", "../outside.csv", "/etc/passwd"):
        file = TableFile(folder=inside, path=path, name=path, kind=TableKind.CSV, digest=outside.digest)
        (table,) = read(file)
        assert (table.rows, table.columns) == (None, ())
        assert "link" in table.error or "leaves the repository" in table.error


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", b"a\n")
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")
    assert read(file)[0].error == "not a regular file"


def test_text_that_dvc_2_hashed_with_unix_line_ends_is_the_recorded_one(tmp_path: Path) -> None:
    windows = b"a\r\n" + b"1\r\n" * 700_000 + b"2\r"
    file = put(tmp_path, "a.csv", windows)
    value = hashlib.md5(windows.replace(b"\r\n", b"\n"), usedforsecurity=False).hexdigest()
    legacy = TableFile(
        folder=tmp_path,
        path="a.csv",
        name="a.csv",
        kind=TableKind.CSV,
        digest=Digest(algorithm="md5-dos2unix", value=value),
    )
    assert [table.rows for table in read(file, legacy)] == [700_001, 700_001]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_csv_reader_fail_in_another_way(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert read_csv(io.BytesIO(data)).rows is not None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 9), st.binary(min_size=1, max_size=1)), min_size=1, max_size=8))
def test_a_spoiled_parquet_file_is_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(GOOD)
    for place, byte in changes:
        data[place : place + 1] = byte
    with contextlib.suppress(InputError):
        assert read_parquet(io.BytesIO(bytes(data))).rows is not None


DEADLY = """
import json, os, signal, sys
for wanted in json.load(sys.stdin):
    if "deadly" in wanted["path"]:
        os.kill(os.getpid(), signal.SIGALRM if "slow" in wanted["path"] else signal.SIGKILL)
    print(json.dumps({"rows": 1}), flush=True)
"""


def read_in_danger(*names: str) -> list[Table]:
    """What is read where the process dies of each file that is called deadly."""
    digest = Digest(algorithm="md5", value="0" * 32)
    files = [TableFile(folder=Path(), path=name, name=name, kind=TableKind.CSV, digest=digest) for name in names]
    found = TableReader(os.environ, words=(sys.executable, "-c", DEADLY)).read(files)
    return [found[file] for file in files]


def test_a_file_that_kills_its_reader_is_told_and_the_others_are_read() -> None:
    first, deadly, slow, last = read_in_danger("a", "deadly", "deadly slow", "z")
    assert (first, last) == (Table(rows=1), Table(rows=1))
    assert deadly.error == "its reader broke down (exit code -9)"
    assert slow.error == "it took more than 60 s to read"


def test_after_three_deaths_nothing_more_is_tried() -> None:
    tables = read_in_danger("deadly 1", "deadly 2", "a", "deadly 3", "b", "c")
    assert [table.rows for table in tables] == [None, None, 1, None, None, None]
    assert {table.error for table in tables[4:]} == {"left out: tables before it could not be read"}


LITTLE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (200 * 1024 * 1024, 200 * 1024 * 1024))
from mlops_kit.adapters.tables.reading import main
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
main()
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


def test_a_csv_of_50_mb_needs_little_memory(tmp_path: Path) -> None:
    line = b'1234567,0.123456789,"text, with comma",2024-01-01,true,x\n'
    data = b"a,b,c,d,e,f\n" + line * (50_000_000 // len(line))
    file = put(tmp_path, "a.csv", data)
    request = {"folder": str(tmp_path), "path": "a.csv", "name": "a.csv", "kind": "csv", "digest": str(file.digest)}
    done = subprocess.run(
        [sys.executable, "-c", LITTLE], input=json.dumps([request]), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert (answer["error"], answer["rows"]) == ("", 50_000_000 // len(line))
    assert dict(answer["columns"])["d"] == "timestamp"
    assert int(done.stderr) < 64 * 1024, f"{done.stderr} KiB more than before"
