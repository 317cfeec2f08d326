"""T12: what is installed is what the lock names, by hash, and every installer is told to insist on that."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.integration.test_action import action

KIT = Path(__file__).resolve().parents[2]
LOCKS = sorted((KIT / "locks").glob("*.lock"))
INSTALLS = re.compile(r"call\(\[\*|^uv sync| -r ")
"""A command line that installs from a lock."""
ENTRY = re.compile(r"^(?P<name>[a-zA-Z0-9._-]+)==(?P<version>\S+)(?P<rest>[^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE)
ADDRESS = re.compile(r"https?://|file:|--index-url|--extra-index-url|--find-links|@ git")
SOURCES = {"antlr4-python3-runtime"}
"""What is published as source only, so that pinned code of it runs while it is installed."""


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_t12_every_line_of_a_lock_has_hashes_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()

    entries = list(ENTRY.finditer(text))
    assert len(entries) > 20
    assert [entry["name"] for entry in entries if "--hash=sha256:" not in entry["rest"]] == []
    assert ADDRESS.search(text) is None
    assert ENTRY.sub("", text).strip() == ""


def test_t12_every_installer_insists_on_hashes() -> None:
    """Each command line that installs from a lock, in the two scripts that do."""
    for script in ("bin/action.py", "bin/bootstrap"):
        lines = [line for line in (KIT / script).read_text().splitlines() if INSTALLS.search(line)]
        assert len(lines) == 2
        assert [line for line in lines if not re.search(r"--require-hashes|INSTALL_WORDS", line)] == [], script


@pytest.mark.parametrize("is_right", [True, False])
def test_t12_other_bytes_than_the_lock_names_are_not_installed(tmp_path: Path, *, is_right: bool) -> None:
    wheel = make_wheel(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes() if is_right else b"other").hexdigest()
    lock = tmp_path / "kit.lock"
    lock.write_text(f"threatened==1.0 \\\n    --hash=sha256:{digest}\n")

    done = install(lock, tmp_path)

    assert (done.returncode == 0) is is_right, done.stderr
    assert (tmp_path / "target" / "threatened.py").exists() is is_right


def test_t12_a_lock_without_a_hash_is_not_installed(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    (tmp_path / "kit.lock").write_text("threatened==1.0\n")

    assert install(tmp_path / "kit.lock", tmp_path).returncode != 0


def install(lock: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Install as the action does, from wheels in a folder."""
    uv = str(Path(sys.executable).parent / "uv")
    words = [uv, "pip", "sync", *action.INSTALL_WORDS, "--offline", "--no-index", "--find-links", str(folder)]
    where = ["--target", str(folder / "target"), "--python", sys.executable, str(lock)]
    return subprocess.run([*words, *where], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def make_wheel(folder: Path) -> Path:
    path = folder / "threatened-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("threatened.py", "")
        wheel.writestr("threatened-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: threatened\nVersion: 1.0\n")
        wheel.writestr("threatened-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("threatened-1.0.dist-info/RECORD", "")
    return path


def test_t12_nothing_is_built_from_source_but_what_has_no_wheel() -> None:
    words = action.INSTALL_WORDS

    assert words[words.index("--only-binary") + 1] == ":all:"
    assert {words[at + 1] for at, word in enumerate(words) if word == "--no-binary"} == SOURCES
