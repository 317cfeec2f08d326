"""Which data differs between two commits, as their dvc.lock and `.dvc` files say it."""

import hashlib

import pytest

from mlops_kit.core.pipeline.project import Project, parse_project
from mlops_kit.core.review.bounds import bound_report
from mlops_kit.core.review.data import ColumnRow, Contents, DataRow, Listings, data_row
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.report import Report, Side, parse_report, report_json
from mlops_kit.core.review.tracked import pair_data
from mlops_kit.core.tables import Column, Table

PIPELINE = """\
stages:
  t:
    cmd: x
    outs: [out.csv, model, plain: {cache: false}]
    metrics: [m.json]
    plots: [p.csv]
artifacts: {clf: {path: model/weights, type: model}}
"""


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def project(outs: dict[str, str] | None = None, **data: str) -> Project:
    """A project with outs of its stage, and `.dvc` files, each a path and the content that it stands for."""
    locked = "".join(
        f"    - {{path: {path}, hash: md5, md5: {md5(text)}, size: {len(text)}}}\n"
        for path, text in (outs or {}).items()
    )
    lock = f"schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n{locked}" if outs else "schema: '2.0'\n"
    added = {
        f"{path}.dvc": f"outs: [{{path: {path}, hash: md5, md5: {md5(text)}, size: {len(text)}}}]\n"
        for path, text in data.items()
    }
    files = {"dvc.yaml": PIPELINE, "dvc.lock": lock, **added}
    return parse_project({path: text.encode() for path, text in files.items()})


def imported(entry: str) -> Project:
    return parse_project({"dvc.yaml": b"stages: {}", "raw.dvc": entry.encode()})


def show(base: Project, head: Project) -> list[str]:
    return [
        f"{row.change} {row.path} {row.old_bytes}->{row.new_bytes} {row.note}".rstrip()
        for row in (data_row(pair, Contents()) for pair in pair_data(base, head))
    ]


def test_only_what_differs_is_told_with_its_size() -> None:
    base = project(same="1", changed="22", gone="3")
    head = project(same="1", changed="4444", new="55555")
    assert show(base, head) == ["changed changed 2->4", "removed gone 1->None", "new new None->5"]


def test_the_same_bytes_elsewhere_are_a_move() -> None:
    assert show(project(a="1", b="1", c="2"), project(d="1", b="1", e="2")) == [
        "changed d 1->1 moved from a",
        "changed e 1->1 moved from c",
    ]


def test_a_copy_of_what_stays_is_new() -> None:
    assert show(project(a="1"), project(a="1", b="1")) == ["new b None->1"]


def test_one_path_that_is_gone_is_the_source_of_one_move() -> None:
    assert show(project(a="1"), project(b="1", c="1")) == ["changed b 1->1 moved from a", "new c None->1"]


def test_an_out_that_becomes_data_that_was_added_is_the_same() -> None:
    added = imported(f"outs: [{{path: out.csv, hash: md5, md5: {md5('1')}, size: 1}}]")
    assert show(project({"out.csv": "1"}), added) == []


def test_models_metrics_plots_and_what_git_keeps_are_shown_elsewhere() -> None:
    outs = dict.fromkeys(("out.csv", "model", "plain", "m.json", "p.csv"), "1")
    changed = dict.fromkeys(outs, "22")
    assert show(project(outs), project(changed)) == ["changed out.csv 1->2"]


def test_an_out_that_never_ran_in_base_is_new_and_one_that_did_not_run_in_head_says_so() -> None:
    assert show(project(), project({"out.csv": "1"})) == ["new out.csv None->1"]
    assert show(project({"out.csv": "1"}), project()) == [
        "changed out.csv 1->None head does not record what it holds: the stage has not run"
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "deps: [{path: 'https://x/y', etag: %s, size: %d}]\nouts: [{path: raw, hash: md5}]\n",
        "deps: [{path: y, hash: md5, md5: %s, size: %d}]\nouts: [{path: raw}]\n",
        "deps: [{path: y, repo: {url: 'https://x', rev_lock: %s}, size: %d}]\nouts: [{path: raw, hash: md5}]\n",
    ],
)
def test_an_import_that_was_not_downloaded_is_told_by_its_source(entry: str) -> None:
    base, head = imported(entry % ("aaa", 5)), imported(entry % ("bbb", 7))
    assert show(base, head) == ["changed raw 5->7"]
    assert show(base, base) == []


def test_an_import_with_the_same_bytes_from_another_commit_is_the_same() -> None:
    entry = "deps: [{path: y, repo: {url: u, rev_lock: %s}}]\nouts: [{path: raw, hash: md5, md5: abc, size: 1}]\n"
    assert show(imported(entry % "aaa"), imported(entry % "bbb")) == []


def test_sizes_that_nothing_has_are_not_known() -> None:
    for written in ("-1", "1e3", "'7'", "true", "9" * 30):
        head = imported(f"outs: [{{path: raw, hash: md5, md5: abc, size: {written}, nfiles: {written}}}]")
        (row,) = (data_row(pair, Contents()) for pair in pair_data(Project(), head))
        assert (row.new_bytes, row.new_files) == (None, 1)


def test_a_folder_whose_files_are_listed_has_their_number_and_the_sum_of_their_bytes() -> None:
    listed = "{relpath: a, md5: aa, size: 2}, {relpath: b, md5: bb, size: 3}"
    head = imported(f"outs: [{{path: raw, hash: md5, files: [{listed}]}}]")
    (row,) = (data_row(pair, Contents()) for pair in pair_data(Project(), head))
    assert (row.new_bytes, row.new_files) == (5, 2)


def row(contents: Contents) -> DataRow:
    (pair,) = pair_data(project(a="1"), project(a="2"))
    return data_row(pair, contents)


def test_files_of_a_folder_are_counted_by_their_paths() -> None:
    found = row(Contents(listings=Listings(old={"a": "1", "b": "2", "c": "3"}, new={"a": "1", "b": "9", "d": "3"})))
    assert (found.added_files, found.removed_files, found.changed_files) == (1, 1, 1)


def test_columns_that_differ_are_told_in_the_order_of_head_then_what_is_gone() -> None:
    old = Table(
        rows=1, columns=(Column(name="a", type="int"), Column(name="b", type="int"), Column(name="z", type="x"))
    )
    new = Table(
        rows=2, columns=(Column(name="c", type="int"), Column(name="b", type="text"), Column(name="a", type="int"))
    )
    found = row(Contents(old=old, new=new))
    assert (found.old_rows, found.new_rows) == (1, 2)
    assert found.columns == (
        ColumnRow(name="c", new="int"),
        ColumnRow(name="b", old="int", new="text"),
        ColumnRow(name="z", old="x"),
    )


def test_a_table_that_cannot_be_read_is_a_note_and_its_columns_are_not_gone() -> None:
    found = row(Contents(old=Table(rows=1, columns=(Column(name="a", type="int"),)), new=Table(error="row 3: bad")))
    assert (found.columns, found.old_rows, found.new_rows, found.note) == ((), 1, None, "head: row 3: bad")


def test_a_report_with_more_data_than_fits_is_cut_in_paths_and_columns() -> None:
    columns = tuple(ColumnRow(name=f"c{number}" * 20, old="int", new="text") for number in range(3000))
    data = tuple(
        DataRow(path=f"d{number}", change="changed", columns=columns[: 3 - number % 3]) for number in range(3000)
    )
    side = Side(name="main", commit="a" * 40)
    whole = Report(base=side, head=side, environment="dev", verdict=Verdict.PASS, data=data)
    wide = Report(
        base=side,
        head=side,
        environment="dev",
        verdict=Verdict.PASS,
        data=(DataRow(path="w", change="changed", columns=columns),),
    )
    for report, limit in ((whole, 300_000), (wide, 100_000)):
        cut = bound_report(report, limit=limit)
        assert len(report_json(cut).encode()) <= limit
        assert parse_report(report_json(cut).encode(), file="r") == cut
    assert "2900 data paths are left out" in bound_report(whole, limit=300_000).notes[0]
    assert "2500 columns are left out" in bound_report(wide, limit=100_000).notes[0]
