"""How differences of data are shown in the comment and on a terminal."""

import pytest

from mlops_kit.core.render.budget import Budget, fit
from mlops_kit.core.render.data_words import show_data_files, show_data_size, show_table_rows
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.markdown_data import data_blocks
from mlops_kit.core.render.text import render_report_text
from mlops_kit.core.review.data import ColumnRow, DataRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.report import Report, Side

TABLE = DataRow(
    path="a.csv",
    change="changed",
    old="md5:1",
    new="md5:2",
    old_bytes=1024,
    new_bytes=2048,
    old_files=1,
    new_files=1,
    old_rows=1000,
    new_rows=1234,
    columns=(ColumnRow(name="x", old="integer", new="text"), ColumnRow(name="y", new="number")),
)
FOLDER = DataRow(
    path="d",
    change="changed",
    old="md5:1.dir",
    new="md5:2.dir",
    old_bytes=10,
    new_bytes=10,
    old_files=4,
    new_files=5,
    added_files=2,
    removed_files=1,
    changed_files=0,
)
MOVED = DataRow(path="new.bin", change="changed", old="md5:3", new="md5:3", new_bytes=7, note="moved from o")
GONE = DataRow(path="gone", change="removed", old="md5:4", old_bytes=2_000_000, old_files=12)

MARKDOWN = """\
#### Data

| data | change | size | files | rows | |
|:--|:--|--:|--:|--:|:--|
| <code>a.csv</code> | changed | 1 KiB → 2 KiB (+1 KiB) |  | 1,000 → 1,234 (+234) |  |
| <code>d</code> | changed | 10 B | 5 (2 added, 1 removed) |  |  |
| <code>gone</code> | removed | 1.91 MiB → n/a | 12 → n/a |  |  |
| <code>new.bin</code> | moved | n/a → 7 B |  |  | moved from o |

<details><summary>2 columns of <code>a.csv</code> differ</summary>

| column | base | head |
|:--|:--|:--|
| <code>x</code> | <code>integer</code> | <code>text</code> |
| <code>y</code> | none | <code>number</code> |

</details>
"""

TEXT = """\
data
  a.csv    changed  1 KiB -> 2 KiB (+1 KiB)                                rows 1,000 -> 1,234 (+234)
    x      column   integer -> text
    y      column   none -> number
  d        changed  10 B                     files 5 (2 added, 1 removed)
  gone     removed  1.91 MiB -> n/a          files 12 -> n/a
  new.bin  moved    n/a -> 7 B                                                                         moved from o
"""


def report(*rows: DataRow) -> Report:
    side = Side(name="main", commit="a" * 40)
    return Report(base=side, head=side, environment="dev", verdict=Verdict.PASS, data=rows)


def test_what_changed_stands_in_one_table_and_columns_are_folded_below() -> None:
    found = report(TABLE, FOLDER, GONE, MOVED)
    assert fit(tuple(data_blocks(found)), Budget(limit=10_000)) == MARKDOWN
    assert MARKDOWN in render_report(found)


def test_a_terminal_shows_the_same_in_columns() -> None:
    assert TEXT in f"{render_report_text(report(TABLE, FOLDER, GONE, MOVED))}\n"


def test_without_changes_there_is_no_section() -> None:
    assert "data" not in render_report(report()).lower()
    assert "data" not in render_report_text(report())


HOSTILE = "<img src=x> @team #1 | `x` [a](http://b) \u202e\n</details>"


def test_nothing_of_a_stranger_s_is_markup() -> None:
    row = DataRow(
        path=HOSTILE, change="new", note=HOSTILE, columns=(ColumnRow(name=HOSTILE, old=HOSTILE, new=HOSTILE),)
    )
    shown = render_report(report(row))
    assert not any(part in shown for part in ("<img", "@team", "#1 ", "`x`", "](http", "\u202e"))
    assert shown.count("</details>") == 1
    assert "\u202e" not in render_report_text(report(row))


def test_a_wide_table_leaves_room_for_the_rest() -> None:
    columns = tuple(ColumnRow(name=f"column {number}", old="integer", new="text") for number in range(5000))
    wide = DataRow(path="wide.csv", change="changed", columns=columns)
    shown = render_report(report(wide, GONE), limit=4000)
    assert len(shown) <= 4000
    assert "<code>gone</code>" in shown
    assert "more columns" in shown


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [(None, None, ""), (5, 5, "5 B"), (5, 2, "5 B → 2 B (-3 B)"), (None, 0, "n/a → 0 B"), (0, None, "0 B → n/a")],
)
def test_sizes_are_shown_with_their_difference(old: int | None, new: int | None, shown: str) -> None:
    assert show_data_size(DataRow(path="a", change="changed", old_bytes=old, new_bytes=new)) == shown


def test_rows_that_are_only_known_of_one_side_have_no_difference() -> None:
    assert show_table_rows(DataRow(path="a", change="new", new_rows=0)) == "n/a → 0"


def test_a_single_file_needs_no_number_of_files() -> None:
    assert show_data_files(DataRow(path="a", change="changed", old_files=1, new_files=1)) == ""
    assert show_data_files(DataRow(path="a", change="changed", old_files=1, new_files=3)) == "1 → 3 (+2)"
