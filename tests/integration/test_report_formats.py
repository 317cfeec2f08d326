"""`mlops-kit report`: one report in several formats, made now or taken from a file."""

import base64
import json
from pathlib import Path

import pytest

from tests.browser import measure
from tests.integration.dvc_project import Project, make_project
from tests.integration.test_report import call

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LOSS = "step,loss\n0,1\n1,0.5\n2,{}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A metric, a line and an image that differ between the last commit and the work tree."""
    pipeline = "stages: {t: {cmd: 'true', metrics: [m.json: {cache: false}]}}\nplots: [loss.csv, roc.png]\n"
    made = make_project(
        tmp_path / "p",
        {"dvc.yaml": pipeline, "m.json": '{"acc": 0.9}', "loss.csv": LOSS.format("0.3")},
        site=tmp_path / "site",
    )
    (made.root / "roc.png").write_bytes(PNG)
    made.commit()
    (made.root / "roc.png").write_bytes(PNG + b"1")
    made.write({"m.json": '{"acc": 0.8}', "loss.csv": LOSS.format("0.2")})
    return made


def test_a_page_holds_the_plots_and_the_images_of_both_sides(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    call(project, "--base", "HEAD", "--format", "html", "--output", str(page))
    found = measure(page, tmp_path, width=800)
    assert (found.scroll_width, found.outside, found.scripts) == (800, (), 0)
    assert sorted(found.images)[:2] == [1, 1]
    assert len(found.images) == 3
    assert sorted(found.images)[2] > 300
    assert "-0.1 (-11.1 %)" in found.text


def test_a_report_from_a_file_is_shown_as_if_it_were_made_now(project: Project, tmp_path: Path) -> None:
    (project.root / "report.json").write_text(
        call(project, "--base", "HEAD", "--format", "json", "--pictures", str(project.root / "pictures")), "utf-8"
    )
    for style in ("text", "markdown", "json", "html"):
        taken = call(project, "--from", "report.json", "--pictures", "pictures", "--format", style)
        assert taken == call(project, "--base", "HEAD", "--format", style, "--pictures", str(tmp_path / "p2"))


def test_a_report_from_a_file_without_its_images_shows_the_rest(project: Project) -> None:
    text = call(project, "--base", "HEAD", "--format", "json", "--pictures", str(project.root / "pictures"))
    (project.root / "report.json").write_text(text, "utf-8")
    page = call(project, "--from", "report.json", "--format", "html")
    assert page.count("data:image/svg+xml") == 1
    assert "data:image/png" not in page


def test_a_file_that_is_no_report_is_named(project: Project) -> None:
    (project.root / "report.json").write_text(json.dumps({"version": 2}), "utf-8")
    call(project, "--from", "report.json", code=2)
    call(project, "--from", "none.json", code=2)
    call(project, "HEAD", "--from", "report.json", code=2)
