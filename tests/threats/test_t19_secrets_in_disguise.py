"""T19: a secret is hidden also where something wrote it in base64 or percent-encoded it, as URLs and headers do."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from mlops_kit.core.pipeline.masking import MASKED, Mask, secret_values
from tests.faults.canary import SECRET, Canary, disguises
from tests.integration.desk import TOKEN, Desk

ODD = "p@ss word/with+signs=é"
WRITERS = (base64.b64encode, base64.urlsafe_b64encode)
VARIABLES = {"DB_PASSWORD": ODD, "API_TOKEN": "canary-one-1234", "GITHUB_TOKEN": SECRET}


def encoded(secret: str) -> list[str]:
    """Percent-encoded, and in base64 by itself and amid something else, as an `Authorization` header has it."""
    whole = [
        f"{before}{secret}{after}".encode() for before in ("", "a:", "ab:", "x-access-token:") for after in ("", "z")
    ]
    return [quote(secret, safe=""), *(write(data).decode() for data in whole for write in WRITERS)]


@pytest.mark.parametrize("secret", VARIABLES.values())
def test_t19_a_masked_text_has_no_form_of_a_secret(secret: str) -> None:
    mask = Mask(secret_values(VARIABLES))

    for form in (secret, *encoded(secret)):
        hidden = mask.hide(f"before {form} after")
        assert MASKED in hidden, form
        assert [kept for kept in disguises(secret) if kept in hidden] == []


def test_t19_what_is_no_secret_stays() -> None:
    text = "accuracy 0.93 is dG8gYmUgb3Igbm90, %20 and /models/one+two="

    assert Mask(secret_values(VARIABLES)).hide(text) == text


@pytest.mark.parametrize("form", disguises(SECRET))
def test_t19_a_disguised_leak_would_be_found(tmp_path: Path, form: str) -> None:
    watched = Canary(folder=tmp_path)
    assert watched.find() == []

    (tmp_path / "left.log").write_text(f"header: {form}\n")

    assert len(watched.find()) == 1


def test_t19_no_form_of_the_token_is_in_what_a_comment_leaves(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.85)
    desk.comment()
    desk.github.accounts.clear()
    desk.comment()

    printed = capsys.readouterr()
    left = [path.read_text() for path in desk.folder.parent.iterdir() if path.is_file()]
    text = "".join([printed.out, printed.err, *left, *desk.bodies(), repr(desk.github.log)])
    assert [form for form in disguises(TOKEN) if form in text] == []


def test_t19_no_token_is_a_word_of_a_command_line(desk: Desk, tmp_path: Path) -> None:
    """A `git` of ours notes what it is called with, in front of the real one."""
    real, noted = "/usr/bin/git", tmp_path / "called"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {noted}\nexec {real} "$@"\n')
    program.chmod(0o755)
    desk.write_report(0.85)

    desk.comment(PATH=f"{program.parent}:{desk.variables['PATH']}")

    called = noted.read_text()
    assert "rev-parse" in called or "cat-file" in called
    assert [form for form in disguises(TOKEN) if form in called] == []
