"""`review.publisher: cml`: what the kit asks of the `cml` program, told by one that notes how it was called."""

import json
import stat
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.integration.desk import KIT, POLICY, TOKEN, Desk, git
from tests.integration.test_comment import desk

__all__ = ["desk"]
URL = "https://github.com/acme/churn/pull/7#issuecomment-42"
PROGRAM = """\
#!/usr/bin/env python3
import json, os, pathlib, sys
note = {{"words": sys.argv[1:], "text": pathlib.Path(sys.argv[-1]).read_text(), "environment": dict(os.environ)}}
pathlib.Path({note!r}).write_text(json.dumps(note))
print({out!r})
print({err!r}, file=sys.stderr)
sys.exit({code})
"""


@pytest.fixture
def cml_desk(desk: Desk) -> Desk:
    """A desk whose base says that CML posts."""
    (desk.folder / "mlops.yaml").write_text(f"{POLICY}review: {{publisher: cml}}\n")
    git(desk.folder, "commit", "--quiet", "--all", "-m", "cml")
    base = git(desk.folder, "rev-parse", "HEAD")
    desk.github.add_pull_request(7, head=desk.head, base=base)
    return Desk(folder=desk.folder, github=desk.github, base=base, head=desk.head, variables=desk.variables)


def install(folder: Path, *, out: str = URL, err: str = "", code: int = 0) -> str:
    """Put a `cml` on PATH; the PATH."""
    place = folder.parent / "bin"
    place.mkdir()
    program = place / "cml"
    program.write_text(PROGRAM.format(note=str(folder.parent / "note.json"), out=out, err=err, code=code))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(place)


def call(desk: Desk, *words: str, **variables: str) -> ExitCode:
    return desk.comment("--pull-request", "7", *words, **variables)


def test_cml_gets_the_report_and_the_token_through_the_environment(
    cml_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    cml_desk.write_report(0.85)
    path = install(cml_desk.folder)

    assert call(cml_desk, PATH=f"{path}:{cml_desk.variables['PATH']}") is ExitCode.DONE

    note = json.loads((cml_desk.folder.parent / "note.json").read_text())
    *words, file = note["words"]
    assert words == [
        "comment",
        "update",
        "--driver=github",
        "--repo=https://github.com/acme/churn",
        "--target=pr/7",
        "--watermark-title=mlops-kit-report",
        "--publish=false",
    ]
    assert not Path(file).exists()
    assert note["environment"]["REPO_TOKEN"] == TOKEN
    assert not any(TOKEN in word for word in note["words"])
    assert note["environment"]["GIT_CONFIG_GLOBAL"].startswith(str(Path(file).parent))
    assert note["text"].startswith("### ✅ Ready for dev: its gate passes")
    assert capsys.readouterr().out == f"updated {URL}\n"


def test_the_kit_posts_nothing_itself_and_still_sets_the_check(cml_desk: Desk) -> None:
    cml_desk.write_report(0.5)
    path = install(cml_desk.folder)

    assert call(cml_desk, PATH=f"{path}:{cml_desk.variables['PATH']}") is ExitCode.REFUSED

    assert cml_desk.github.bodies(author=KIT) == []
    assert cml_desk.github.checks() == [(cml_desk.head, "mlops-kit", "failure")]
    assert [run["details_url"] for run in cml_desk.github.check_runs.values()] == [URL]


def test_without_the_program_the_error_says_what_to_do(cml_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    cml_desk.write_report(0.85)

    assert call(cml_desk) is ExitCode.INPUT

    told = capsys.readouterr().err
    assert "review.publisher is cml, and there is no program cml on PATH" in told
    assert "npm install --global @dvcorg/cml" in told
    assert cml_desk.github.bodies(author=KIT) == []


def test_where_cml_fails_its_last_words_are_told_without_the_token(
    cml_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    cml_desk.write_report(0.85)
    path = install(cml_desk.folder, err=f"debug\nerror: Bad credentials {TOKEN}", code=1)

    assert call(cml_desk, PATH=f"{path}:{cml_desk.variables['PATH']}") is ExitCode.OUTSIDE

    told = capsys.readouterr().err
    assert "cml exit 1: error: Bad credentials ***" in told
    assert TOKEN not in told


def test_a_pull_request_cannot_choose_the_publisher(desk: Desk, github: FakeGitHub) -> None:
    (desk.folder / "mlops.yaml").write_text(f"{POLICY}review: {{publisher: cml}}\n")
    desk.write_report(0.85)

    assert desk.comment() is ExitCode.DONE
    assert len(github.bodies(author=KIT)) == 1
