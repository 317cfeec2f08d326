"""Which bytes a real DVC remote lacks: a folder on disk, a real S3 server, and remotes that give no answer."""

import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from dvc.repo import Repo
from s3fs import S3FileSystem

from mlops_kit.adapters.dvc.artifacts import DvcArtifacts
from mlops_kit.adapters.git import GitRepository
from mlops_kit.commands.facts import read_project
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import Digest, Model
from tests.faults.stage import git, git_environment
from tests.integration.s3_server import S3Server, serve_s3

PIPELINE = """
stages:
  file: {cmd: "true", outs: [model.bin]}
  folder: {cmd: "true", outs: [model]}
  plain: {cmd: "true", outs: [{plain.bin: {cache: false}}]}
  other: {cmd: "true", outs: [{other.bin: {remote: second}}]}
artifacts:
  file: {path: model.bin, type: model}
  folder: {path: model, type: model}
  plain: {path: plain.bin, type: model}
  other: {path: other.bin, type: model}
"""
FILES = {
    "model.bin": b"weights",
    "model/config.json": b"{}\r\n",
    "model/sub/w": b"\x00\x01",
    "plain.bin": b"small",
    "other.bin": b"elsewhere",
}
TWO = """[core]
    remote = first
['remote "first"']
    url = {top}/first
['remote "second"']
    url = {top}/second
"""


def make_project(top: Path, config: str, pipeline: str = PIPELINE) -> Path:
    """A repository whose outputs are in its cache, committed and pushed."""
    root = top / "work"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    Repo.init(str(root)).close()
    (root / ".dvc" / "config").write_text(config)
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "dvc.yaml").write_text(pipeline)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        with Repo(str(root)) as repo:
            repo.commit(force=True)
            if "remote" in config:
                repo.push()
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all")
    return root


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path, TWO.format(top=tmp_path))


def models(root: Path) -> dict[str, Model]:
    return {one.name: one for one in read_project(GitRepository(root, git_environment(root)), "HEAD").models}


def missing(root: Path, variables: Mapping[str, str] | None = None, *, timeout_seconds: float = 60.0) -> list[str]:
    """The names of the models whose bytes are missing."""
    repository, found = GitRepository(root, git_environment(root)), models(root)
    environment = {**git_environment(root), **(variables or {})}
    artifacts = DvcArtifacts(repository, environment, timeout_seconds=timeout_seconds)
    lost = artifacts.find_missing(found.values())
    return sorted(name for name, one in found.items() if one.digest in lost)


def stored(top: Path, digest: Digest | None) -> Path:
    assert digest is not None
    return top / "files" / "md5" / digest.value[:2] / digest.value[2:]


def cache_of(root: Path) -> Path:
    return root / ".dvc" / "cache"


def test_what_was_pushed_is_not_missing_wherever_it_was_pushed_to(project: Path) -> None:
    shutil.rmtree(cache_of(project))
    assert missing(project) == []
    assert not list(cache_of(project).rglob("*/" + stored(Path(), models(project)["file"].digest).name))


def test_bytes_that_lie_in_the_cache_alone_are_missing(project: Path) -> None:
    shutil.rmtree(project.parent / "first")
    assert missing(project) == ["file", "folder"]


def test_an_output_s_own_remote_is_asked_for_it(project: Path) -> None:
    assert models(project)["other"].remote == "second"
    stored(project.parent / "second", models(project)["other"].digest).unlink()
    assert missing(project) == ["other"]


@pytest.mark.parametrize("data", ["listing", "file"])
@pytest.mark.parametrize("cached", [True, False])
def test_a_folder_is_there_only_with_its_listing_and_all_its_files(project: Path, data: str, cached: bool) -> None:  # noqa: FBT001 - a parameter of the test
    listing = models(project)["folder"].digest
    part = Digest(algorithm="md5", value="441077cc9e57554dd476bdfb8b8b8102")
    stored(project.parent / "first", listing if data == "listing" else part).unlink()
    if not cached:
        shutil.rmtree(cache_of(project))
    assert missing(project) == ["folder"]


def test_what_was_pushed_meanwhile_is_found(project: Path) -> None:
    repository, found = GitRepository(project, git_environment(project)), models(project)["file"]
    place = stored(project.parent / "first", found.digest)
    data = place.read_bytes()
    place.unlink()
    artifacts = DvcArtifacts(repository, git_environment(project))
    assert artifacts.find_missing([found]) == {found.digest}
    place.write_bytes(data)
    assert artifacts.find_missing([found]) == frozenset()


def test_without_a_remote_the_cache_counts(tmp_path: Path) -> None:
    root = make_project(tmp_path, "", PIPELINE.replace("{other.bin: {remote: second}}", "other.bin"))
    assert missing(root) == []
    stored(cache_of(root), Digest(algorithm="md5", value="441077cc9e57554dd476bdfb8b8b8102")).unlink()
    assert missing(root) == ["folder"]


def test_remotes_of_which_none_is_the_default_are_no_answer(project: Path) -> None:
    (project / ".dvc" / "config").write_text(TWO.format(top=project.parent).partition("first\n")[2])
    with pytest.raises(OutsideError, match="no DVC remote is the default one"):
        missing(project)


def test_a_digest_of_an_old_lock_is_looked_for_where_dvc_2_kept_it(project: Path) -> None:
    found = models(project)["file"]
    assert found.digest
    old = replace(found, digest=Digest(algorithm="md5-dos2unix", value=found.digest.value))
    artifacts = DvcArtifacts(GitRepository(project, git_environment(project)), git_environment(project))
    assert artifacts.find_missing([old]) == {old.digest}
    place = project.parent / "first" / found.digest.value[:2] / found.digest.value[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"weights")
    assert artifacts.find_missing([old]) == frozenset()


def test_a_digest_that_is_none_is_missing_and_leads_nowhere(project: Path) -> None:
    found = replace(models(project)["file"], digest=Digest(algorithm="md5", value="../../../../etc/passwd"))
    artifacts = DvcArtifacts(GitRepository(project, git_environment(project)), git_environment(project))
    assert artifacts.find_missing([found]) == {found.digest}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def s3_variables(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return server.variables


def opened(server: S3Server) -> S3FileSystem:
    variables = server.variables
    return S3FileSystem(
        key=variables["AWS_ACCESS_KEY_ID"],
        secret=variables["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=server.url,
        skip_instance_cache=True,
    )


SINGLE = PIPELINE.replace("{other.bin: {remote: second}}", "other.bin")


def test_a_bucket_says_what_it_lacks(server: S3Server, s3_variables: Mapping[str, str], tmp_path: Path) -> None:
    call = opened(server).call_s3
    call("create_bucket", Bucket="stock")
    root = make_project(tmp_path, server.config("stock"), SINGLE)
    shutil.rmtree(cache_of(root))
    assert missing(root, s3_variables) == []
    value = "441077cc9e57554dd476bdfb8b8b8102"
    call("delete_object", Bucket="stock", Key=f"dvc/files/md5/{value[:2]}/{value[2:]}")
    assert missing(root, s3_variables) == ["folder"]


def test_a_versioned_bucket_is_asked_for_the_versions_that_the_lock_names(
    server: S3Server, s3_variables: Mapping[str, str], tmp_path: Path
) -> None:
    call = opened(server).call_s3
    call("create_bucket", Bucket="versions")
    call("put_bucket_versioning", Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    root = make_project(tmp_path, f"{server.config('versions')}    version_aware = true\n", SINGLE)
    assert models(root)["file"].stored
    assert missing(root, s3_variables) == []
    call("put_object", Bucket="versions", Key="dvc/model.bin", Body=b"newer")
    assert missing(root, s3_variables) == []
    (version,) = (one.version for one in models(root)["file"].stored)
    call("delete_object", Bucket="versions", Key="dvc/model.bin", VersionId=version)
    assert missing(root, s3_variables) == ["file"]


def test_a_remote_that_refuses_is_no_answer(server: S3Server, s3_variables: Mapping[str, str], tmp_path: Path) -> None:
    opened(server).call_s3("create_bucket", Bucket="guarded")
    root = make_project(tmp_path, server.config("guarded"), SINGLE)
    with pytest.raises(OutsideError, match="the DVC remote failed"):
        missing(root, {**s3_variables, "AWS_ACCESS_KEY_ID": "nobody"})


def test_a_remote_that_is_down_or_hangs_is_no_answer(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        (project / ".dvc" / "config").write_text(f"[core]\n    remote = web\n['remote \"web\"']\n    url = {url}\n")
        artifacts = DvcArtifacts(
            GitRepository(project, git_environment(project)), git_environment(project), timeout_seconds=5
        )
        with pytest.raises(OutsideError, match="gave no answer within 5 s"):
            artifacts.find_missing([models(project)["file"]])
    artifacts = DvcArtifacts(GitRepository(project, git_environment(project)), git_environment(project))
    with pytest.raises(OutsideError, match="the DVC remote failed"):
        artifacts.find_missing([models(project)["file"]])
