"""The plots of `mlops-kit report` on real repositories: where their bytes come from, and what is said without them."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.objects import DvcObjects
from mlops_kit.adapters.dvc.resolver import DvcResolver
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.adapters.workspace import WorkTree
from mlops_kit.commands.report import Sources, make_report
from mlops_kit.commands.sides import Question
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.pipeline.hashing import hash_bytes
from mlops_kit.core.review.plots import PlotRow
from mlops_kit.core.review.report import REPORT, parse_report
from mlops_kit.core.types import Digest
from tests.integration.dvc_project import Project, make_project
from tests.integration.test_report import call

MAKE = """
import os
os.makedirs("plots/deep", exist_ok=True)
for name in ("loss.csv", "plots/acc.csv", "plots/deep/same.csv"):
    value = 1 if "same" in name else VALUE
    open(name, "w").write(f"step,v\\n0,{value}\\n1,{value / 2}\\n")
"""
CACHED = f"""
stages:
  t:
    cmd: {sys.executable} make.py
    deps: [make.py]
    outs: [plots]
    plots: [loss.csv: {{x: step, y: v}}]
plots: [plots: {{x: step}}]
"""


class CacheObjects(DvcObjects):
    """A project's own objects; what was asked for, and how it fails, if it does."""

    def __init__(self, root: Path, failure: str = "") -> None:
        super().__init__(root, os.environ)
        self.asked: list[Digest] = []
        self._failure = failure

    def read(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, bytes]:
        wanted = tuple(digests)
        self.asked.extend(wanted)
        if self._failure:
            raise OutsideError(self._failure)
        return super().read(root, wanted, limit=limit)


@pytest.fixture
def cached(tmp_path: Path) -> tuple[Project, str, str]:
    """A project whose plots are in DVC's cache, not in git; two commits."""
    project = make_project(
        tmp_path / "p", {"dvc.yaml": CACHED, "make.py": MAKE.replace("VALUE", "1")}, site=tmp_path / "site"
    )
    commits = []
    for value in ("1", "2"):
        project.write({"make.py": MAKE.replace("VALUE", value)})
        project.run_dvc()
        project.commit()
        commits.append(project.git("rev-parse", "HEAD").strip())
    return project, commits[0], commits[1]


def plots_of(project: Project, objects: CacheObjects | None, base: str, head: str = "") -> dict[str, PlotRow]:
    git = GitRepository(project.root, os.environ)
    sources = Sources(
        git=git,
        work_tree=WorkTree(git),
        resolver=DvcResolver(git.root, os.environ),
        log=GitPromotionLog(git),
        objects=objects,
    )
    return {row.path: row for row in make_report(Question(base=base, head=head), sources).plots}


def ends(row: PlotRow) -> dict[str, object]:
    return {one.side: one.points for one in row.series}


def test_bytes_that_dvc_keeps_are_read_by_digest_and_only_where_they_differ(cached: tuple[Project, str, str]) -> None:
    project, base, head = cached
    objects = CacheObjects(project.root)
    rows = plots_of(project, objects, base, head)
    assert {path: row.change for path, row in rows.items()} == {
        "loss.csv": "changed",
        "plots/acc.csv": "changed",
        "plots/deep/same.csv": "",
    }
    for path in ("loss.csv", "plots/acc.csv"):
        assert ends(rows[path]) == {"base": ((0, 1), (1, 0.5)), "head": ((0, 2), (1, 1))}
    same = hash_bytes(b"step,v\n0,1\n1,0.5\n")
    assert len(objects.asked) == len(set(objects.asked)) + 2
    assert objects.asked.count(same) == 2, "base's two files are one object; the third one did not differ"


def test_without_their_bytes_plots_are_compared_by_digest(cached: tuple[Project, str, str]) -> None:
    project, base, head = cached
    rows = plots_of(project, None, base, head)
    assert {path: (row.change, row.series) for path, row in rows.items()} == {
        "loss.csv": ("changed", ()),
        "plots": ("changed", ()),
    }
    assert "not in the DVC cache here" in rows["loss.csv"].note
    assert {row.change for row in plots_of(project, None, head, head).values()} == {""}


def test_a_remote_that_fails_is_a_note(cached: tuple[Project, str, str]) -> None:
    project, base, head = cached
    rows = plots_of(project, CacheObjects(project.root, "the remote is away"), base, head)
    assert rows["loss.csv"].note == "base: loss.csv: the remote is away; head: loss.csv: the remote is away"


def test_bytes_that_are_not_those_of_their_digest_are_not_shown(cached: tuple[Project, str, str]) -> None:
    project, base, head = cached
    for place in (project.root / ".dvc" / "cache").rglob("*"):
        if place.is_file():
            place.chmod(0o644)
            place.write_text("step,v\n0,99\n")
    rows = plots_of(project, CacheObjects(project.root), base, head)
    assert {row.series for row in rows.values()} == {()}


def test_the_work_tree_is_read_as_it_lies(cached: tuple[Project, str, str]) -> None:
    project, _, head = cached
    (project.root / "loss.csv").chmod(0o644)
    (project.root / "loss.csv").unlink()
    project.write({"loss.csv": "step,v\n0,7\n"})
    rows = plots_of(project, CacheObjects(project.root), head)
    assert ends(rows["loss.csv"]) == {"base": ((0, 2), (1, 1)), "head": ((0, 7),)}
    assert rows["plots/acc.csv"].change == ""
    unknown = plots_of(project, None, head)
    assert set(unknown) == {"loss.csv", "plots/acc.csv", "plots/deep/same.csv"}
    assert unknown["plots/acc.csv"].note.startswith("base: plots/acc.csv: its bytes are not in the DVC cache here")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("v\n4242424242\n")
    project = make_project(
        tmp_path / "p",
        {"dvc.yaml": "plots: [a.csv, b.csv]", "a.csv": "v\n1\n", "b.csv": "v\n1\n"},
        site=tmp_path / "site",
    )
    (project.root / "a.csv").unlink()
    (project.root / "a.csv").symlink_to(secret)
    project.write({"b.csv": "v\n2\n"})
    rows = plots_of(project, None, "HEAD")
    assert (rows["a.csv"].change, rows["b.csv"].change) == ("changed", "changed")
    assert ends(rows["a.csv"]) == {"base": ((0, 1),)}
    assert "symbolic link" in rows["a.csv"].note
    project.commit()
    assert "4242424242" not in report_json_of(project)


def report_json_of(project: Project) -> str:
    text = call(project, "--base", "HEAD^", "--format", "json", "HEAD")
    parse_report(text.encode(), file="report.json")
    return text


def test_several_roots_have_their_own_names(tmp_path: Path) -> None:
    def files(value: int) -> dict[str, str]:
        each = {
            "dvc.yaml": "plots: [both: {y: {a.csv: v, b.csv: v}}, a.csv]",
            "a.csv": f"v\n{value}\n",
            "b.csv": "v\n1\n",
        }
        return {f"{root}/{path}": text for root in ("one", "two") for path, text in {**each, ".dvc/config": ""}.items()}

    project = make_project(tmp_path / "p", files(1), site=tmp_path / "site")
    project.git("rm", "-r", "--quiet", ".dvc", ".dvcignore")
    project.write(files(2))
    project.commit()
    assert set(plots_of(project, None, "HEAD^", "HEAD")) == {
        "one/a.csv",
        "one/dvc.yaml::both",
        "two/a.csv",
        "two/dvc.yaml::both",
    }


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="SIZE" height="9" fill="red"/></svg>'


@pytest.fixture
def pictured(tmp_path: Path) -> Project:
    """Images that a stage wrote, on main and changed in the work tree."""
    project = make_project(
        tmp_path / "p",
        {"dvc.yaml": "plots: [images]", "images/a.svg": SVG.replace("SIZE", "4"), "images/bad.svg": "<svg>"},
        site=tmp_path / "site",
    )
    for name in ("roc.png", "same.png"):
        (project.root / "images" / name).write_bytes(PNG)
    project.commit()
    (project.root / "images" / "roc.png").write_bytes(PNG + b"1")
    project.write(
        {"images/a.svg": SVG.replace("SIZE", "8"), "images/bad.svg": '<svg><image href="/etc/passwd"/></svg>'}
    )
    return project


def test_images_are_written_once_each_under_the_name_of_their_bytes(pictured: Project, tmp_path: Path) -> None:
    text = call(pictured, "--base", "HEAD", "--format", "json", "--pictures", str(tmp_path / "pictures"))
    plots = {row.path: row for row in parse_report(text.encode(), file="r").plots}
    written = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    named = [image.file for row in plots.values() for image in row.images]
    assert written == sorted(named)
    assert {path: len(row.images) for path, row in plots.items()} == {
        "images/a.svg": 2,
        "images/bad.svg": 0,
        "images/roc.png": 2,
        "images/same.png": 0,
    }
    first = tmp_path / "pictures" / plots["images/roc.png"].images[0].file
    assert first.read_bytes() == PNG
    drawn = tmp_path / "pictures" / plots["images/a.svg"].images[1].file
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert "head: the SVG is not shown: it refers to other files or addresses" in plots["images/bad.svg"].note


def test_without_a_folder_for_pictures_their_sizes_are_told(pictured: Project) -> None:
    plots = {row["path"]: row for row in json.loads(call(pictured, "--base", "HEAD", "--format", "json"))["plots"]}
    assert plots["images/roc.png"]["images"] == []
    assert plots["images/roc.png"]["note"] == "base has 48 bytes; head has 49 bytes"
    assert plots["images/same.png"]["change"] == ""


def test_the_report_of_many_long_plots_stays_small(tmp_path: Path) -> None:
    def files(shift: int) -> dict[str, str]:
        lines = "\n".join(f"{step},{(step * 37 + shift) % 101 / 7}" for step in range(5_000))
        return {f"plots/{number:03}.csv": f"step,loss\n{lines}\n" for number in range(120)}

    project = make_project(
        tmp_path / "p", {"dvc.yaml": "plots: [plots: {x: step}]", **files(0)}, site=tmp_path / "site"
    )
    project.write(files(1))
    text = call(project, "--base", "HEAD", "--format", "json")
    report = parse_report(text.encode(), file="r")
    assert len(text.encode()) < 500_000
    assert len(report.plots) == 100
    assert "20 of 120 plots are left out of the report" in report.notes
    assert any(note.startswith("plots were too large: at most ") for note in report.notes)
    assert REPORT.dump_python(report, mode="json")["plots"][0]["change"] == "changed"


def test_templated_outs_of_stages_are_plots_by_their_lock(tmp_path: Path) -> None:
    pipeline = f"""
stages:
  t:
    matrix: {{m: [a, b]}}
    cmd: {sys.executable} -c "open('${{item.m}}.csv', 'w').write('v\\\\nNUMBER\\\\n')"
    plots: ["${{item.m}}.csv": {{cache: false, y: v}}]
"""
    templated = "vars: [{nowhere: c}]\nplots: ['${nowhere}.csv']"
    project = make_project(tmp_path / "p", {"dvc.yaml": pipeline.replace("NUMBER", "1")}, site=tmp_path / "site")
    project.run_dvc()
    project.commit()
    project.write({"dvc.yaml": pipeline.replace("NUMBER", "2") + templated})
    project.run_dvc()
    rows = plots_of(project, None, "HEAD")
    assert "plots whose files DVC fills in by templates are left out: ${nowhere}.csv" in call(project, "--base", "HEAD")
    assert {path: ends(row) for path, row in rows.items()} == {
        path: {"base": ((0, 1),), "head": ((0, 2),)} for path in ("a.csv", "b.csv")
    }


@pytest.mark.parametrize("listed", ["[a.csv, b.csv]", "[]"])
def test_plots_of_a_partial_clone_come_with_everything_else(tmp_path: Path, listed: str) -> None:
    pipeline = f"metrics: [m.json]\nplots: {listed}\n"
    files = {"dvc.yaml": pipeline, "a.csv": "v\n1\n", "b.csv": "v\n2\n", "m.json": '{"x": 1}', "params.yaml": "p: 1\n"}
    project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    project.write({"a.csv": "v\n3\n", "b.csv": "v\n4\n", "m.json": '{"x": 2}', "params.yaml": "p: 2\n"})
    project.commit()
    project.git("config", "uploadpack.allowFilter", "true")
    project.git("config", "uploadpack.allowAnySHA1InWant", "true")
    project.git("clone", "--quiet", "--filter=blob:none", project.root.as_uri(), str(tmp_path / "clone"))
    trace = tmp_path / "trace"
    git = GitRepository(tmp_path / "clone", {**os.environ, "GIT_TRACE": str(trace)})
    resolver = DvcResolver(git.root, os.environ)
    sources = Sources(git=git, work_tree=WorkTree(git), resolver=resolver, log=GitPromotionLog(git))
    report = make_report(Question(base="HEAD^", head="HEAD"), sources)
    assert [sorted(ends(row)) for row in report.plots] == [["base", "head"]] * (2 if "a.csv" in listed else 0)
    fetches = [line for line in trace.read_text().splitlines() if "built-in: git" in line and " fetch " in line]
    assert len(fetches) == 1
