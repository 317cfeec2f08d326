"""The HTML report in a headless browser: nothing sticks out at any width, and every picture loads."""

from pathlib import Path

import pytest

import mlops_kit
from mlops_kit.adapters.vega import draw_plot
from mlops_kit.commands.page import embed_pictures
from mlops_kit.core.render.html import render_html
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.plots import Image
from tests.browser import measure
from tests.sample_report import sample_report

TEMPLATE = (Path(mlops_kit.__file__).parent / "templates" / "report.html.jinja").read_text("utf-8")
WIDTHS = [360, 800, 1600]
SUFFIXES = {"plain": "", "long": "x" * 300, "hostile": "\"'><script>alert(1)</script><img src=x>"}


def read_image(_: Image) -> bytes:
    raise AssertionError


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("suffix", SUFFIXES.values(), ids=SUFFIXES.keys())
def test_nothing_sticks_out_and_every_picture_loads(tmp_path: Path, suffix: str, width: int) -> None:
    report = sample_report(suffix)
    pictures = embed_pictures(report.plots, draw=draw_plot, read_image=read_image)
    page = tmp_path / "report.html"
    page.write_text(render_html(report, Occasion(), pictures, TEMPLATE), "utf-8")
    found = measure(page, tmp_path, width=width)
    assert (found.width, found.scroll_width, found.outside) == (width, width, ())
    assert len(found.images) == len(pictures) == 2
    assert min(found.images) > 100
    assert found.scripts == 0


def test_a_page_that_does_stick_out_is_found(tmp_path: Path) -> None:
    page = tmp_path / "wide.html"
    page.write_text('<body><p style="width:900px">wide</p><img src="missing.png"></body>', "utf-8")
    found = measure(page, tmp_path, width=400)
    assert found.scroll_width > 400
    assert found.outside == ("P wide",)
    assert found.images == (0,)
