"""Drawings as vl-convert makes them: the same each time, bounded, with nothing in them that runs or is loaded."""

import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.adapters.vega import SVG_LIMIT, draw_plot, rasterize_svg
from mlops_kit.core.errors import InputError
from mlops_kit.core.render.vega import plot_spec
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.plots import POINT_LIMIT, Pair, PlotKind, PlotRow, Series, SideName

SIDES: tuple[SideName, ...] = ("base", "head")
CURVES = tuple(
    Series(side=side, points=tuple((x, math.exp(-x / 30) + (side == "head") / 5) for x in range(90))) for side in SIDES
)
MATRICES = tuple(
    Series(side=side, pairs=tuple(Pair(x=x, y=y, count=9) for x in "abc" for y in "abc")) for side in SIDES
)
BARS = tuple(Series(side=side, points=((1, "age"), (2.5, "height"))) for side in SIDES)
NAMED = tuple(Series(side=side, name=name, points=((0, 1), (1, 2))) for name in ("one", "two") for side in SIDES)
CLASSES = tuple(Series(side=side, points=(("cat", 1), ("dog", 2), ("cat", 3))) for side in SIDES)
KINDS = {
    PlotKind.LINEAR: CURVES,
    PlotKind.SIMPLE: NAMED,
    PlotKind.SMOOTH: CURVES,
    PlotKind.SCATTER: CLASSES,
    PlotKind.CONFUSION: MATRICES,
    PlotKind.CONFUSION_NORMALIZED: MATRICES,
    PlotKind.BAR: BARS,
}


def plot(kind: PlotKind, series: tuple[Series, ...], **texts: str) -> PlotRow:
    known: dict[str, Any] = {"path": "a.csv", "title": "A title", "x": "step", "y": "loss"}
    return PlotRow(kind=kind, change="changed", series=series, **{**known, **texts})


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def texts_of(svg: str) -> list[str]:
    return ["".join(found.itertext()) for found in parse(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_with_its_words(kind: PlotKind) -> None:
    shown = texts_of(draw_plot(plot(kind, KINDS[kind])))
    assert {"A title", "base", "head", "step", "loss"} <= set(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_row_gives_the_same_bytes(kind: PlotKind) -> None:
    row = plot(kind, KINDS[kind])
    first = draw_plot(row)
    draw_plot(plot(PlotKind.LINEAR, CURVES))
    assert draw_plot(row) == first


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "from mlops_kit.adapters.vega import draw_plot; from tests.integration.test_vega import *; "
        "import sys; sys.stdout.write(draw_plot(plot(PlotKind.SMOOTH, CURVES)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == draw_plot(plot(PlotKind.SMOOTH, CURVES))


def test_base_is_grey_and_dashed_below_head_in_colour() -> None:
    svg = draw_plot(plot(PlotKind.LINEAR, CURVES))
    marks = svg[svg.index("layer_0_marks") :]
    lines = re.findall(r'<path [^>]*stroke="(#\w+)" stroke-width="2" stroke-dasharray="([\d,]+)"', marks)
    assert lines[:2] == [("#8a8a8a", "6,4"), ("#0072b2", "1,0")]


def test_a_side_that_is_missing_is_not_in_the_legend() -> None:
    assert "base" not in texts_of(draw_plot(plot(PlotKind.LINEAR, CURVES[1:])))


def test_a_cloud_of_many_points_is_bounded() -> None:
    points: tuple[tuple[Cell, Cell], ...] = tuple((math.sin(x) * x, math.cos(x) * x) for x in range(POINT_LIMIT))
    series = tuple(Series(side=side, name=f"n{name}", points=points) for name in range(10) for side in SIDES)
    svg = draw_plot(plot(PlotKind.SCATTER, series))
    assert len(svg.encode()) <= SVG_LIMIT
    assert svg.count("<path") > 500


HOSTILE = (
    "</text><script>alert(1)</script>",
    "datum['x']",
    "a.b[0].c",
    "\x00\x1b\ufffe\ud800",
    '"},"url":"file:///etc/passwd',
    "{{x}} ${x} &lt; &#0;",
    "https://example.org/x.png",
    "x" * 5_000,
    "\u202eabc",
    "=HYPERLINK(1)",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", KINDS)
def test_names_and_labels_stay_text(kind: PlotKind, text: str) -> None:
    series = tuple(_renamed(one, text) for one in KINDS[kind])
    row = plot(kind, series, path=text, title=text, x=text, y=text)
    allowed = {
        "svg",
        "g",
        "path",
        "text",
        "tspan",
        "rect",
        "line",
        "defs",
        "clipPath",
        "linearGradient",
        "stop",
        "title",
    }
    tree = parse(draw_plot(row))
    for found in tree.iter():
        assert found.tag.rpartition("}")[2] in allowed
        assert not [name for name in found.attrib if name.rpartition("}")[2] == "href" or name.startswith("on")]


def _renamed(series: Series, text: str) -> Series:
    pairs = tuple(Pair(x=text, y=f"{text}{number}", count=1) for number, _ in enumerate(series.pairs))
    points = tuple(
        (text, y) if isinstance(x, str) else (x, text if isinstance(y, str) else y) for x, y in series.points
    )
    return Series(side=series.side, name=text, points=points, pairs=pairs)


def strings(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            for key, part in value.items():
                yield str(key), part
                yield from strings(part)
        case list():
            for part in value:
                yield from strings(part)
        case _:
            return


@pytest.mark.parametrize("kind", KINDS)
def test_a_specification_has_no_expression_address_or_foreign_field(kind: PlotKind) -> None:
    spec = plot_spec(plot(kind, KINDS[kind]), most_points=100)
    parts = list(strings(json.loads(json.dumps(spec))))
    assert {key for key, _ in parts} & {
        "expr",
        "signal",
        "calculate",
        "filter",
        "url",
        "href",
        "test",
        "$schema",
    } == set()
    fields = {value for key, value in parts if key == "field" and isinstance(value, str)}
    assert fields <= {"x", "y", "side", "series", "bar", "jitter", "value", "text"}


CELLS = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.text(max_size=4) | st.none() | st.booleans()
POINTS = st.lists(st.tuples(CELLS, CELLS), max_size=12).map(tuple)
ROWS = st.tuples(st.sampled_from(sorted(KINDS)), POINTS, POINTS)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_whatever_a_report_can_hold_is_drawn_or_refused(
    given_row: tuple[PlotKind, tuple[tuple[Cell, Cell], ...], tuple[tuple[Cell, Cell], ...]],
) -> None:
    kind, base, head = given_row
    row = plot(kind, (Series(side="base", points=base), Series(side="head", points=head)))
    try:
        svg = draw_plot(row)
    except InputError:
        return
    parse(svg)


def test_an_image_is_not_drawn() -> None:
    with pytest.raises(InputError, match="no points to draw"):
        draw_plot(plot(PlotKind.IMAGE, ()))


def test_without_the_extra_the_error_says_how_to_install_it() -> None:
    code = (
        "import sys; sys.modules['vl_convert'] = None\n"
        "from mlops_kit.adapters.vega import rasterize_svg\n"
        "from mlops_kit.core.errors import InputError\n"
        "try: rasterize_svg(b'<svg/>')\n"
        "except InputError as error: print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "pip install 'mlops-kit-gitops[plots]'\n"


def test_an_svg_becomes_pixels_or_says_why_not() -> None:
    svg = vl_convert.vegalite_to_svg({"data": {"values": [{"a": 1}]}, "mark": "point"})
    assert rasterize_svg(svg.encode()).startswith(b"\x89PNG")
    with pytest.raises(InputError):
        rasterize_svg(b"<svg")
    with pytest.raises(InputError):
        rasterize_svg(b"\xff")
