"""T13: a release is what a tagged commit of main builds, the same bytes each time, published by one job alone."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.threats.releases import TAG, VERSION, commit, edit, git, make_releasable, release
from tests.threats.workflow_rules import read_workflows

WORKFLOW = ".github/workflows/release.yml"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_releasable(tmp_path_factory.mktemp("source"))


@pytest.fixture
def copy(source: Path, tmp_path: Path) -> Path:
    """A clone to spoil."""
    git(tmp_path, "clone", "--quiet", str(source), "copy")
    return tmp_path / "copy"


def test_t13_two_builds_are_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        done = release(source, "build", TAG, str(tmp_path / folder))
        assert done.returncode == 0, done.stderr

    one, two = (sorted((tmp_path / folder).iterdir()) for folder in ("one", "two"))
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert {path.suffix for path in one} == {"", ".whl", ".gz", ".json", ".md"}
    lines = [line.split("  ") for line in (tmp_path / "one/SHA256SUMS").read_text().splitlines()]
    sums = {name: value for value, name in lines}
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in one
        if path.suffix in {".whl", ".gz", ".json"}
    }
    assert (tmp_path / "one/NOTES.md").read_text().startswith("It is there.\n")


def test_t13_builds_that_differ_are_refused(copy: Path, tmp_path: Path) -> None:
    edit(copy / "bin/build_hook.py", r'\{"commit": commit,', '{"now": os.urandom(8).hex(), "commit": commit,')
    commit(copy)
    git(copy, "tag", "--force", TAG)

    done = release(copy, "build", TAG, str(tmp_path / "dist"))

    assert done.returncode == 2
    assert "two builds differ: mlops_kit" in done.stderr
    assert list((tmp_path / "dist").iterdir()) == []


def no_section(copy: Path) -> str:
    edit(copy / "CHANGELOG.md", rf"^## {VERSION}.*$", "## something else")
    commit(copy)
    git(copy, "tag", "--force", TAG)
    return TAG


def another_version(copy: Path) -> str:
    edit(copy / "mlops_kit/__init__.py", VERSION, "7.6.6")
    commit(copy)
    git(copy, "tag", "--force", TAG)
    return TAG


def not_on_main(copy: Path) -> str:
    git(copy, "commit", "--quiet", "--allow-empty", "--message", "aside")
    git(copy, "tag", "--force", TAG)
    return TAG


def no_version(copy: Path) -> str:
    git(copy, "tag", "v7")
    return "v7"


def no_tag(_: Path) -> str:
    return "v9.9.9"


@pytest.mark.parametrize("spoil", [no_section, another_version, not_on_main, no_version, no_tag])
def test_t13_a_tag_that_is_not_the_version_is_refused(copy: Path, spoil: Callable[[Path], str]) -> None:
    assert release(copy, "check", TAG).returncode == 0

    done = release(copy, "check", spoil(copy))

    assert done.returncode == 2
    assert done.stderr.startswith("release: ")


def test_t13_only_the_publishing_job_has_an_identity_for_the_index() -> None:
    jobs = read_workflows()[WORKFLOW]["jobs"]

    assert [name for name, job in jobs.items() if job.get("environment") == "pypi"] == ["publish"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["attest", "publish"]
    assert [name for name, job in jobs.items() if "contents" in job["permissions"]] == ["build", "announce"]
    assert "pypi" not in str(jobs["attest"])
    assert "secrets" not in str(jobs)
    assert not any("checkout" in str(jobs[name]) for name in ("attest", "publish", "announce"))


def test_the_bill_of_materials_lists_what_the_lock_installs(source: Path, tmp_path: Path) -> None:
    assert release(source, "build", TAG, str(tmp_path)).returncode == 0
    document = json.loads((tmp_path / f"mlops-kit-{VERSION}.cdx.json").read_text())
    lock = (source / "locks/run.lock").read_text()

    found = {f"{one['name']}=={one['version']}" for one in document["components"]}
    assert found == {line.split()[0] for line in lock.splitlines() if "==" in line.split(" ")[0]}
    hashes = {
        one["content"]
        for component in document["components"]
        for reference in component["externalReferences"]
        for one in reference["hashes"]
    }
    assert hashes == {line.split("sha256:")[1].rstrip(" \\") for line in lock.splitlines() if "sha256:" in line}
    assert document["metadata"]["component"]["version"] == VERSION
    assert len({component["bom-ref"] for component in document["components"]}) == len(document["components"])


def test_a_wheel_of_the_source_distribution_names_the_same_commit(source: Path, tmp_path: Path) -> None:
    assert release(source, "build", TAG, str(tmp_path)).returncode == 0
    (sdist,) = tmp_path.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(tmp_path)], check=True)

    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    words = [sys.executable, "-I", "-m", "hatchling", "build", "--target", "wheel"]
    clean = {name: value for name, value in os.environ.items() if name != "MLOPS_KIT_COMMIT"}
    subprocess.run(words, cwd=folder, env=clean, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        told = json.loads(archive.read("mlops_kit/release.json"))
    assert told == {"commit": git(source, "rev-parse", "HEAD"), "version": VERSION}
