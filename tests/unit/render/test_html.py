"""The report as one HTML file: the comment's content, escaped, and nothing that runs or loads."""

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlops_kit
from mlops_kit.commands.page import embed_pictures
from mlops_kit.core.errors import InputError
from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.html import render_html
from mlops_kit.core.render.mermaid import Mark, Node
from mlops_kit.core.render.stage_graph import BOX_HEIGHT, BOX_WIDTH, draw_graph, render_drawing
from mlops_kit.core.review.images import image_file
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow
from mlops_kit.core.review.report import Section
from tests.sample_report import sample_report

TEMPLATE = (Path(mlops_kit.__file__).parent / "templates" / "report.html.jinja").read_text("utf-8")
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=y>{{ 7*7 }}{% raw %}&amp;`|"


class Reader(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def render(suffix: str = "", pictures: Mapping[str, str] | None = None) -> str:
    return render_html(sample_report(suffix), Occasion(), pictures or {}, TEMPLATE)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render() == render()


def test_every_part_of_the_report_is_on_the_page() -> None:
    text = "".join(read(render()).texts)
    for expected in (
        "Not ready for staging", "edits mlops.yaml", "is not committed", "accuracy min 0.9", "not evaluable",
        "data/test.csv", "metric.1", "direction assumed", "metric.17", "Loss", "1 plot did not change",
        "skips dev", "no answer", "p11", "0.977 KiB → 118 MiB", "int64", "churn", "new bytes", "train@1",
        "20.0 s CPU, 1 GiB, GPU 32 GiB", "Stage graph", "base has no mlops.yaml", "Notes of the team", "Heading",
        "sweep-1", "3 more; best first by f1",
    ):  # fmt: skip
        assert expected in text, expected
    assert "flowchart" not in text


def test_a_hostile_report_makes_no_tag_that_a_harmless_one_does_not() -> None:
    harmless, hostile = ([tag for tag in read(page).tags if tag[0] != "wbr"] for page in (render(), render(HOSTILE)))
    assert [tag for tag, _ in hostile] == [tag for tag, _ in harmless]
    assert not any(tag in {"script", "iframe", "object", "link", "img"} for tag, _ in hostile)
    assert {name for _, attributes in hostile for name in attributes if name.startswith("on")} == set()
    assert "{{ 7*7 }}{% raw %}" in "".join(read(render(HOSTILE)).texts)


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = render(
        " https://evil.test/x.png", {"plots/loss.csv https://evil.test/x.png": "data:image/svg+xml;base64,AA=="}
    )
    named = [
        value for _, attributes in read(page).tags for name, value in attributes.items() if name in {"src", "href"}
    ]
    assert named == ["data:image/svg+xml;base64,AA=="]
    assert "default-src 'none'" in page


@settings(deadline=None, max_examples=40)
@given(st.text(min_size=1, max_size=80))
def test_a_foreign_text_stands_on_the_page_as_it_is(text: str) -> None:
    report = sample_report(text)
    shown = "".join(read(render_html(report, Occasion(), {}, TEMPLATE)).texts)
    assert clean(report.models[0].name) in shown


def test_markdown_of_the_team_runs_and_loads_nothing() -> None:
    prose = "<b onclick=x>b</b> ![p](https://evil.test/p.png) [a](javascript:alert(1)) [b](https://ok.test)"
    report = sample_report()
    with_prose = type(report)(**{**vars(report), "sections": (Section(title="ours", text=prose),)})
    tags = [tag for tag in read(render_html(with_prose, Occasion(), {}, TEMPLATE)).tags if tag[0] in {"b", "img", "a"}]
    assert tags == []


def node(name: str, *after: str) -> Node:
    return Node(name=name, mark=Mark.CHANGED, after=after)


def test_a_stage_stands_right_of_what_it_reads_from() -> None:
    drawing = draw_graph([node("a"), node("b", "a"), node("c", "a", "b"), node("alone")])
    at = {box.name: box for box in drawing.boxes}
    assert at["a"].x < at["b"].x < at["c"].x
    assert len(drawing.lines) == 3
    assert all(box.x + BOX_WIDTH <= drawing.width and box.y + BOX_HEIGHT <= drawing.height for box in drawing.boxes)
    places = [(box.x, box.y) for box in drawing.boxes]
    assert len(set(places)) == len(places)


def test_a_circle_and_a_graph_of_one_are_drawn_without_end() -> None:
    assert len(draw_graph([node("a", "b"), node("b", "a")]).boxes) == 2
    assert render_drawing(draw_graph([node("a")])) == ""


def test_a_graph_of_many_stages_says_how_many_are_left_out() -> None:
    chain = [node("s0"), *(Node(name=f"s{n}", after=(f"s{n - 1}",)) for n in range(1, 2000))]
    drawing = draw_graph(chain)
    assert (len(drawing.boxes), drawing.left_out) == (60, 1940)


def test_a_name_in_a_drawing_is_text() -> None:
    shown = render_drawing(draw_graph([node("a</text><script>"), node("b", "a</text><script>")]))
    assert "<script>" not in shown
    assert "a&lt;/text&gt;&lt;script&gt;" in shown


FILES = {image_file(data): data for data in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")}
PNG, JPG = FILES
PICTURE = PlotRow(
    path="p", title="", kind=PlotKind.IMAGE, change="changed",
    images=(Image(side="base", file=PNG), Image(side="head", file=JPG)),
)  # fmt: skip


def test_images_become_part_of_the_page() -> None:
    found = embed_pictures([PICTURE], draw=lambda _: "", read_image=lambda image: FILES[image.file])
    assert found == {"p@base": "data:image/png;base64,iVBORw0KGgo=", "p": "data:image/jpeg;base64,/9j/"}


def test_bytes_that_are_not_the_image_of_that_name_are_not_shown() -> None:
    assert embed_pictures([PICTURE], draw=lambda _: "", read_image=lambda _: b"<script>") == {}


def test_a_picture_that_cannot_be_had_leaves_the_plot_its_numbers() -> None:
    def read_image(_: Image) -> bytes:
        raise InputError("gone")

    assert embed_pictures([PICTURE], draw=lambda _: "", read_image=read_image) == {}


@pytest.mark.parametrize("kind", [PlotKind.LINEAR, PlotKind.CONFUSION])
def test_a_plot_is_drawn_once_as_an_svg(kind: PlotKind) -> None:
    plot = next(plot for plot in sample_report().plots if plot.kind is kind)
    found = embed_pictures([plot], draw=lambda _: "<svg/>", read_image=lambda _: b"")
    assert found == {plot.path: "data:image/svg+xml;base64,PHN2Zy8+"}
