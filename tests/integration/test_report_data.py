"""What a report says of data that real DVC tracks: the paths that `dvc diff` names, and what is inside."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

from mlops_kit import wiring
from mlops_kit.commands.report import make_report
from mlops_kit.commands.sides import Question
from mlops_kit.core.review.data import ColumnRow, DataRow
from mlops_kit.core.review.report import Report, parse_report, report_json
from tests.integration.dvc_project import Project, make_project
from tests.integration.remote_project import folder_remote, with_remote
from tests.integration.s3_server import S3Server, serve_s3

PIPELINE = "stages: {t: {cmd: 'cat a.csv b.bin > out', deps: [a.csv, b.bin], outs: [out]}}\n"


def parquet(**columns: list[object]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def write_bytes(project: Project, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        place = project.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_bytes(data)


def add(project: Project, files: Mapping[str, bytes], *targets: str) -> None:
    """Write files and `dvc add` the targets, as a user does it."""
    write_bytes(project, files)
    with project.opened() as repo:
        repo.add(list(targets))


def begin(folder: Path, remote: str = "") -> Project:
    """A project with a table of each kind, a folder and a stage, run, committed, and sent to the remote."""
    project = make_project(folder / "project", {"dvc.yaml": PIPELINE}, site=folder / "site")
    if remote:
        project.write({".dvc/config": with_remote(project, remote)})
    files = {
        "a.csv": b"id,name,x\n1,a,0.5\n2,b,1\n",
        "t.parquet": parquet(a=[1, 2], b=["x", "y"]),
        "b.bin": b"bytes",
        "old.bin": b"the same bytes",
        "d/one.csv": b"k;v\n1;x\n",
        "d/two.csv": b"k;v\n1;x\n2;y\n",
        "d/z.txt": b"z",
    }
    add(project, files, "a.csv", "t.parquet", "b.bin", "old.bin", "d")
    project.run_dvc()
    if remote:
        send(project)
    project.commit()
    return project


def change(project: Project) -> None:
    """Everything changes on a branch of its own."""
    project.git("checkout", "--quiet", "-b", "change")
    shutil.move(project.root / "old.bin", project.root / "new.bin")
    (project.root / "old.bin.dvc").unlink()
    (project.root / "d" / "z.txt").unlink()
    (project.root / "b.bin.dvc").unlink()
    project.write({"dvc.yaml": PIPELINE.replace(", b.bin]", "]").replace(" b.bin", "")})
    files = {
        "a.csv": b"id,name,y\n1,a,0.5\nx,b,1\n3,c,2\n",
        "t.parquet": parquet(a=[1.5, 2.0, 3.0], c=["x", "y", "z"]),
        "d/one.csv": b"k;v\n1;x\n2;y\n3;z\n",
        "d/more/new.txt": b"n",
        "brandnew.csv": b"a\n1\n",
    }
    add(project, files, "a.csv", "t.parquet", "new.bin", "d", "brandnew.csv")
    project.run_dvc()
    project.commit()


def send(project: Project) -> None:
    with project.opened() as repo:
        repo.push()


def ask(project: Project, *, base: str = "main", head: str = "") -> Report:
    """The report, checked as the privileged job checks it."""
    git = wiring.open_git(project.root, os.environ)
    sources = wiring.open_sources(git, os.environ, lambda: pytest.fail("no plan is asked for"))
    found = make_report(Question(base=base, head=head), replace(sources, open_world=None))
    return parse_report(report_json(found).encode(), file="report.json")


def find(report: Report, path: str) -> DataRow:
    (row,) = (row for row in report.data if row.path == path)
    return row


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = begin(tmp_path)
    change(made)
    return made


def dvc_diff(project: Project) -> dict[str, Any]:
    with project.opened() as repo:
        found: dict[str, Any] = repo.diff("main", "HEAD")
    return found


def test_paths_are_those_of_dvc_diff(project: Project) -> None:
    theirs, ours = dvc_diff(project), ask(project, head="HEAD")
    outs = {row.path for row in ours.data if not row.path.startswith("d/")}
    moved = {(row.note.removeprefix("moved from "), row.path) for row in ours.data if row.note.startswith("moved from")}
    assert (
        moved
        == {(found["path"]["old"], found["path"]["new"]) for found in theirs["renamed"]}
        == {("old.bin", "new.bin")}
    )

    def named(kind: str) -> set[str]:
        return {found["path"].rstrip("/") for found in theirs[kind] if not found["path"].startswith("d/m")}

    told = {kind: {row.path for row in ours.data if row.change == kind} for kind in ("new", "removed", "changed")}
    assert told["new"] == {path for path in named("added") if not path.startswith("d/")} == {"brandnew.csv"}
    assert told["removed"] == {path for path in named("deleted") if not path.startswith("d/")} == {"b.bin"}
    assert told["changed"] - {"new.bin"} == named("modified") == {"a.csv", "t.parquet", "d", "d/one.csv", "out"}
    assert outs == {"a.csv", "b.bin", "brandnew.csv", "d", "new.bin", "out", "t.parquet"}
    folder = find(ours, "d")
    inside = [
        sum(found["path"].startswith("d/") and found["path"] != "d/" for found in theirs[kind])
        for kind in ("added", "deleted", "modified")
    ]
    assert [folder.added_files, folder.removed_files, folder.changed_files] == inside == [1, 1, 1]


def test_rows_and_columns_of_a_csv_are_compared(project: Project) -> None:
    row = find(ask(project), "a.csv")
    assert (row.old_rows, row.new_rows, row.old_bytes, row.new_bytes, row.note) == (2, 3, 24, 30, "")
    assert row.columns == (
        ColumnRow(name="id", old="integer", new="text"),
        ColumnRow(name="y", new="number"),
        ColumnRow(name="x", old="number"),
    )


def test_rows_and_columns_of_a_parquet_file_are_compared(project: Project) -> None:
    row = find(ask(project), "t.parquet")
    assert (row.old_rows, row.new_rows) == (2, 3)
    assert row.columns == (
        ColumnRow(name="a", old="int64", new="double"),
        ColumnRow(name="c", new="string"),
        ColumnRow(name="b", old="string"),
    )


def test_a_table_inside_a_folder_is_a_row_of_its_own(project: Project) -> None:
    row = find(ask(project), "d/one.csv")
    assert (row.change, row.old_rows, row.new_rows, row.old_bytes, row.new_bytes) == ("changed", 1, 3, 8, 16)


def test_the_work_tree_gives_what_the_cache_lacks(project: Project) -> None:
    shutil.rmtree(project.root / ".dvc/cache")
    report = ask(project)
    row = find(report, "a.csv")
    assert (row.old_rows, row.new_rows) == (None, 3)
    assert row.note == "base: its bytes are neither here nor, with at most 64 MiB, in the remote"
    committed = find(ask(project, head="HEAD"), "a.csv")
    assert (committed.old_rows, committed.new_rows) == (None, None)
    assert find(report, "d").note == "base: the list of its files is neither in the cache nor in the remote"


def test_a_file_of_the_work_tree_that_is_not_the_recorded_one_is_not_read(project: Project) -> None:
    shutil.rmtree(project.root / ".dvc/cache")
    write_bytes(project, {"a.csv": b"id\n1\n"})
    assert "head: the bytes here are not those that are recorded" in find(ask(project), "a.csv").note


def test_a_link_in_the_work_tree_is_not_followed(project: Project, tmp_path: Path) -> None:
    shutil.rmtree(project.root / ".dvc/cache")
    (tmp_path / "secret.csv").write_bytes((project.root / "a.csv").read_bytes())
    (project.root / "a.csv").unlink()
    (project.root / "a.csv").symlink_to(tmp_path / "secret.csv")
    row = find(ask(project), "a.csv")
    assert (row.new_rows, row.columns) == (None, ())
    assert "symbolic link" in row.note


def test_a_damaged_object_of_the_cache_is_never_taken_for_the_data(project: Project) -> None:
    value = find(ask(project), "a.csv").new.removeprefix("md5:")
    place = project.root / ".dvc/cache/files/md5" / value[:2] / value[2:]
    place.chmod(0o644)
    place.write_bytes(b"id\n1\n")
    row = find(ask(project, head="HEAD"), "a.csv")
    assert (row.old_rows, row.new_rows, row.columns) == (2, None, ())
    assert row.note == "head: the bytes here are not those that are recorded"


def test_a_broken_table_is_a_note_and_the_rest_of_the_report_is_made(project: Project) -> None:
    add(project, {"a.csv": b"id,name\n1,a\n2\n"}, "a.csv")
    report = ask(project)
    row = find(report, "a.csv")
    assert (row.old_rows, row.new_rows, row.note) == (2, None, "head: row 3: has 1 field, the header has 2")
    assert find(report, "t.parquet").new_rows == 3


def test_many_tables_of_one_folder_are_counted_and_not_listed(project: Project) -> None:
    add(project, {f"d/part{number}.csv": b"a\n1\n" for number in range(6)}, "d")
    report = ask(project)
    assert find(report, "d").added_files == 7
    assert [row.path for row in report.data if row.path.startswith("d/")] == []


def test_after_twenty_tables_the_others_say_that_they_were_not_looked_into(project: Project) -> None:
    files = {f"many{number:02}.csv": b"a\n%d\n" % number for number in range(22)}
    add(project, files, *files)
    rows = [row for row in ask(project).data if row.path.endswith((".csv", ".parquet"))]
    assert len(rows) == 26
    assert [row.note for row in rows].count("not looked into: 20 tables were") == 6
    assert sum(row.new_rows is not None for row in rows) == 20


def test_imports_are_data_too(project: Project, tmp_path: Path) -> None:
    source = make_project(tmp_path / "source", {}, site=tmp_path / "site")
    add(source, {"s.csv": b"a\n1\n"}, "s.csv")
    source.commit()
    (tmp_path / "u.csv").write_bytes(b"a,b\n1,2\n")
    with project.opened() as repo:
        repo.imp(str(source.root), "s.csv", out="imported.csv")
        repo.imp_url(str(tmp_path / "u.csv"), out="from_url.csv")
        repo.imp_url(str(tmp_path / "u.csv"), out="later.csv", no_download=True)
    project.commit()
    project.git("branch", "imports")
    add(source, {"s.csv": b"a\n1\n2\n"}, "s.csv")
    source.commit()
    (tmp_path / "u.csv").write_bytes(b"a,b\n1,2\n3,4\n5,6\n")
    with project.opened() as repo:
        repo.update(["imported.csv.dvc", "from_url.csv.dvc"])
        repo.update(["later.csv.dvc"], no_download=True)
    project.commit()
    report = ask(project, base="imports", head="HEAD")
    assert {row.path: (row.change, row.old_rows, row.new_rows) for row in report.data} == {
        "from_url.csv": ("changed", 1, 3),
        "imported.csv": ("changed", 1, 2),
        "later.csv": ("changed", 1, 3),
    }
    assert find(report, "later.csv").new_bytes == 16


def test_without_any_dvc_remote_or_cache_digests_and_sizes_are_told(project: Project, tmp_path: Path) -> None:
    elsewhere = project.clone(tmp_path / "clone")
    elsewhere.git("branch", "main", "origin/main")
    report = ask(elsewhere)
    row = find(report, "a.csv")
    assert (row.old_bytes, row.new_bytes, row.old_rows, row.new_rows) == (24, 30, None, None)
    assert [note for note in report.notes if note.startswith("data ")] == []


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A part of DVC's configuration; what S3 needs is in the environment."""
    if request.param == "folder":
        return folder_remote(tmp_path / "store")
    server: S3Server = request.getfixturevalue("s3")
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    S3FileSystem(endpoint_url=server.url).mkdir("data")
    return server.config("data")


def test_a_clone_without_data_gets_what_it_needs_from_the_remote(tmp_path: Path, remote: str) -> None:
    project = begin(tmp_path, remote)
    change(project)
    send(project)
    clone = project.clone(tmp_path / "clone")
    clone.git("branch", "main", "origin/main")
    report = ask(clone, head="HEAD")
    assert report.data == ask(project, head="HEAD").data
    assert find(report, "t.parquet").new_rows == 3
    needed = {row.path for row in report.data if row.new_rows is not None or row.added_files is not None}
    assert needed == {"a.csv", "brandnew.csv", "d", "d/one.csv", "t.parquet"}
    assert not (clone.root / "a.csv").exists()


def test_a_remote_that_fails_is_one_note_and_the_cache_is_still_used(tmp_path: Path) -> None:
    project = begin(tmp_path, folder_remote(tmp_path / "store"))
    change(project)
    value = find(ask(project), "a.csv").old.removeprefix("md5:")
    place = project.root / ".dvc/cache/files/md5" / value[:2] / value[2:]
    place.unlink()
    config = project.read(".dvc/config").partition("['remote")[0]
    project.write(
        {
            ".dvc/config": f"{config}['remote \"store\"']\n    url = s3://nowhere/x\n    endpointurl = http://127.0.0.1:9\n"
        }
    )
    report = ask(project, head="HEAD")
    assert (find(report, "a.csv").old_rows, find(report, "a.csv").new_rows) == (None, 3)
    assert find(report, "t.parquet").new_rows == 3
    assert len([note for note in report.notes if note.startswith("data could not be looked into: ")]) == 1


def test_a_report_of_tables_loads_no_data_library_itself(project: Project) -> None:
    code = (
        "import sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs\n"
        "code = run(['report', '--base', 'main', '--format', 'json'], read_inputs())\n"
        "sys.stderr.write('modules ' + ' '.join({name.split('.')[0] for name in sys.modules}))\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True)
    assert {"pyarrow", "pandas", "mlflow", "ray", "sklearn"} & set(
        done.stderr.rpartition("modules ")[2].split()
    ) == set()
    assert find(parse_report(done.stdout.encode(), file="r"), "t.parquet").new_rows == 3
