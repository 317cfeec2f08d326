"""A team's Pandera schema, run by a Python of its own on real files."""

import gzip
import os
import stat
import sys
from pathlib import Path

import pytest

from mlops_kit.adapters.profiles import DuckProfiler, find_data
from mlops_kit.adapters.profiles.pandera_check import PanderaSchema, check_by_pandera, parse_pandera_reference
from mlops_kit.core.errors import InputError, OutsideError

SCHEMA = """\
import os
import pandera.pandas as pa
import limits

schema = pa.DataFrameSchema(
    {
        "age": pa.Column(float, pa.Check.ge(limits.LOW), nullable=False),
        "city": pa.Column(str, pa.Check.isin(["Berlin"])),
        "id": pa.Column(int, unique=True),
        "zip": pa.Column(str),
    },
    strict=True,
)

class Model(pa.DataFrameModel):
    age: float

    @pa.dataframe_check
    def is_young(cls, frame):
        return frame["age"] < 50

not_a_schema = 3
print("noise on standard output")
"""
BAD = "age;city;id;extra\n-5;Rome;1;1\n;Berlin;1;2\n60;Berlin;2;3\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "schema.py").write_text(SCHEMA)
    (folder / "limits.py").write_text("LOW = 0\n")
    (folder / "bad.csv.gz").write_bytes(gzip.compress(BAD.encode()))
    return folder


def environment(*folders: Path | str) -> dict[str, str]:
    return {"PATH": os.pathsep.join(str(folder) for folder in folders)}


def check(folder: Path, name: str) -> list[str]:
    data = find_data(folder / "bad.csv.gz", name="bad.csv.gz")
    schema = PanderaSchema(folder=folder, path="schema.py", name=name, environment=environment("/nowhere"))
    return [f"{found.column}: {found}" for found in check_by_pandera(DuckProfiler().profile(data), schema)]


def test_failure_cases_become_violations(folder: Path) -> None:
    assert check(folder, "schema") == [
        "age: must be greater_than_or_equal_to(0): 1 row, such as '-5.0'",
        "age: must be there in each row: 1 row",
        "city: must be isin(['Berlin']): 1 row, such as 'Rome'",
        "extra: must be named by the schema",
        "id: must be there only once: 2 rows, such as '1'",
        "zip: must be there",
    ]


def test_model_with_a_check_of_the_whole_table(folder: Path) -> None:
    assert check(folder, "Model")[0] == "age: must be is_young: 1 row, such as '60.0'"


@pytest.mark.parametrize("name", ["not_a_schema", "missing"])
def test_name_that_is_no_schema(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"schema\.py: the schema {name} cannot be checked: {name} is no Pandera"):
        check(folder, name)


def test_team_code_that_does_not_end_is_ended(folder: Path) -> None:
    (folder / "slow.py").write_text("import time\ntime.sleep(60)\n")
    data = find_data(folder / "bad.csv.gz", name="bad.csv.gz")
    schema = PanderaSchema(
        folder=folder, path="slow.py", name="x", environment=environment("/nowhere"), timeout_seconds=1
    )
    with pytest.raises(OutsideError, match=r"the schema slow\.py gave no answer within 1 s"):
        check_by_pandera(DuckProfiler().profile(data), schema)


def test_the_python_of_the_team_comes_first(folder: Path, tmp_path: Path) -> None:
    wrapper = tmp_path / "bin" / "python3"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/calls"\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(stat.S_IRWXU)
    data = find_data(folder / "bad.csv.gz", name="bad.csv.gz")
    schema = PanderaSchema(
        folder=folder, path="schema.py", name="Model", environment=environment(wrapper.parent, "/bin")
    )
    check_by_pandera(DuckProfiler().profile(data), schema)
    assert (tmp_path / "calls").read_text().splitlines()[1].endswith("pandera_script.py")


@pytest.mark.parametrize("text", ["schema.py", "schema.py:", "a.txt:x", "../a.py:x", "/a.py:x", "a.py:x-y", ":x"])
def test_reference_that_names_no_schema(text: str) -> None:
    with pytest.raises(InputError, match="names no schema"):
        parse_pandera_reference(text)


def test_reference_is_a_path_and_a_name() -> None:
    assert parse_pandera_reference("checks/data.py:Schema") == ("checks/data.py", "Schema")
