"""Plots as text: every mermaid line in the grammar that all versions take, everything foreign escaped, all bounded."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.render.budget import Budget, fit
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.markdown_plots import CHART_LIMIT, plot_blocks
from mlops_kit.core.render.sparkline import resample, sparkline
from mlops_kit.core.render.text import render_report_text
from mlops_kit.core.render.xychart import STEPS, plain_number, render_chart
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.plots import Image, Pair, PlotKind, PlotRow, Series, SideName
from mlops_kit.core.review.report import Report, Side

Points = tuple[tuple[Cell, Cell], ...]
Lines = tuple[tuple[int, float], ...]
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?"
LABEL = r'"(?:[\w ./@-]|#[0-9]+;)+"'
GRAMMAR = (
    re.compile(r"xychart-beta"),
    re.compile(rf"    x-axis {LABEL} {NUMBER} --> {NUMBER}"),
    re.compile(rf"    y-axis {LABEL} {NUMBER} --> {NUMBER}"),
    *[re.compile(rf"    line \[{NUMBER}(?:, {NUMBER}){{1,{STEPS - 1}}}\]")] * 2,
)
"""The lines of a chart in their order (mermaid, xychart.jison: numbers have no exponent, strings no quote)."""


def plot(base: Points = (), head: Points = (), **fields: object) -> PlotRow:
    series = tuple(Series(side=side, points=points) for side, points in _sides(base, head) if points)
    known = {"path": "a.csv", "title": "a.csv", "kind": PlotKind.LINEAR, "change": "changed", "x": "step", "y": "loss"}
    return PlotRow(series=series, **{**known, **fields})  # type: ignore[arg-type]


def _sides(base: Points, head: Points) -> tuple[tuple[SideName, Points], ...]:
    return ("base", base), ("head", head)


def report(*plots: PlotRow) -> Report:
    return Report(
        base=Side(name="main", commit="a" * 40),
        head=Side(name="change", commit="b" * 40),
        environment="dev",
        verdict=Verdict.PASS,
        plots=plots,
    )


def markdown(*plots: PlotRow, **pictures: str) -> str:
    return fit(list(plot_blocks(report(*plots), pictures)), Budget(limit=60_000))


BASE: Points = ((0, 1), (1, 0.5), (2, 0.25), (3, 0.2))
HEAD: Points = ((0, 0.9), (1, 0.4), (2, 0.2), (3, 0.1))


def test_a_changed_line_is_a_chart_a_sparkline_and_a_folded_table() -> None:
    assert (
        markdown(plot(BASE, HEAD, note="seen"))
        == """\
#### Plots

**a.csv** (changed)

```mermaid
xychart-beta
    x-axis "step" 0 --> 3
    y-axis "loss" 0.055 --> 1.045
    line [1, 0.5, 0.25, 0.2]
    line [0.9, 0.4, 0.2, 0.1]
```

<sub>Lines in their order: 1. <code>base</code>, 2. <code>head</code></sub>

<code>█▄▂▁</code> <code>base</code> 1 → 0.2<br>
<code>█▃▁▁</code> <code>head</code> 0.9 → 0.1

seen

<details><summary>Numbers</summary>

| line | points | first | last | lowest | highest |
|:--|--:|--:|--:|--:|--:|
| <code>base</code> | 4 | 1 | 0.2 | 0.2 | 1 |
| <code>head</code> | 4 | 0.9 | 0.1 | 0.1 | 0.9 |

</details>
"""
    )


def test_a_picture_stands_in_the_place_of_the_chart() -> None:
    text = markdown(plot(BASE, HEAD), **{"a.csv": "https://example.org/raw/a.svg"})
    assert "![a&#46;csv](https://example.org/raw/a.svg)" in text
    assert "mermaid" not in text
    assert "█" not in text
    assert "<details>" in text


def test_the_words_of_a_picture_are_text_without_tags() -> None:
    text = markdown(plot(BASE, HEAD, title="@team ](x) <b>"), **{"a.csv": "https://example.org/a.svg"})
    assert "![&#64;team &#93;&#40;x&#41; &#60;b&#62;](https://example.org/a.svg)" in text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://a/)![x](https://b", "https://a b", "", "/a.svg"])
def test_what_is_no_address_is_no_picture(address: str) -> None:
    text = markdown(plot(BASE, HEAD), **{"a.csv": address})
    assert "![" not in text
    assert "mermaid" in text


def test_images_of_both_sides_stand_side_by_side() -> None:
    found = tuple(Image(side=side, file=f"{'a' * 64}.png") for side, _ in _sides((), ()))
    row = plot(kind=PlotKind.IMAGE, images=found, path="roc.png", title="roc.png")
    text = markdown(row, **{"roc.png": "https://e/h.png", "roc.png@base": "https://e/b.png"})
    images = "| ![roc&#46;png&#44; base](https://e/b.png) | ![roc&#46;png&#44; head](https://e/h.png) |"
    assert f"| base | head |\n|:--|:--|\n{images}" in text
    assert "![" not in markdown(row)


def test_a_matrix_shows_its_counts_those_that_differ_first() -> None:
    sides = {"base": (("a", "a", 5), ("a", "b", 1)), "head": (("a", "a", 5), ("a", "b", 2), ("b", "b", 1))}
    series = tuple(
        Series(side=side, pairs=tuple(Pair(x=x, y=y, count=count) for x, y, count in found))  # type: ignore[arg-type]
        for side, found in sides.items()
    )
    row = PlotRow(
        path="c", title="c", kind=PlotKind.CONFUSION, change="changed", x="actual", y="predicted", series=series
    )
    rows = [line for line in markdown(row).splitlines() if line.startswith("|")]
    assert rows == [
        "| predicted | actual | base | head |",
        "|:--|:--|--:|--:|",
        "| <code>b</code> | <code>a</code> | 1 | 2 |",
        "| <code>b</code> | <code>b</code> | n/a | 1 |",
        "| <code>a</code> | <code>a</code> | 5 | 5 |",
    ]


def test_plots_that_did_not_change_are_counted() -> None:
    same = plot(change="", path="b.csv")
    assert markdown(same) == "1 plot did not change.\n"
    assert markdown(plot(BASE, HEAD), same, same).endswith("2 plots did not change.\n")
    assert markdown() == ""


def test_the_comment_has_few_charts_however_many_plots_changed() -> None:
    rows = [plot(BASE, HEAD, path=f"{number}.csv") for number in range(30)]
    assert markdown(*rows).count("```mermaid") == CHART_LIMIT
    assert len(render_report(report(*rows), limit=9_000)) <= 9_000


def check_grammar(text: str, lines: int) -> None:
    """Every line of a chart by itself."""
    written = text.split("\n")
    assert len(written) == 3 + lines
    for line, rule in zip(written, GRAMMAR, strict=False):
        assert rule.fullmatch(line), line


NAMES = st.text(max_size=30) | st.sampled_from(["end", "1st", "x-axis", '"', "--> 3", "`", "line [1]", "größe", "\n%%"])
VALUES = st.floats(allow_nan=True) | st.integers() | st.text(max_size=3) | st.none() | st.booleans()
PAIRS = st.lists(st.tuples(VALUES, VALUES), max_size=120).map(tuple)
SORTED = (
    st.lists(st.tuples(st.integers(-99, 99), st.integers(-9999, 9999).map(lambda value: value / 100)), max_size=120)
    .map(sorted)
    .map(tuple)
)


@given(PAIRS | SORTED, PAIRS | SORTED, NAMES, NAMES)
def test_every_chart_is_in_the_grammar(base: Points, head: Points, x: str, y: str) -> None:
    chart = render_chart(plot(base, head, x=x, y=y))
    if chart.text:
        check_grammar(chart.text, len(chart.lines))


@given(SORTED, SORTED)
def test_lines_that_share_a_part_of_x_are_drawn(base: Lines, head: Lines) -> None:
    chart = render_chart(plot(base, head))
    lines = [line for line in (base, head) if line]
    starts, ends = [line[0][0] for line in lines], [line[-1][0] for line in lines]
    together = bool(lines) and max(starts) < min(ends)
    assert bool(chart.text) is together
    if together:
        assert (chart.part is None) is (len(set(starts)) == len(set(ends)) == 1)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        (((0, 1), (1, 2)), ((5, 1), (6, 2))),
        (((0, 1),), ((0, 1),)),
        (((0, 1), (2, 1), (1, 1)), ((0, 1), (2, 1))),
        ((("a", 1), ("b", 2)), (("a", 1), ("b", 2))),
        (((0, 1e-300), (1, 1e300)), ((0, 1), (1, 1))),
    ],
)
def test_what_a_chart_cannot_show_has_none(base: Points, head: Points) -> None:
    assert render_chart(plot(base, head)).text == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (100.0, "100"),
        (1234567.0, "1234600"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (-2.5e-3, "-0.0025"),
        (1e13, None),
        (1e-10, None),
        (float("inf"), None),
    ],
)
def test_numbers_have_no_exponent(value: float, text: str | None) -> None:
    assert plain_number(value) == text


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=200))
def test_a_sparkline_is_one_bar_per_part(values: list[float]) -> None:
    low, high = min(values, default=0.0), max(values, default=0.0)
    bars = sparkline(values, low=low, high=high)
    assert len(bars) == min(len(values), 40)
    assert set(bars) <= set("▁▂▃▄▅▆▇█")


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert sparkline(range(8), low=0, high=7) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 3], low=3, high=3) == "▅▅"


def test_resampled_lines_run_between_their_points() -> None:
    assert resample([(0, 0), (1, 10), (3, 30)], start=0, end=3, count=4) == (0, 10, 20, 30)
    assert resample([(0, 0), (1, 5), (1, 9), (2, 9)], start=0, end=2, count=3) == (0, 9, 9)


HOSTILE = "</details>@team ![x](https://e) ```\n| <script> `a` [l](https://e) #1 \u202e"


def test_nothing_of_a_plot_becomes_markup() -> None:
    series = Series(side="head", name=HOSTILE, points=((0, 1), (1, 2)))
    pair = Series(side="head", name=HOSTILE, pairs=(Pair(x=HOSTILE, y=HOSTILE, count=1),))
    bar = Series(side="head", name=HOSTILE, points=((1, HOSTILE),))
    fields = {"title": HOSTILE, "path": HOSTILE, "x": HOSTILE, "y": HOSTILE, "note": HOSTILE, "change": "new"}
    rows = [
        PlotRow(**fields, kind=kind, series=(one,))  # type: ignore[arg-type]
        for kind, one in ((PlotKind.LINEAR, series), (PlotKind.CONFUSION, pair), (PlotKind.BAR, bar))
    ]
    text = markdown(*rows)
    prose = text.split("```")[0] + text.split("```")[2]
    for forbidden in ("@", "![", "<script", "](", "\u202e", "`a`"):
        assert forbidden not in prose, forbidden
    assert text.count("```") == 2
    assert text.count("</details>") == text.count("<details>") == 3
    plain = render_report_text(report(*rows))
    assert "\u202e" not in plain


def test_a_terminal_shows_a_sparkline_per_line() -> None:
    text = render_report_text(report(plot(BASE, HEAD), plot(change="", path="b.csv")))
    assert (
        """\
plots
  a.csv                  base  █▄▂▁  1 → 0.2    changed
                         head  █▃▁▁  0.9 → 0.1
  1 of 2 did not change
"""
        in text
    )
