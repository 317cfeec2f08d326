"""A model's bytes from a real DVC repository: cache, remote, git; whole or not at all."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from dvc.repo import Repo

from mlops_kit.adapters.dvc.artifacts import DvcArtifacts
from mlops_kit.adapters.git import GitRepository
from mlops_kit.commands.facts import read_project
from mlops_kit.core.errors import IntegrityError, RefusedError
from mlops_kit.core.types import Digest, Model
from tests.faults.stage import git, git_environment

PIPELINE = """
stages:
  file: {cmd: "true", outs: [model.bin]}
  folder: {cmd: "true", outs: [model]}
  plain: {cmd: "true", outs: [{plain.bin: {cache: false}}]}
artifacts:
  file: {path: model.bin, type: model}
  folder: {path: model, type: model}
  plain: {path: plain.bin, type: model}
"""
FILES = {"model.bin": b"weights", "model/config.json": b"{}\r\n", "model/sub/w": b"\x00\x01", "plain.bin": b"small"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose outputs are in the cache and in the remote, and not in the work tree."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    root = tmp_path / "work"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    repo = Repo.init(str(root))
    with repo.config.edit() as config:
        config["remote"] = {"store": {"url": str(tmp_path / "store")}}
        config["core"]["remote"] = "store"
    repo.close()
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "dvc.yaml").write_text(PIPELINE)
    with Repo(str(root)) as repo:
        monkeypatch.chdir(root)
        repo.commit(force=True)
        repo.push()
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    for path in ("model.bin", "plain.bin"):
        (root / path).unlink()
    shutil.rmtree(root / "model")
    return root


def open_git(root: Path) -> GitRepository:
    return GitRepository(root, git_environment(root))


def model(root: Path, name: str) -> Model:
    return next(found for found in read_project(open_git(root), "HEAD").models if found.name == name)


def fetch(root: Path, wanted: Model) -> tuple[dict[str, bytes], str]:
    repository = open_git(root)
    found = DvcArtifacts(repository).fetch_model(wanted, repository.resolve("HEAD"))
    return {name: path.read_bytes() for name, path in found.files.items()}, found.sha256


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


TREE = {"config.json": b"{}\r\n", "sub/w": b"\x00\x01"}
TREE_SHA256 = sha256(b"".join(f"{name}\0{sha256(data)}\n".encode() for name, data in sorted(TREE.items())))


@pytest.mark.parametrize("where", ["cache", "remote"])
@pytest.mark.parametrize(
    ("name", "files", "tree"),
    [
        ("file", {"model.bin": b"weights"}, sha256(b"weights")),
        ("folder", TREE, TREE_SHA256),
        ("plain", {"plain.bin": b"small"}, sha256(b"small")),
    ],
)
def test_bytes_come_from_wherever_they_are(
    project: Path, where: str, name: str, files: dict[str, bytes], tree: str
) -> None:
    if where == "remote":
        shutil.rmtree(project / ".dvc" / "cache")
    assert fetch(project, model(project, name)) == (files, tree)
    assert git(project, "status", "--porcelain", "--untracked-files=all") == "D plain.bin"


def test_one_file_of_a_folder_that_is_missing_in_the_cache_is_fetched(project: Path) -> None:
    cached(project, b"\x00\x01").unlink()
    assert fetch(project, model(project, "folder"))[0] == TREE


def cached(root: Path, data: bytes) -> Path:
    value = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return root / ".dvc" / "cache" / "files" / "md5" / value[:2] / value[2:]


@pytest.mark.parametrize(("name", "data"), [("file", b"weights"), ("folder", b"\x00\x01")])
@pytest.mark.parametrize("damage", [b"", b"weightS", b"weights and more"])
def test_damaged_bytes_are_an_integrity_error_although_dvc_trusts_them(
    project: Path, name: str, data: bytes, damage: bytes
) -> None:
    path = cached(project, data)
    path.chmod(0o644)
    path.write_bytes(damage)
    path.chmod(0o444)
    with pytest.raises(IntegrityError, match="hash to"):
        fetch(project, model(project, name))


def test_bytes_that_are_nowhere_are_refused(project: Path) -> None:
    shutil.rmtree(project / ".dvc" / "cache")
    shutil.rmtree(project.parent / "store")
    for name in ("file", "folder"):
        with pytest.raises(RefusedError, match="nowhere"):
            fetch(project, model(project, name))


def test_without_a_remote_missing_bytes_are_refused_with_that_reason(project: Path) -> None:
    shutil.rmtree(project / ".dvc" / "cache")
    (project / ".dvc" / "config").write_text("")
    with pytest.raises(RefusedError, match="no default DVC remote"):
        fetch(project, model(project, "file"))


def test_a_listing_that_leads_out_of_the_folder_is_refused(project: Path) -> None:
    listing = b'[{"md5": "1", "relpath": "../../.ssh/authorized_keys"}]'
    path = cached(project, listing)
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.with_name(f"{path.name}.dir")
    path.write_bytes(listing)
    value = hashlib.md5(listing, usedforsecurity=False).hexdigest()
    wanted = replace(model(project, "folder"), digest=Digest(algorithm="md5", value=f"{value}.dir"))
    with pytest.raises(IntegrityError, match="a file of the folder leaves it"):
        fetch(project, wanted)


def test_text_of_an_old_lock_is_hashed_with_unix_line_ends(project: Path) -> None:
    data = b"a\r\nb\r\n"
    value = hashlib.md5(b"a\nb\n", usedforsecurity=False).hexdigest()
    path = project / ".dvc" / "cache" / value[:2] / value[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    wanted = replace(model(project, "file"), digest=Digest(algorithm="md5-dos2unix", value=value))
    assert fetch(project, wanted) == ({"model.bin": data}, sha256(data))
