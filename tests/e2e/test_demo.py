"""The demo for real, as a newcomer runs it: an empty HOME, no settings of git, nothing but Python and git on PATH."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = """\
a second run runs nothing
and leaves the work tree as it is
the same bytes are live in all three
the loss went down
every gate passes
dev runs the very bytes that were reviewed
production refuses what never ran in staging
and keeps what it runs
production follows
the report says no
dev keeps the good version
after the revert dev is in sync
status finds production out of sync
the alias is back where the log says
nothing needs to be registered: the bytes are known
the first version is live again
the log calls it a rollback
no column moved by more than chance
so nothing is trained, and nothing proposed
the data drifted
one branch has the retrained model
and nothing is deployed before somebody merges
the merge promotes it
the same data is not trained on twice
a repeated reconcile writes nothing
every environment is in sync
"""
LOG = """\
dev/000001 bootstrap
dev/000002 promote
dev/000003 promote
production/000001 bootstrap
production/000002 promote
production/000003 rollback
staging/000001 bootstrap
staging/000002 promote
"""


@dataclass(frozen=True, kw_only=True)
class Played:
    """A finished demo: where it played, and how it ended."""

    folder: Path
    home: Path
    done: subprocess.CompletedProcess[str]


def clean_environment(home: Path) -> dict[str, str]:
    """What a person has who set nothing; MLflow may have set its address in the environment of this process."""
    git = shutil.which("git")
    assert git is not None
    return {"HOME": str(home), "PATH": f"{Path(git).parent}{os.pathsep}/bin"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    place = tmp_path_factory.mktemp("demo")
    home = place / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "mlops_kit", "demo", "--dir", "played"],
        cwd=place,
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return Played(folder=place / "played", home=home, done=done)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True).stdout


def test_the_demo_ends_well_and_every_claim_holds(played: Played) -> None:
    assert played.done.returncode == 0, played.done.stderr
    claims = re.findall(r"^✓ (.*)$", played.done.stdout, re.MULTILINE)
    assert claims == CLAIMS.splitlines()
    assert f"{len(claims)} claims, each checked" in played.done.stdout


def test_the_log_in_the_origin_tells_the_story(played: Played) -> None:
    origin = played.folder / "origin.git"
    tags = git(origin, "for-each-ref", "--format=%(refname:lstrip=4) %(contents)", "refs/tags/mlops").splitlines()
    lines = [line.partition(" ") for line in tags if line]
    notes = [line for line in lines if "/note/" in line[0]]
    assert "".join(f"{name} {json.loads(text)['kind']}\n" for name, _, text in lines if "/note/" not in name) == LOG
    assert [json.loads(text)["kind"] for _, _, text in notes] == ["alarm", "proposed", "healed"]


def test_rolling_back_needs_no_third_version(played: Played) -> None:
    origin = played.folder / "origin.git"
    text = git(origin, "tag", "--list", "--format=%(contents)", "mlops/*/production/*")
    entries = [json.loads(line) for line in text.splitlines() if line]
    first, second, third = (entry["digest"] for entry in entries if "digest" in entry)
    assert first == third != second


def test_the_folder_can_be_used_afterwards(played: Played) -> None:
    work = played.folder / "work"
    assert git(work, "status", "--porcelain") == ""
    words = [sys.executable, "-m", "mlops_kit", "status", "--check"]
    environment = clean_environment(played.home)
    done = subprocess.run(words, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_demo_leaves_no_settings_at_home(played: Played) -> None:
    assert not [path for path in played.home.rglob("*git*") if path.is_file()]
