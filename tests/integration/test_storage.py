"""Models' bytes where serving targets fetch them: once, whole, never other ones; in a folder and in a real S3."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from s3fs import S3FileSystem

from mlops_kit.adapters.storage import PublishedFiles
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError
from mlops_kit.testing.artifacts import MemoryFiles
from tests.integration.s3_server import S3Server, serve_s3

NAME = "churn/md5-1234-dir"
HASH = "a" * 64


@dataclass(frozen=True)
class Place:
    """A storage: its address, a client of it, and the folder that the client sees it as."""

    address: str
    storage: PublishedFiles
    fs: Any
    folder: str
    scratch: Path

    def files(self, sha256: str = HASH, **texts: str) -> MemoryFiles:
        found = {}
        for name, text in texts.items():
            path = self.scratch / f"{len(list(self.scratch.iterdir()))}"
            path.write_text(text)
            found[name.replace("__", "/")] = path
        return MemoryFiles(files=found, sha256=sha256)

    def publish(self, files: MemoryFiles) -> None:
        self.storage.publish(self.address, NAME, files)

    def state(self) -> dict[str, tuple[str, object]]:
        """Every object's text and when it was written."""
        self.fs.invalidate_cache()
        found = self.fs.find(self.folder, detail=True)
        when = "mtime" if "mtime" in next(iter(found.values()), {}) else "LastModified"
        start = f"{self.folder}/"
        return {path.removeprefix(start): (self.fs.cat_file(path).decode(), one[when]) for path, one in found.items()}

    def texts(self) -> dict[str, str]:
        return {name: text for name, (text, _) in self.state().items() if not name.startswith(".manifests")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    if request.param == "folder":
        import fsspec

        storage = PublishedFiles(tmp_path, dict(os.environ))
        return Place("models", storage, fsspec.filesystem("file"), str(tmp_path / "models"), scratch)
    server: S3Server = request.getfixturevalue("server")
    bucket = f"b{abs(hash(str(tmp_path)))}"
    keys = {"key": server.variables["AWS_ACCESS_KEY_ID"], "secret": server.variables["AWS_SECRET_ACCESS_KEY"]}
    fs = S3FileSystem(endpoint_url=server.url, use_listings_cache=False, **keys)
    fs.mkdir(bucket)
    variables = {**os.environ, **server.variables, "AWS_ENDPOINT_URL": server.url}
    return Place(f"s3://{bucket}/models", PublishedFiles(tmp_path, variables), fs, f"{bucket}/models", scratch)


def test_a_version_is_published_as_a_plain_tree(place: Place) -> None:
    place.publish(place.files(MLmodel="flavors", data__model="weights"))
    assert place.texts() == {f"{NAME}/MLmodel": "flavors", f"{NAME}/data/model": "weights"}
    manifest = json.loads(place.state()[f".manifests/{NAME}.json"][0])
    assert manifest == {"files": {"MLmodel": 7, "data/model": 7}, "sha256": HASH, "version": 1}


def test_what_is_whole_is_never_written_again(place: Place) -> None:
    place.publish(place.files(MLmodel="flavors"))
    before = place.state()
    place.publish(place.files(MLmodel="flavors"))
    assert place.state() == before


def test_what_a_crash_left_is_made_whole(place: Place) -> None:
    """The manifest was not written yet, one file is half there and another is not."""
    place.publish(place.files(a="one", b="two", c="three"))
    place.fs.rm_file(f"{place.folder}/.manifests/{NAME}.json")
    place.fs.rm_file(f"{place.folder}/{NAME}/a")
    place.fs.pipe_file(f"{place.folder}/{NAME}/b", b"tw")
    place.publish(place.files(a="one", b="two", c="three"))
    assert place.texts() == {f"{NAME}/a": "one", f"{NAME}/b": "two", f"{NAME}/c": "three"}


def test_a_file_that_was_lost_comes_back_and_no_other_is_written(place: Place) -> None:
    place.publish(place.files(a="one", b="two"))
    before = place.state()
    place.fs.rm_file(f"{place.folder}/{NAME}/a")
    place.publish(place.files(a="one", b="two"))
    after = place.state()
    assert after[f"{NAME}/a"][0] == "one"
    assert {**after, f"{NAME}/a": None} == {**before, f"{NAME}/a": None}


def test_a_name_is_not_given_to_other_bytes(place: Place) -> None:
    place.publish(place.files(a="one"))
    before = place.state()
    for other in (place.files(a="two", sha256="b" * 64), place.files(a="one", b="two")):
        with pytest.raises(IntegrityError, match="was published with other bytes"):
            place.publish(other)
    assert place.state() == before


def test_files_of_somebody_else_are_noticed(place: Place) -> None:
    place.publish(place.files(a="one"))
    place.fs.pipe_file(f"{place.folder}/{NAME}/evil.pkl", b"x")
    with pytest.raises(IntegrityError, match=r"has files that are not the model's: evil\.pkl"):
        place.publish(place.files(a="one"))


def test_a_longer_name_is_another_version(place: Place) -> None:
    place.storage.publish(place.address, "churn/md5-12", place.files(a="one"))
    place.storage.publish(place.address, "churn/md5-1", place.files(b="two", sha256="b" * 64))
    assert place.texts() == {"churn/md5-12/a": "one", "churn/md5-1/b": "two"}


def test_a_storage_that_gives_no_answer_is_an_outside_error(tmp_path: Path) -> None:
    variables = {**os.environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "hushhush", "AWS_MAX_ATTEMPTS": "1"}
    variables |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "us-east-1"}
    (tmp_path / "a").write_text("a")
    storage = PublishedFiles(tmp_path, variables, timeout_seconds=60)
    with pytest.raises(OutsideError, match=r"could not be published to s3://nowhere/x") as caught:
        storage.publish("s3://nowhere/x", NAME, MemoryFiles(files={"a": tmp_path / "a"}, sha256=HASH))
    assert "hushhush" not in str(caught.value)


def test_time_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    storage = PublishedFiles(tmp_path, dict(os.environ), timeout_seconds=0.01)
    with pytest.raises(OutsideError, match="gave no answer within"):
        storage.publish("models", NAME, MemoryFiles(files={"a": tmp_path / "a"}, sha256=HASH))


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        PublishedFiles(tmp_path, {}).publish("s3://key:hushhush@bucket/x", NAME, MemoryFiles(files={}, sha256=HASH))
    assert "hushhush" not in str(caught.value)
