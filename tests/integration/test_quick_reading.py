"""The kit's reader in DVC's place: the same values and the same complaints, in every form that people write."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.dependency.param import read_param_file
from dvc.dvcfile import Lockfile
from dvc.exceptions import DvcException
from dvc.fs import LocalFileSystem
from dvc.repo import Repo
from dvc.utils.serialize import dumps_yaml, loads_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_kit.adapters.dvc.quick_reading import _read, quick_reading
from tests.integration.dvc_project import Project, make_project

WORDS = [
    "a: no", "a: 12:30:45", "a: 014", "a: 1e3", "a: 1e-05", "a: .5", "a: 0o17", "a: 0x1f", "a: 1_000", "a: ~", "a:",
    "a: 2024-01-01", "a: [2024-01-01, 2]", "a: {b: 2024-1-1}", "a: 2024-01-01T10:00:00", "- 2024-01-01",
    "2024-01-01: x", "a: data/2024-01-01.csv", "a: 2024-01-01.csv", "a: '2024-01-01'", "a: !!str 1", "a: !x 1",
    "a: 'it''s'", 'a: "\\u00e4\\n"', "a: &x {b: 1}\nc: *x", "a: &x {b: 1}\nc: {<<: *x, d: 2}",
    "a: |\n  one\n  two\n", "a: >-\n  one\n  two\n", "? a\n: b", "a: yes\nb: on", "a: .inf\nb: -.inf\nc: .nan",
    "a: +1\nb: -0", "a: 1.", "a: 00", "a: 0b11", "%YAML 1.1\n---\na: no", "a: 1 # no comment", "a: 'x' # y",
    'a: "b: 1"', "{a: [1, {b: null}]}", "a: 123456789012345678901234567890", "a: =", "a: python x.py --lr=1",
]  # fmt: skip
WRONG = ["schema: '3.0'\n", "stages: [1]\n", "a: [\n", "schema: '2.0'\nstages:\n  a:\n    deps: 3\n", "a: 1\na: 2\n"]


@pytest.mark.parametrize("text", WORDS)
def test_a_file_has_the_value_that_dvc_gives_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(text)
    found = _read(str(tmp_path / "f.yaml"))
    if found is not None:
        assert repr(found[0]) == repr(loads_yaml(text))


def test_most_of_it_is_read_by_the_kit(tmp_path: Path) -> None:
    left = []
    for text in WORDS:
        (tmp_path / "f.yaml").write_text(text)
        if _read(str(tmp_path / "f.yaml")) is None:
            left.append(text)
    assert len(left) < len(WORDS) / 3
    assert "a: data/2024-01-01.csv" not in left


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(st.text(min_size=1, max_size=6), VALUES, min_size=1, max_size=4))
def test_whatever_dvc_writes_is_read_as_dvc_reads_it(value: object, tmp_path: Path) -> None:
    text = dumps_yaml(value)
    (tmp_path / "f.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    found = _read(str(tmp_path / "f.yaml"))
    if found is not None:
        assert repr(found[0]) == repr(loads_yaml((tmp_path / "f.yaml").read_text()))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {}, site=tmp_path / "site")


@contextlib.contextmanager
def quickly(project: Project) -> Iterator[Repo]:
    with project.opened() as repo, quick_reading():
        yield repo


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_gets_dvcs_own_words(text: str, project: Project) -> None:
    project.write({"dvc.lock": text})
    said = []
    with project.opened() as repo, pytest.raises(DvcException) as raised:
        Lockfile(repo, "dvc.lock").load()
    said.append(str(raised.value))
    with quickly(project) as repo, pytest.raises(DvcException) as raised:
        Lockfile(repo, "dvc.lock").load()
    said.append(str(raised.value))
    assert said[0] == said[1]


def test_params_that_change_during_a_run_are_read_again_and_nobody_shares_them(project: Project) -> None:
    project.write({"params.yaml": "a: {b: [1]}\n", "params.json": '{"a": 1}', "params.conf": "a: no\n"})
    with quickly(project):
        fs = LocalFileSystem()
        first = read_param_file(fs, "params.yaml")
        first["a"]["b"].append(9)
        assert read_param_file(fs, "params.yaml") == {"a": {"b": [1]}}
        project.write({"params.yaml": "a: {b: [2]}\n"})
        os.utime(project.root / "params.yaml", ns=(1, 1))
        assert read_param_file(fs, "params.yaml", ["a.b"], flatten=True) == {"a.b": [2]}
        assert read_param_file(fs, "params.json") == {"a": 1}
        for _ in range(2):
            assert read_param_file(fs, "params.conf") == {"a": "no"}
        with pytest.raises(FileNotFoundError):
            read_param_file(fs, "nowhere.yaml")
