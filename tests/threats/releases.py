"""A clone of this repository as it lies here, with a version that can be released."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parents[2]
VERSION = "7.6.5"
TAG = f"v{VERSION}"


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_releasable(folder: Path) -> Path:
    """Every file that git would keep of this work tree, in a repository of one commit on main, tagged."""
    listed = git(KIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (KIT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(KIT / name, folder / name)
    edit(folder / "mlops_kit/__init__.py", r'__version__ = "[^"]+"', f'__version__ = "{VERSION}"')
    edit(folder / "CHANGELOG.md", r"^## Unreleased$", f"## Unreleased\n\n## {VERSION} - 2026-12-01\n\nIt is there.\n")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    git(folder, "tag", TAG)
    return folder


def commit(folder: Path) -> str:
    """Commit everything, to main here and on the remote."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "release")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return git(folder, "rev-parse", "HEAD")


def edit(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, lambda _: text, path.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1, f"{path} has no {pattern}"
    path.write_text(changed)


def release(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a release as the workflow does."""
    return subprocess.run(
        [sys.executable, "bin/release.py", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
