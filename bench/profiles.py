"""What profiling a large table takes: seconds and peak memory, start-up included."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from bench.cases import Case, Row
from bench.runs import BIN, Repository, bench_environment

_SCRIPT = str(Path(__file__).with_name("profile_only.py"))
_GIB = 2**30
_LIMIT_GIB = 2
_TALL_ROWS = 10_000_000
_TALL_COLUMNS = (
    *(f"round(random() * 1000, 3) AS price_{number}" for number in range(30)),
    *(f"(random() * 1000000)::INTEGER AS count_{number}" for number in range(8)),
    *(f"'kind-' || (random() * 20)::INTEGER AS kind_{number}" for number in range(8)),
    "random() > 0.5 AS active",
    "'user-' || (random() * 1e7)::INTEGER AS customer",
    "TIMESTAMP '2024-01-01' + to_seconds(range) AS moment",
    "CASE WHEN random() > 0.1 THEN random() END AS score",
)
_WIDE_ROWS = 1_000
_WIDE_COLUMNS = tuple(f"(random() * {number % 7 + 1} * 100)::INTEGER AS c_{number}" for number in range(10_000))


def measure_profile(title: str, columns: tuple[str, ...], rows: int, ending: str, most_seconds: float) -> Row:
    """Write a table of random values, then profile it by a process of its own."""
    with TemporaryDirectory(prefix="mlops-kit-bench-") as folder:
        path = Path(folder, f"table.{ending}")
        _write(path, columns, rows)
        root = Path(folder, "r")
        root.mkdir()
        place = Repository(root=root, environment=bench_environment(Path(folder)))
        run = place.run(str(BIN / "python"), _SCRIPT, str(path), str(rows), str(len(columns)))
        size = path.stat().st_size / _GIB
    memory = run.memory / _GIB
    return Row(
        name=f"{title}, {size:.1f} GiB",
        theirs=f"{run.cpu_seconds:.0f} s of processor time",
        ours=f"{run.seconds:.1f} s",
        ratio=f"{memory:.2f} GiB",
        goal=f"under {most_seconds:g} s, {_LIMIT_GIB} GiB",
        met=run.seconds < most_seconds and memory < _LIMIT_GIB,
    )


def _write(path: Path, columns: tuple[str, ...], rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2; SET memory_limit = '2GiB'; SELECT setseed(0.5)")
        connection.execute(f"COPY (SELECT {', '.join(columns)} FROM range({rows})) TO '{path}'")  # noqa: S608 - our own


def _case(name: str, title: str, table: tuple[tuple[str, ...], int], ending: str, most_seconds: float) -> Case:
    columns, rows = table
    return Case(name=name, title=title, measure=lambda: measure_profile(title, columns, rows, ending, most_seconds))


_TALL, _WIDE = (_TALL_COLUMNS, _TALL_ROWS), (_WIDE_COLUMNS, _WIDE_ROWS)
PROFILE_CASES = (
    _case("profile-csv", "profile of 10 million rows of 50 columns, CSV", _TALL, "csv", 90),
    _case("profile-parquet", "profile of 10 million rows of 50 columns, Parquet", _TALL, "parquet", 90),
    _case("profile-wide", "profile of 1,000 rows of 10,000 columns, CSV", _WIDE, "csv", 90),
)
