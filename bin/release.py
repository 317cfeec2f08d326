"""What a release is made of, checked and built: the same commands in the workflow, in the tests and by hand.

    bin/release.py check v0.1.0         the tag, its commit, the version and the changelog fit each other
    bin/release.py build v0.1.0 dist    wheel and source distribution, built twice, with SBOM, notes and checksums

Runs with an environment that has hatchling; builds from the commit alone, never from what lies in the work tree.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from sbom import render_sbom

TAG = re.compile(r"v(?P<version>\d+\.\d+\.\d+)")
MAIN = "origin/main"
VERSION = re.compile(r'^__version__ = "(?P<version>[^"]+)"$', re.MULTILINE)
SECTION = r"^## \[?{version}\]?[^\n]*\n(?P<text>.*?)(?=^## |\Z)"
BUILD_SECONDS = 600


def main(words: list[str]) -> None:
    """Carry out one command."""
    match words:
        case ["check", tag]:
            check_tag(Path.cwd(), tag)
            print(f"{tag} can be released")
        case ["build", tag, folder]:
            check_tag(Path.cwd(), tag)
            build(Path.cwd(), tag, Path(folder))
        case _:
            fail("use: bin/release.py check TAG, or build TAG FOLDER")


def check_tag(root: Path, tag: str) -> None:
    """End unless the tag is the version's, on main, and the changelog tells of it."""
    found = TAG.fullmatch(tag)
    if found is None:
        fail(f"{tag!r} is no version's tag: expected vX.Y.Z")
    version = found["version"]
    commit = git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}", check=False)
    if not commit:
        fail(f"there is no tag {tag}")
    written = VERSION.search(git(root, "show", f"{commit}:mlops_kit/__init__.py"))
    if written is None or written["version"] != version:
        fail(f"{tag} is on a commit whose version is {written['version'] if written else 'not known'}")
    if git(root, "merge-base", commit, MAIN, check=False) != commit:
        fail(f"{tag} is on commit {commit[:12]}, which is not on main")
    if not notes_of(git(root, "show", f"{commit}:CHANGELOG.md"), version).strip():
        fail(f"CHANGELOG.md says nothing under {version}")


def notes_of(changelog: str, version: str) -> str:
    """What the changelog says about a version; empty where it says nothing."""
    found = re.search(SECTION.format(version=re.escape(version)), changelog, re.MULTILINE | re.DOTALL)
    return found["text"].strip() + "\n" if found else ""


def build(root: Path, tag: str, folder: Path) -> None:
    """Build a tag's commit twice into a folder; end where the two differ."""
    commit = git(root, "rev-parse", f"refs/tags/{tag}^{{commit}}")
    moment = git(root, "show", "--no-patch", "--format=%ct", commit)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mlops-kit-release-") as scratch:
        builds = [build_once(root, commit, moment, Path(scratch, name)) for name in ("first", "again")]
        if problems := compare(*builds):
            fail("two builds differ: " + ", ".join(problems))
        for path in sorted(builds[0].iterdir()):
            shutil.copy2(path, folder)
        source = extract(root, commit, Path(scratch, "source"))
        version = tag.removeprefix("v")
        (folder / f"mlops-kit-{version}.cdx.json").write_text(
            render_sbom((source / "locks" / "run.lock").read_text(), name=project_name(source), version=version)
        )
        notes = notes_of((source / "CHANGELOG.md").read_text(), version)
    (folder / "SHA256SUMS").write_text("".join(f"{sha256(path)}  {path.name}\n" for path in files(folder)))
    (folder / "NOTES.md").write_text(notes)


def build_once(root: Path, commit: str, moment: str, scratch: Path) -> Path:
    """One build of a commit, in a folder of its own; the folder with wheel and source distribution."""
    source, out = extract(root, commit, scratch / "source"), scratch / "dist"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HATCH"))}
    variables = {**kept, "SOURCE_DATE_EPOCH": moment, "MLOPS_KIT_COMMIT": commit, "TZ": "UTC", "LC_ALL": "C"}
    words = [sys.executable, "-I", "-m", "hatchling", "build", "--target", "wheel", "--target", "sdist"]
    done = subprocess.run(
        [*words, "--directory", str(out)], cwd=source, env=variables, capture_output=True, text=True, check=False,
        timeout=BUILD_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        fail(f"hatchling could not build:\n{done.stdout}{done.stderr}")
    return out


def compare(first: Path, second: Path) -> list[str]:
    """The names of files that differ between two folders, or are in one alone."""
    hashes = [{path.name: sha256(path) for path in files(folder)} for folder in (first, second)]
    return sorted(name for name in {*hashes[0], *hashes[1]} if hashes[0].get(name) != hashes[1].get(name))


def extract(root: Path, commit: str, folder: Path) -> Path:
    """A commit's files in a folder that was not there."""
    folder.mkdir(parents=True)
    with archive(root, commit) as tar:
        tar.extractall(folder, filter="data")
    return folder


@contextmanager
def archive(root: Path, commit: str) -> Iterator[tarfile.TarFile]:
    """What git archives of a commit."""
    with tempfile.TemporaryFile() as stream:
        subprocess.run(["git", "archive", "--format=tar", commit], cwd=root, stdout=stream, check=True, timeout=60)
        stream.seek(0)
        with tarfile.open(fileobj=stream) as tar:
            yield tar


def project_name(source: Path) -> str:
    """The distribution's name, as pyproject.toml says."""
    import tomllib

    return str(tomllib.loads((source / "pyproject.toml").read_text())["project"]["name"])


def files(folder: Path) -> list[Path]:
    """The files of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_file())


def sha256(path: Path) -> str:
    """A file's hash."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def git(root: Path, *words: str, check: bool = True) -> str:
    """What git prints; empty where it fails and need not succeed."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0 and check:
        fail(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else ""


def fail(message: str) -> NoReturn:
    """Say what is wrong and end."""
    print(f"release: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
