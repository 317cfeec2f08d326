"""`reproduce` with its data in a real S3: from one machine to the next, and what is said where that fails."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project
from tests.integration.remote_project import PREPARED, SIDE, listing, make_remote_project, md5, ran
from tests.integration.s3_server import S3Server, serve_s3

KIT = Path(sys.executable).parent / "mlops-kit"
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def bucket(server: S3Server, tmp_path: Path) -> str:
    name = f"b{md5(str(tmp_path))[:20]}"
    opened(server).mkdir(name)
    return name


@pytest.fixture
def origin(server: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return make_remote_project(tmp_path, server.config(bucket))


def run(project: Project, *words: str, variables: Mapping[str, str]) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.root.parent), **variables}
    done = subprocess.run(
        [KIT, "reproduce", *words],
        cwd=project.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def opened(server: S3Server) -> S3FileSystem:
    variables = server.variables
    return S3FileSystem(
        key=variables["AWS_ACCESS_KEY_ID"],
        secret=variables["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=server.url,
        use_listings_cache=False,
    )


def stored(server: S3Server, bucket: str) -> dict[str, object]:
    """The objects of a bucket, with the time at which each was written."""
    found = opened(server).find(f"{bucket}/dvc", detail=True)
    return {path.removeprefix(f"{bucket}/dvc/"): about["LastModified"] for path, about in found.items()}


def lose(server: S3Server, bucket: str, value: str) -> None:
    opened(server).rm_file(f"{bucket}/dvc/files/md5/{value[:2]}/{value[2:]}")


def test_another_machine_restores_everything_without_running(origin: Project, tmp_path: Path) -> None:
    origin.git("rm", "--quiet", "--cached", "dvc.lock", "size.json")
    origin.git("commit", "--quiet", "--message", "without")
    clone = origin.clone(tmp_path / "clone")
    done = clone.run_kit(pull=True)
    assert {stage.state for stage in done.stages} == {StageState.RESTORED}
    assert ran(clone) == set()
    assert not clone.status()


def test_a_changed_param_runs_its_stages_and_fetches_only_their_inputs(
    origin: Project, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    clone = origin.clone(tmp_path / "clone")
    clone.write({"params.yaml": "lr: 2\n"})
    code, out, _ = run(clone, "--pull", "--push", variables=server.variables)
    assert code == 0
    assert ran(clone) == {"train", "evaluate"}
    assert "3 cached, 2 ran, 2 restored" in out
    model = "firstsecondlr: 2\n"
    made = {md5(model), md5(f"{len(model)}\n"), md5(f"{model}more")}
    assert clone.objects() == PREPARED | SIDE | made
    assert {f"files/md5/{one[:2]}/{one[2:]}" for one in made} < stored(server, bucket).keys()


def test_pushing_again_sends_nothing(origin: Project, server: S3Server, bucket: str) -> None:
    before = stored(server, bucket)
    assert origin.run_kit(push=True).unsent is None
    assert stored(server, bucket) == before


def test_an_object_that_the_remote_lost_is_named(
    origin: Project, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    data = listing({"a": "first", "b": "second"})
    lose(server, bucket, data)
    clone = origin.clone(tmp_path / "clone")
    clone.write({"dvc.yaml": origin.read("dvc.yaml").replace("cat data/a data/b", "cat data/b data/a")})
    code, _, err = run(clone, "--pull", variables=server.variables)
    assert code == 7
    assert f"stage 'data.dvc' failed: neither the cache nor the remote has md5:{data}" in err


def test_one_lost_file_of_a_directory_is_named_although_its_listing_is_there(
    origin: Project, server: S3Server, bucket: str, tmp_path: Path
) -> None:
    one = md5("second")
    lose(server, bucket, one)
    clone = origin.clone(tmp_path / "clone")
    clone.write({"dvc.yaml": origin.read("dvc.yaml").replace("cat data/a data/b", "cat data/b data/a")})
    code, _, err = run(clone, "--pull", variables=server.variables)
    assert code == 7
    assert f"stage 'data.dvc' failed: neither the cache nor the remote has md5:{one}" in err


NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(("words", "answer"), [(NO_KEYS, "credentials"), ({"AWS_ACCESS_KEY_ID": "other"}, "Forbidden")])
def test_wrong_credentials_are_exit_five_before_and_after_a_run(
    origin: Project, server: S3Server, tmp_path: Path, words: dict[str, str], answer: str
) -> None:
    variables = {name: value for name, value in (server.variables | words).items() if value}
    clone = origin.clone(tmp_path / "clone")
    code, _, err = run(clone, "--pull", variables=variables)
    assert code == 5
    assert "the DVC remote failed: " in err
    assert answer in err
    origin.write({"params.yaml": "lr: 2\n"})
    code, out, err = run(origin, "--push", variables=variables)
    assert code == 5
    assert "2 ran" in out
    assert "lr: 2" in origin.read("dvc.lock")
    assert run(origin, "--push", variables=server.variables)[0] == 0


def test_a_remote_that_cannot_be_reached_is_exit_five(origin: Project, server: S3Server, tmp_path: Path) -> None:
    clone = origin.clone(tmp_path / "clone")
    clone.write({".dvc/config": clone.read(".dvc/config").replace(server.url, "http://127.0.0.1:9")})
    code, _, err = run(clone, "--pull", variables=server.variables)
    assert code == 5
    assert "Could not connect to the endpoint URL" in err


def test_a_bucket_that_is_not_there_is_exit_five_and_keeps_the_run(origin: Project, server: S3Server) -> None:
    origin.write(
        {".dvc/config": origin.read(".dvc/config").replace("url = s3://", "url = s3://no"), "params.yaml": "lr: 2"}
    )
    code, out, err = run(origin, "--push", variables=server.variables)
    assert code == 5
    assert "2 ran" in out
    assert "the DVC remote failed: The specified bucket does not exist" in err
