"""What every Objects must do: the one in memory, and DVC's cache with a folder as its remote."""

import hashlib
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.objects import DvcObjects
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Objects
from mlops_kit.core.types import Digest
from mlops_kit.testing.objects import MemoryObjects
from tests.integration.dvc_project import Project, make_project
from tests.integration.remote_project import folder_remote, with_remote

LIMIT = 1000
ABSENT = Digest(algorithm="md5", value="0" * 32)


@dataclass(frozen=True)
class Subject:
    """One implementation, how bytes get into its cache and its remote, and how the remote breaks."""

    objects: Objects
    add_cached: Callable[[bytes], Digest]
    add_remote: Callable[[bytes], Digest]
    break_remote: Callable[[], object]


def in_memory(folder: Path) -> Subject:
    objects = MemoryObjects(folder)
    return Subject(
        objects=objects,
        add_cached=objects.add_cached,
        add_remote=objects.add_remote,
        break_remote=lambda: setattr(objects, "failure", "the remote is down"),
    )


def over_dvc(folder: Path) -> Subject:
    project = make_project(folder / "project", {}, site=folder / "site")
    store = folder / "store"
    store.mkdir()
    project.write({".dvc/config": with_remote(project, folder_remote(store))})
    return Subject(
        objects=DvcObjects(project.root, os.environ),
        add_cached=lambda data: put(project.root / ".dvc/cache", data),
        add_remote=lambda data: put(store, data),
        break_remote=lambda: write_config(project, "url = s3://no-such-bucket/x\n    endpointurl = http://127.0.0.1:9"),
    )


def write_config(project: Project, remote: str) -> None:
    """Make something else the default remote."""
    text = project.read(".dvc/config").partition("['remote")[0]
    project.write({".dvc/config": f"{text}['remote \"store\"']\n    {remote}\n"})


def put(top: Path, data: bytes, *, value: str = "") -> Digest:
    """Lay bytes where DVC keeps them in a cache or remote."""
    name = value or hashlib.md5(data, usedforsecurity=False).hexdigest()
    place = top / "files" / "md5" / name[:2] / name[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return Digest(algorithm="md5", value=name)


@pytest.fixture(params=[in_memory, over_dvc], ids=["memory", "dvc"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    for name, value in {"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    made: Subject = request.param(tmp_path)
    return made


def test_bytes_come_from_the_cache_and_what_is_missing_from_the_remote(subject: Subject) -> None:
    wanted = {subject.add_cached(b"here"): b"here", subject.add_remote(b"there"): b"there"}
    found = subject.objects.find("", [*wanted, ABSENT], limit=LIMIT)
    assert {digest: path.read_bytes() for digest, path in found.items()} == wanted


def test_a_file_of_the_remote_that_is_larger_than_the_limit_is_left_out(subject: Subject) -> None:
    large, small = subject.add_remote(b"x" * (LIMIT + 1)), subject.add_remote(b"x" * LIMIT)
    assert set(subject.objects.find("", [large, small], limit=LIMIT)) == {small}
    assert set(subject.objects.find("", [large, small], limit=LIMIT + 1)) == {small, large}


def test_a_remote_that_fails_is_an_outside_error_but_not_for_what_is_in_the_cache(subject: Subject) -> None:
    cached = subject.add_cached(b"here")
    subject.break_remote()
    assert set(subject.objects.find("", [cached], limit=LIMIT)) == {cached}
    with pytest.raises(OutsideError):
        subject.objects.find("", [ABSENT], limit=LIMIT)


def test_bytes_are_read_as_they_are_up_to_the_limit(subject: Subject) -> None:
    small, large = subject.add_cached(b"a\r\n"), subject.add_cached(b"x" * (LIMIT + 1))
    assert subject.objects.read("", [small, large, ABSENT], limit=LIMIT) == {small: b"a\r\n"}


def test_bytes_that_are_not_those_of_their_digest_are_found_but_never_read(subject: Subject) -> None:
    digest = subject.add_cached(b"true")
    subject.objects.find("", [digest], limit=LIMIT)[digest].write_bytes(b"fals")
    assert set(subject.objects.find("", [digest], limit=LIMIT)) == {digest}
    assert subject.objects.read("", [digest], limit=LIMIT) == {}


def test_nothing_is_asked_for_nothing(subject: Subject) -> None:
    subject.break_remote()
    assert subject.objects.find("", [], limit=LIMIT) == {}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A DVC project with a folder as its remote."""
    monkeypatch.setenv("HOME", str(tmp_path))
    made = make_project(tmp_path / "project", {}, site=tmp_path / "site")
    made.write({".dvc/config": with_remote(made, folder_remote(tmp_path / "store"))})
    (tmp_path / "store").mkdir()
    return made


def find(project: Project, *digests: Digest, timeout_seconds: float = 60) -> dict[Digest, Path]:
    objects = DvcObjects(project.root, os.environ, timeout_seconds=timeout_seconds)
    return dict(objects.find("", digests, limit=LIMIT))


def test_the_listing_of_a_folder_is_fetched_without_its_files(project: Project) -> None:
    project.write({"data/a": "1", "data/b": "2"})
    with project.opened() as repo:
        repo.add("data")
        repo.push()
    (name,) = (name for name in project.objects() if name.endswith(".dir"))
    shutil.rmtree(project.root / ".dvc/cache")
    digest = Digest(algorithm="md5", value=name)
    assert b"relpath" in find(project, digest)[digest].read_bytes()
    assert project.objects() == {name}


def test_a_damaged_object_of_the_remote_is_left_out_and_not_kept(project: Project) -> None:
    damaged = put(project.root.parent / "store", b"other bytes", value="1" * 32)
    whole = put(project.root.parent / "store", b"whole")
    assert set(find(project, damaged, whole)) == {whole}
    assert project.objects() == {whole.value}


@pytest.mark.parametrize("value", ["../../../../secret", "a/../../../secret", "", "..", "A" * 32, f"{'0' * 32}.dir/x"])
def test_a_digest_that_is_none_of_dvc_leads_nowhere(project: Project, value: str) -> None:
    (project.root.parent / "secret").write_text("x")
    assert find(project, Digest(algorithm="md5", value=value), Digest(algorithm="etag", value="0" * 32)) == {}


def test_a_link_in_the_cache_is_not_followed(project: Project) -> None:
    (project.root.parent / "secret").write_text("x")
    digest = put(project.root / ".dvc/cache", b"x")
    place = project.root / ".dvc/cache/files/md5" / digest.value[:2] / digest.value[2:]
    place.unlink()
    place.symlink_to(project.root.parent / "secret")
    assert find(project, digest) == {}


def test_the_cache_that_the_configuration_names_is_looked_into(project: Project) -> None:
    project.write({".dvc/config.local": "[cache]\n    dir = ../../shared\n"})
    digest = put(project.root.parent / "shared", b"shared")
    found = find(project, digest, timeout_seconds=0.001)
    assert found[digest].read_bytes() == b"shared"


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    kept: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                kept.append(listener.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_a_remote_that_hangs_is_an_outside_error_within_the_time_limit(project: Project, silent_server: str) -> None:
    write_config(project, f"url = {silent_server}/store")
    with pytest.raises(OutsideError, match="the DVC remote gave no answer within 3 s"):
        find(project, ABSENT, timeout_seconds=3)


def test_a_remote_that_failed_is_not_asked_again(project: Project, silent_server: str) -> None:
    objects = DvcObjects(project.root, os.environ, timeout_seconds=3)
    write_config(project, f"url = {silent_server}/store")
    with pytest.raises(OutsideError):
        objects.find("", [ABSENT], limit=LIMIT)
    write_config(project, f"url = {project.root.parent / 'store'}")
    with pytest.raises(OutsideError, match="within 3 s"):
        objects.find("", [ABSENT], limit=LIMIT)


def test_a_listing_and_text_of_an_old_cache_are_read(project: Project) -> None:
    listing, old = b"[]", b"a\r\nb\r\n"
    value = hashlib.md5(listing, usedforsecurity=False).hexdigest()
    folder = put(project.root / ".dvc/cache", listing, value=f"{value}.dir")
    legacy = Digest(algorithm="md5-dos2unix", value=hashlib.md5(b"a\nb\n", usedforsecurity=False).hexdigest())
    place = project.root / ".dvc/cache" / legacy.value[:2] / legacy.value[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(old)
    objects = DvcObjects(project.root, os.environ)
    assert objects.read("", [folder, legacy], limit=LIMIT) == {folder: listing, legacy: old}


def test_without_a_dvc_repository_there_is_nothing(tmp_path: Path) -> None:
    assert DvcObjects(tmp_path, os.environ).find("", [ABSENT], limit=LIMIT) == {}
