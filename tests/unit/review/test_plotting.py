"""Comparing plots: what counts as a change, which points are read, and what is told of those that are not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from mlops_kit.core.pipeline.hashing import hash_bytes
from mlops_kit.core.pipeline.plot_options import parse_options
from mlops_kit.core.pipeline.plots import PlotDefinition
from mlops_kit.core.review.images import drawing_obstacle, image_file
from mlops_kit.core.review.plot_bounds import PLOTS_SIZE_LIMIT, bound_plots
from mlops_kit.core.review.plots import IMAGE_LIMIT, POINT_LIMIT, SERIES_LIMIT, Image, Pair, PlotKind, PlotRow, Series
from mlops_kit.core.review.plotting import PlotSide, Source, compare_plots

REPORT_IMAGE = TypeAdapter(Image)
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def side(files: Mapping[str, str | bytes], **options: object) -> PlotSide:
    """One side with a plot of each file, all with these options."""
    data = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return PlotSide(
        plots={path: PlotDefinition(name=path, path=path, options=parse_options(options)) for path in files},
        sources={path: Source(identity=str(hash_bytes(found)), data=found) for path, found in data.items()},
    )


def row(base: str | bytes, head: str | bytes, path: str = "a.csv", **options: object) -> PlotRow:
    """The row of one plot that both sides have."""
    (found,) = compare_plots(side({path: base}, **options), side({path: head}, **options))
    return found


def points(found: PlotRow) -> dict[tuple[str, str], tuple[tuple[object, object], ...]]:
    return {(one.side, one.name): one.points for one in found.series}


def test_a_changed_line_has_the_points_of_both_sides() -> None:
    assert row("s,loss\n1,0.5\n2,0.4\n", "s,loss\n1,0.5\n2,0.3\n", x="s", title="T") == PlotRow(
        path="a.csv",
        title="T",
        kind=PlotKind.LINEAR,
        change="changed",
        x="s",
        y="loss",
        series=(Series(side="base", points=((1, 0.5), (2, 0.4))), Series(side="head", points=((1, 0.5), (2, 0.3)))),
    )


@pytest.mark.parametrize("head", ["a\n1\n", "a\r\n1\r\n", "a\n1.0\n", "b,a\n9,1\n"])
def test_a_plot_that_shows_the_same_is_no_change_and_has_no_points(head: str) -> None:
    assert row("a\n1\n", head) == PlotRow(path="a.csv", title="a.csv", kind=PlotKind.LINEAR)


def test_a_plot_of_one_side_is_new_or_removed() -> None:
    there = side({"a.csv": "a\n1\n"})
    (new,), (removed,) = compare_plots(PlotSide(), there), compare_plots(there, PlotSide())
    assert (new.change, points(new)) == ("new", {("head", ""): ((0, 1),)})
    assert (removed.change, points(removed)) == ("removed", {("base", ""): ((0, 1),)})


def test_both_sides_are_read_as_head_declares_the_plot() -> None:
    base, head = side({"a.csv": "a,b\n1,2\n"}, y="a"), side({"a.csv": "a,b\n1,3\n"}, y="b")
    (found,) = compare_plots(base, head)
    assert (found.y, points(found)) == ("b", {("base", ""): ((0, 2),), ("head", ""): ((0, 3),)})


@pytest.mark.parametrize(
    ("head", "options", "note"),
    [
        ("a\nNaN\n2\n", {}, "head: 1 of 2 rows have no value that can be drawn in 'a', or none beside it"),
        ("a\n1e999\n2\n", {}, "head: 1 of 2 rows have no value that can be drawn in 'a', or none beside it"),
        ("a\ntext\nTrue\n1_000\n", {}, "head: 3 of 3 rows have no value that can be drawn in 'a', or none beside it"),
        ("a,b\n1\n2,3\n", {"y": "b"}, "base: a.csv has no column 'b'; head: a.csv: line 2 has 1 field"),
        ("a\n2\n", {"y": "nope"}, "base: a.csv has no column 'nope'; head: a.csv has no column 'nope'"),
        ("", {}, "head: a.csv: the file is empty"),
        ('a\n"1\n', {}, "head: a.csv:2: not CSV: unexpected end of data"),
        ("a\n2\n", {"template": "my_own"}, "its template 'my_own' is drawn as linear"),
        ("a\n2\n", {"title": "${item}"}, "options that DVC fills in by templates are not read"),
        ("a\n2\n", {"x": ["a", "a"], "y": ["a", "a", "a"]}, "base: it has other numbers of x and y columns"),
    ],
)
def test_what_cannot_be_drawn_is_told(head: str, options: dict[str, Any], note: str) -> None:
    found = row("a\n1\n", head, **options)
    assert found.change == "changed"
    assert found.note.startswith(note)


def test_an_axis_without_any_number_has_names() -> None:
    found = row("d,v\nmon,1\ntue,x\n", "d,v\nmon,2\ntue,3\n", x="d", y="v")
    assert points(found) == {("base", ""): (("mon", 1),), ("head", ""): (("mon", 2), ("tue", 3))}
    mixed = row("d,v\n1,1\ntue,2\n", "d,v\n1,2\n", x="d", y="v")
    assert points(mixed)[("base", "")] == ((1, 1),)


def test_json_values_of_mixed_types_are_drawn_where_they_are_numbers() -> None:
    values = [{"v": value} for value in (1, 2.5, "3", True, None, [1], {"a": 1}, "x", 10**400, 2**60)]
    found = row('[{"v": 0}]', json.dumps(values), "a.json")
    assert points(found)[("head", "")] == ((0, 1), (1, 2.5), (2, 3), (9, float(2**60)))


def test_a_matrix_counts_its_pairs() -> None:
    found = row("p,a\nx,y\n", "p,a\nx,y\nx,y\n1,\n1,1\n", template="confusion", x="a", y="p")
    assert [one.pairs for one in found.series] == [
        (Pair(x="y", y="x", count=1),),
        (Pair(x="", y="1", count=1), Pair(x="1", y="1", count=1), Pair(x="y", y="x", count=2)),
    ]


def test_a_matrix_of_more_pairs_than_there_is_room_keeps_the_largest() -> None:
    lines = [f"{number},x" for number in range(POINT_LIMIT + 5)] + ["often,x"] * 3
    found = row("a,p\n1,x\n", "a,p\n" + "\n".join(lines), template="confusion", x="a", y="p")
    pairs = found.series[1].pairs
    assert (len(pairs), max(pair.count for pair in pairs)) == (POINT_LIMIT, 3)
    assert found.note == "head: 6 pairs of classes with few rows are left out"


def test_sorted_bars_begin_with_the_longest() -> None:
    text = "v,n\n1,a\n3,b\n2,c\n"
    found = row("v,n\n1,a\n", text, template="bar_horizontal_sorted", x="v", y="n")
    assert points(found)[("head", "")] == ((3, "b"), (2, "c"), (1, "a"))
    plain = row("v,n\n1,a\n", text, template="bar_horizontal", x="v", y="n")
    assert points(plain)[("head", "")] == ((1, "a"), (3, "b"), (2, "c"))


def test_a_hundred_thousand_rows_are_thinned_and_it_is_said() -> None:
    text = "v\n" + "\n".join(str(number % 97) for number in range(100_000)) + "\n-5\n"
    found = row("v\n1\n", text)
    kept = points(found)[("head", "")]
    assert len(kept) <= POINT_LIMIT
    assert {(0, 0), (100_000, -5)} <= set(kept)
    assert found.note == f"head: {len(kept)} of 100,001 points are kept".replace("1000", "1,000")


def test_more_lines_than_there_is_room_for_are_counted() -> None:
    names = [f"c{number}" for number in range(15)]
    base, head = (",".join(names) + "\n" + ",".join([value] * 15) for value in "12")
    found = row(base, head, y=names)
    assert len(found.series) == SERIES_LIMIT
    assert found.note == "base: 5 of 15 lines are left out; head: 5 of 15 lines are left out"


def test_a_file_that_is_nowhere_is_no_change() -> None:
    missing = PlotSide(plots=side({"a.csv": ""}).plots, sources={"a.csv": Source(error="a.csv is not there")})
    assert compare_plots(missing, missing)[0].change == ""
    assert compare_plots(missing, side({"a.csv": "a\n1\n"}))[0].change == "new"


def test_files_whose_bytes_are_not_here_are_compared_by_their_digests() -> None:
    def known(digest: str) -> PlotSide:
        return PlotSide(plots=side({"a.csv": ""}).plots, sources={"a.csv": Source(identity=digest, error="not here")})

    assert compare_plots(known("md5:1"), known("md5:1"))[0].change == ""
    (found,) = compare_plots(known("md5:1"), known("md5:2"))
    assert (found.change, found.series, found.note) == ("changed", (), "base: not here; head: not here")


def test_images_are_named_by_their_bytes_and_what_they_are() -> None:
    found = row(PNG, PNG + b"2", "roc.jpg")
    assert [(image.side, image.file) for image in found.images] == [
        ("base", image_file(PNG)),
        ("head", image_file(PNG + b"2")),
    ]
    assert found.images[0].file.endswith(".png")
    assert found.kind is PlotKind.IMAGE


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"<html>", "head: no PNG, JPEG, GIF or WebP image, whatever its name says"),
        (PNG + b"x" * IMAGE_LIMIT, "head: an image of 2,097,166 bytes is too large to show"),
    ],
)
def test_an_image_that_is_not_shown_says_why(data: bytes, note: str) -> None:
    found = row(PNG, data, "a.png")
    assert [image.side for image in found.images] == ["base"]
    assert found.note == note


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10pt" height="20" viewBox="0 0 10 20">'


@pytest.mark.parametrize(
    ("data", "obstacle"),
    [
        (SVG + b'<use xlink:href="#a"/><image href="data:image/png;base64,AA"/><g fill="url(#b)"/></svg>', ""),
        (b'<svg viewBox="0,0,10,20"/>', ""),
        (b"text", "it is no SVG"),
        (SVG + b'<image href="file:///etc/passwd"/>', "it refers to other files or addresses"),
        (SVG + b"<image xlink:href='/etc/passwd'/>", "it refers to other files or addresses"),
        (SVG + b'<image HREF = "http://a/b.png"/>', "it refers to other files or addresses"),
        (SVG + b'<image href="&#102;ile:///etc/passwd"/>', "it refers to other files or addresses"),
        (SVG + b'<image href="data:image/svg+xml;base64,AA"/>', "it refers to other files or addresses"),
        (SVG + b'<g style="fill: url(http://a/b)"/>', "it refers to other files or addresses"),
        (SVG + b"<style>@import 'a.css';</style>", "it refers to other files or addresses"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG, "it refers to other files or addresses"),
        (b'<svg width="100000" height="10"/>', "it does not say that it has at most 4000 pixels on each side"),
        (b'<svg width="1e9" height="10"/>', "it does not say that it has at most 4000 pixels on each side"),
        (b'<svg width="100%" height="100%"/>', "it does not say that it has at most 4000 pixels on each side"),
        (b"<svg/>", "it does not say that it has at most 4000 pixels on each side"),
    ],
)
def test_only_a_drawing_that_stands_for_itself_becomes_pixels(data: bytes, obstacle: str) -> None:
    assert drawing_obstacle(data) == obstacle


def test_plots_that_are_too_large_lose_points_before_rows() -> None:
    line = tuple((x, x * 0.1234567) for x in range(POINT_LIMIT))
    rows = tuple(
        PlotRow(
            path=f"{number}.csv",
            title="t",
            kind=PlotKind.LINEAR,
            change="changed",
            series=(Series(side="base", points=line), Series(side="head", points=line)),
        )
        for number in range(30)
    )
    bound = bound_plots(rows)
    assert len(bound.rows) == 30
    assert {len(one.points) for found in bound.rows for one in found.series} == {60}
    assert bound.note == "plots were too large: at most 60 points of each line are kept"
    assert bound_plots(rows[:1]).rows == rows[:1]
    assert PLOTS_SIZE_LIMIT == 400_000


def test_plots_that_never_fit_keep_what_they_say() -> None:
    rows = tuple(
        PlotRow(path=f"{number}", title="t" * 200, kind=PlotKind.LINEAR, change="changed", note="n" * 500)
        for number in range(50)
    )
    bound = bound_plots(rows, limit=10_000)
    assert 0 < len(bound.rows) < 50
    assert bound.note == f"plots were too large: {50 - len(bound.rows)} are left out"


def test_an_image_row_holds_only_names_that_pictures_can_have() -> None:
    REPORT_IMAGE.validate_python({"side": "head", "file": image_file(PNG)})
    assert image_file(b"GIF89a...").endswith(".gif")
    assert image_file(b"RIFF\x00\x00\x00\x00WEBP").endswith(".webp")
    assert image_file(b"\xff\xd8\xff\xe0").endswith(".jpg")
    assert image_file(b"<svg/>") == ""
