"""What a comment says of its pictures, and which images are believed."""

import hashlib

import pytest

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.review.pictures import Album, check_image, parse_album, picture_name, under_album
from mlops_kit.core.review.plots import Image
from mlops_kit.core.types import CommitSha

MARKER = "<!-- mlops-kit:report:v1 id=report run=5 attempt=1 head=" + "a" * 40 + " -->"
ALBUM = Album(commit=CommitSha("c" * 40), names=("0" * 16 + ".png", "1" * 16 + ".svg"))
HEADS = {
    "png": b"\x89PNG\r\n\x1a\n....",
    "jpg": b"\xff\xd8\xff....",
    "gif": b"GIF89a....",
    "webp": b"RIFF1234WEBP....",
}


def image(data: bytes, ending: str) -> Image:
    return Image(side="head", file=f"{hashlib.sha256(data).hexdigest()}.{ending}")


def test_the_line_below_the_marker_is_read_back() -> None:
    assert parse_album(f"{MARKER}\n{under_album(ALBUM, 'text')}") == ALBUM


def test_a_comment_without_pictures_shows_no_album() -> None:
    assert parse_album(f"{MARKER}\n{under_album(None, 'text')}") is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        f"{ALBUM}",
        f"{MARKER}\n\n{ALBUM}",
        f"{MARKER}\ntext\n{ALBUM}",
        f"{MARKER}\n {ALBUM}",
        f"{MARKER}\n{ALBUM}".replace("c" * 40, "c" * 39),
        f"{MARKER}\n{ALBUM}".replace(".svg", ".yml"),
        f"{MARKER}\n{ALBUM}".replace("1" * 16, "../etc"),
        f"{MARKER}\n{ALBUM}".replace(".png,", ".png,,"),
    ],
)
def test_an_album_anywhere_else_or_of_anything_else_means_nothing(body: str) -> None:
    assert parse_album(body) is None


def test_a_name_tells_the_content() -> None:
    assert picture_name(b"<svg/>", "svg") == hashlib.sha256(b"<svg/>").hexdigest()[:16] + ".svg"
    assert picture_name(b"<svg/>", "svg") != picture_name(b"<svg />", "svg")


@pytest.mark.parametrize("ending", HEADS)
def test_an_image_of_each_kind_is_believed(ending: str) -> None:
    check_image(image(HEADS[ending], ending), HEADS[ending])


@pytest.mark.parametrize("ending", HEADS)
@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"<html>", b"MZ", b"GIF88a"])
def test_what_is_no_image_of_its_kind_is_refused(ending: str, data: bytes) -> None:
    with pytest.raises(IntegrityError):
        check_image(image(data, ending), data)


def test_an_image_of_another_kind_than_its_name_is_refused() -> None:
    with pytest.raises(IntegrityError):
        check_image(image(HEADS["png"], "gif"), HEADS["png"])


def test_other_bytes_than_the_name_tells_are_refused() -> None:
    with pytest.raises(IntegrityError):
        check_image(image(HEADS["png"], "png"), HEADS["png"] + b".")
