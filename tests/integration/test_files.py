"""adapters/files.py against a real file system."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_kit.adapters.files import Reading, read_limited, read_settled, write_atomic
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError


def test_reads_a_regular_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "m.json").write_bytes(b"{}")
    assert read_limited(tmp_path, "a/m.json") == b"{}"
    assert read_limited(tmp_path, "./a//m.json") == b"{}"


@pytest.mark.parametrize("path", ["missing", "missing/below", "file/below"])
def test_an_absent_file_is_none(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert read_limited(tmp_path, path) is None


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "", ".", "a\0b"])
def test_a_path_out_of_the_repository_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(IntegrityError, match="leaves the repository"):
        read_limited(tmp_path, path)


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.json").write_text("password")
    (root / "m.json").symlink_to(tmp_path / "secret.json")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    for path in ("m.json", "folder/secret.json", "loop"):
        with pytest.raises(IntegrityError, match="symbolic link"):
            read_limited(root, path)


def test_a_pipe_or_folder_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in ("pipe", "folder"):
        with pytest.raises(InputError, match="not a regular file"):
            read_limited(tmp_path, path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 11)
    assert read_limited(tmp_path, "big", limit=11) == b"x" * 11
    with pytest.raises(InputError, match="larger than"):
        read_limited(tmp_path, "big", limit=10)


def test_a_write_replaces_the_whole_file_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "dvc.lock"
    write_atomic(target, b"one")
    target.chmod(0o640)
    write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [entry.name for entry in target.parent.iterdir()] == ["dvc.lock"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "kept").write_bytes(b"kept")
    with pytest.raises(OutsideError, match="cannot write"):
        write_atomic(target, b"new")
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["folder", "kept"]


def readings(*states: tuple[int, int]) -> Iterator[Reading]:
    return (Reading(data=b"%d" % after, before=(0, before, 0), after=(0, after, 0)) for before, after in states)


def test_c17_a_file_that_is_written_to_is_read_again() -> None:
    found = readings((1, 2), (2, 3), (3, 3), (3, 4))
    assert read_settled(lambda: next(found), "metrics.json") == b"3"


def test_c17_a_file_that_never_settles_is_an_outside_error_that_names_it() -> None:
    found = readings(*((size, size + 1) for size in range(9)))
    with pytest.raises(OutsideError, match=r"metrics\.json is written to"):
        read_settled(lambda: next(found), "metrics.json")
