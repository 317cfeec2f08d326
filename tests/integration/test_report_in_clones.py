"""`mlops-kit report` in clones that lack history or files: the full clone's report, by a bounded number of fetches.

A fetch is counted in git's own trace, whoever starts it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.dvc_project import Project, make_project

COUNT = 25
CONFIG = "version: 1\nenvironments: {main: {branch: main, gates: [{metric: 'metrics/m0.json:x', max-drop: 5}]}}\n"
STAGES = """
vars: [vars.yaml]
stages:
  t:
    cmd: echo ${word}
    deps: [code]
    params: [lr, conf.py: [N], more.toml: [a]]
    metrics: [made.json: {cache: false}, '${name}.json': {cache: false}]
metrics: [metrics]
"""


def write_side(project: Project, value: int) -> None:
    """Metrics, params and code that all hold the value."""
    project.write({f"metrics/m{number}.json": json.dumps({"x": number * value}) for number in range(COUNT)})
    project.write(
        {
            "dvc.yaml": STAGES,
            "vars.yaml": f"word: w{value}\nname: named\n",
            "named.json": json.dumps({"y": value}),
            "made.json": json.dumps({"z": value}),
            "params.yaml": f"lr: {value}\n",
            "conf.py": f"N = {value}\n",
            "more.toml": f"a = {value}\n",
            "mlops.yaml": CONFIG,
            **{f"code/c{number}.py": f"{value} {number}\n" for number in range(COUNT)},
        }
    )


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository: `main` moved on thirty commits since `change` left it."""
    top = tmp_path_factory.mktemp("origin")
    project = make_project(top / "project", {}, site=top / "site")
    write_side(project, 1)
    project.commit()
    project.git("checkout", "--quiet", "-b", "change")
    write_side(project, 2)
    project.commit()
    project.git("checkout", "--quiet", "main")
    for number in range(30):
        project.write({"unrelated": str(number)})
        project.commit()
    subprocess.run(["git", "clone", "--quiet", "--bare", project.root, top / "origin.git"], check=True)
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "-C", top / "origin.git", "config", name, "true"], check=True)
    return top / "origin.git"


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone and what git did in it."""

    root: Path

    @property
    def _trace(self) -> Path:
        return self.root.with_name(f"{self.root.name}.trace")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def report(self, *words: str) -> dict[str, Any]:
        """The report, by a process of its own."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "GITHUB"))}
        call = [str(Path(sys.executable).with_name("mlops-kit")), "report", *words, "--format", "json"]
        variables: Mapping[str, str] = {**inherited, "GIT_TRACE": str(self._trace), "HOME": str(self.root.parent)}
        done = subprocess.run(call, cwd=self.root, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def fetches(self) -> int:
        """How often git fetched in the reports so far."""
        lines = self._trace.read_text().splitlines()
        return sum("trace: built-in: git" in line and " fetch " in line for line in lines)


def clone(origin: Path, folder: Path, *words: str) -> Clone:
    root = folder / "-".join(("clone", *(word.strip("-").replace(":", "") for word in words)))
    subprocess.run(["git", "clone", "--quiet", *words, origin.as_uri(), root], check=True)
    return Clone(root=root)


def same(found: dict[str, Any]) -> dict[str, Any]:
    """What a report says but for its notes and the name of its base."""
    return {key: value for key, value in found.items() if key not in {"notes", "base"}} | {
        "base": found["base"]["commit"]
    }


@pytest.fixture(scope="module")
def expected(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of the full clone."""
    full = clone(origin, tmp_path_factory.mktemp("full"), "--branch=change")
    found = full.report()
    assert full.fetches() == 0
    assert len(found["metrics"]) == COUNT + 2
    assert {row["path"] for row in found["params"]} == {"params.yaml", "conf.py", "more.toml", "vars.yaml"}
    assert not [note for note in found["notes"] if "could not" in note]
    return found


def new_notes(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return [note for note in found["notes"] if note not in expected["notes"]]


def test_a_shallow_clone_gets_the_merge_base_and_says_so(
    origin: Path, tmp_path: Path, expected: dict[str, Any]
) -> None:
    shallow = clone(origin, tmp_path, "--depth=1", "--branch=change")
    found = shallow.report()
    assert same(found) == same(expected)
    assert found["base"]["name"] == "merge base with origin/HEAD"
    main = subprocess.run(["git", "rev-parse", "main"], cwd=origin, check=True, capture_output=True, text=True).stdout
    assert new_notes(found, expected) == [
        f"origin/HEAD was not in this clone: commit {main[:8]} was fetched",
        "the history of this clone was cut off: 80 more commits were fetched",
    ]
    assert shallow.fetches() == 3


@pytest.mark.parametrize("name", ["by its id", "origin/main~30"])
def test_a_base_that_a_shallow_clone_lacks_is_fetched_alone(
    origin: Path, tmp_path: Path, expected: dict[str, Any], name: str
) -> None:
    shallow = clone(origin, tmp_path, "--depth=1", "--branch=change")
    if name != "by its id":
        shallow.git("fetch", "--quiet", "--depth=31", "origin", "+main:refs/remotes/origin/main")
    base = expected["base"]["commit"] if name == "by its id" else name
    found = shallow.report("--base", base)
    assert same(found) == same(expected)
    assert shallow.fetches() == (1 if name == "by its id" else 0)
    assert shallow.git("rev-list", "--count", "HEAD") == "1"


def test_a_shallow_clone_without_its_remote_says_what_it_could_not_do(origin: Path, tmp_path: Path) -> None:
    shallow = clone(origin, tmp_path, "--depth=1", "--branch=change", "--no-single-branch")
    shallow.git("remote", "set-url", "origin", str(tmp_path / "gone.git"))
    found = shallow.report()
    assert found["base"]["commit"] == shallow.git("rev-parse", "origin/main")
    assert any(note.startswith("the history could not be fetched from origin: ") for note in found["notes"])
    assert any(note.startswith("no merge base with origin/HEAD was found") for note in found["notes"])


@pytest.mark.parametrize("checkout", ["--branch=change", "--no-checkout"])
def test_a_partial_clone_is_read_by_a_few_fetches_also_where_dvc_is_asked(
    origin: Path, tmp_path: Path, expected: dict[str, Any], checkout: str
) -> None:
    partial = clone(origin, tmp_path, "--filter=blob:none", checkout)
    before = partial.git("rev-list", "--objects", "--all", "--missing=print").count("?")
    found = partial.report("origin/change")
    assert same(found) == {**same(expected), "head": found["head"], "lock_uncommitted": False}
    assert new_notes(found, expected) == []
    assert partial.fetches() == (1 if checkout == "--branch=change" else 2)
    after = partial.git("rev-list", "--objects", "--all", "--missing=print").count("?")
    assert after < before


def test_a_clone_that_is_shallow_and_partial_is_read_too(
    origin: Path, tmp_path: Path, expected: dict[str, Any]
) -> None:
    both = clone(origin, tmp_path, "--filter=blob:none", "--depth=1", "--branch=change")
    assert same(both.report("--base", expected["base"]["commit"])) == same(expected)
    assert both.fetches() == 2


def test_a_sparse_partial_clone_reads_what_is_not_checked_out(
    origin: Path, tmp_path: Path, expected: dict[str, Any]
) -> None:
    sparse = clone(origin, tmp_path, "--filter=blob:none", "--sparse", "--branch=change")
    found = sparse.report("HEAD")
    assert same(found) == {**same(expected), "head": found["head"], "lock_uncommitted": False}
    assert sparse.fetches() == 2


def test_files_that_cannot_be_fetched_are_said(origin: Path, tmp_path: Path) -> None:
    partial = clone(origin, tmp_path, "--filter=blob:none", "--branch=change")
    partial.git("remote", "set-url", "origin", str(tmp_path / "gone.git"))
    found = partial.report("--base", "origin/main~30")
    assert any("files that this partial clone lacks could not be fetched" in note for note in found["notes"])
