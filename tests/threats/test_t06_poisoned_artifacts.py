"""T6: what another job left is data: a plain, small file of the pull request that GitHub names, or no post."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow
from mlops_kit.core.review.report import parse_report, report_json
from tests.integration.desk import Desk

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
FILE = f"{hashlib.sha256(PNG).hexdigest()}.png"
ELSEWHERE = ["../x.png", "../../etc/passwd", "/etc/passwd", "a/../../x.png", "x\\..\\y.png"]


def link(report: Path) -> None:
    outside = report.parent.parent / "secret.json"
    report.rename(outside)
    report.symlink_to(outside)


def sparse(report: Path) -> None:
    """Two GiB that take no room."""
    os.truncate(report, 2 * 1024**3)


def other_commit(report: Path) -> None:
    document = json.loads(report.read_text())
    document["head"]["commit"] = "e" * 40
    report.write_text(json.dumps(document))


POISONS = [link, sparse, other_commit]


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.__name__)
def test_t06_a_poisoned_report_is_an_integrity_error_and_no_comment(desk: Desk, poison: Callable[[Path], None]) -> None:
    poison(desk.write_report(0.85))

    assert desk.comment() is ExitCode.INTEGRITY
    assert (desk.github.writes(), desk.github.comments) == ([], {})


def test_t06_a_report_posts_nothing_on_a_pull_request_that_it_names_itself(desk: Desk) -> None:
    path = desk.write_report(0.85)
    desk.github.add_pull_request(8, head=desk.head, base=desk.base)
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "number": 8, "pull_request": 8}))

    assert desk.comment() is ExitCode.INPUT
    assert (desk.github.writes(), desk.github.comments) == ([], {})


@pytest.mark.parametrize("name", ELSEWHERE)
def test_t06_an_image_whose_name_leads_elsewhere_is_refused(desk: Desk, name: str) -> None:
    with_image(desk, name)
    (desk.folder / "x.png").write_bytes(PNG)

    assert desk.comment("--pictures", "pictures") is ExitCode.INPUT
    assert (desk.github.writes(), desk.github.comments) == ([], {})


def test_t06_an_image_named_by_its_bytes_is_posted(desk: Desk) -> None:
    with_image(desk, FILE)

    assert desk.comment("--pictures", "pictures") is ExitCode.DONE


def with_image(desk: Desk, name: str) -> None:
    """A report with an image, under this name, and the image beside it under its own."""
    path = desk.write_report(0.85)
    image = PlotRow(path="x.png", title="x", kind=PlotKind.IMAGE, change="new", images=(Image(side="head", file=FILE),))
    report = parse_report(path.read_bytes(), file="report.json")
    text = report_json(replace(report, plots=(image,)))
    path.write_text(text.replace(json.dumps(FILE), json.dumps(name)))
    (desk.folder / "pictures").mkdir()
    (desk.folder / "pictures" / FILE).write_bytes(PNG)
