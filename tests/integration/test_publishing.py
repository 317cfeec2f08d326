"""What people find in MLflow of a version: its bytes, loadable where it is MLflow's own kind; numbers, links, tags."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.pipeline.values import ValueFile
from mlops_kit.core.promotion.lineage import describe_lineage
from mlops_kit.core.types import Digest, ModelName
from mlops_kit.testing.artifacts import MemoryFiles
from tests.contract.mlflow_server import running_server
from tests.contract.registries import DEV, OURS, MlflowHand, record

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE = "https://github.com/octo/churn"


@pytest.fixture(scope="module", params=["server keeps", "folder", "sqlite"])
def uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that keeps artifacts itself, one that names a folder for them, and a database."""
    folder = tmp_path_factory.mktemp("mlflow")
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'mlflow.db'}"
        return
    if request.param == "server keeps":
        yield request.getfixturevalue("mlflow_address")
        return
    with running_server(folder, store=(folder / "store").as_uri()) as address:
        yield address


@pytest.fixture
def registry(uri: str, tmp_path: Path) -> MlflowRegistry:
    return MlflowRegistry(uri, tmp_path, ownership=OURS)


@pytest.fixture
def client(uri: str, tmp_path: Path) -> "MlflowClient":
    return MlflowHand(uri, tmp_path).client


@pytest.fixture
def model() -> ModelName:
    return ModelName(f"churn-{uuid4().hex[:8]}")


def new_digest(ending: str = "") -> Digest:
    return Digest(algorithm="md5", value=f"{uuid4().hex}{ending}")


def files_below(folder: Path) -> MemoryFiles:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return MemoryFiles(files=found, sha256=uuid4().hex * 2)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_mlflow_model_is_loaded_by_its_alias(
    registry: MlflowRegistry, uri: str, model: ModelName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    from mlflow import pyfunc

    class Doubling(pyfunc.PythonModel):  # type: ignore[misc,name-defined]  # MLflow makes it when it is asked for
        def predict(self, context: object, model_input: list[int], params: object = None) -> list[int]:  # noqa: ARG002
            return [2 * number for number in model_input]

    pyfunc.save_model(tmp_path / "saved", python_model=Doubling(), pip_requirements=[])
    monkeypatch.chdir(tmp_path)
    version = registry.ensure_version(record(model, new_digest(".dir")), files_below(tmp_path / "saved"))
    registry.set_alias(version, DEV, seq=1)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")  # the one who loads it decides; the kit may not
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, uri)  # MLflow sets them itself, and no later test may find them
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        loaded = pyfunc.load_model(f"models:/{model}@{DEV}")
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])
    assert loaded.predict([1, 2]) == [2, 4]


def test_a_version_leads_to_its_numbers_its_commit_and_its_pull_request(
    registry: MlflowRegistry, client: "MlflowClient", model: ModelName, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    files = MemoryFiles(files={"model.bin": tmp_path / "model.bin"}, sha256="e" * 64)
    promoted = replace(record(model, new_digest()), sha256="e" * 64, pull_request=12)
    lineage = describe_lineage(
        promoted,
        page=PAGE,
        metrics=[ValueFile(path="metrics.json", values={"accuracy": 0.93, "loss@1": float("nan"), "name": "x"})],
        params=[ValueFile(path="params.yaml", values={"lr": 0.1, "layers": None})],
    )
    version = registry.ensure_version(promoted, files, lineage)
    found = client.get_model_version(str(model), version.number)
    told = (
        f"From commit [cccccccc]({PAGE}/commit/{'c' * 40}) by pull request [#12]({PAGE}/pull/12) "
        f"for dev: {promoted.digest}."
    )
    assert found.description == told
    assert set(found.tags) == {f"mlops.{name}" for name in ("digest", "sha256", "recipe", "commit", "repository")}
    run = client.get_run(str(found.run_id))
    assert (run.data.metrics, run.data.params) == ({"accuracy": 0.93}, {"lr": "0.1", "layers": "null"})
    assert run.info.status == "FINISHED"
    tags = run.data.tags
    assert {name: tags[name] for name in tags if name.startswith("mlflow.source") or name == "mlops.recipe"} == {
        "mlflow.source.git.commit": "c" * 40,
        "mlflow.source.name": f"{PAGE}/commit/{'c' * 40}",
        "mlops.recipe": "b" * 64,
    }
    assert (tags["mlops.published"], tags["mlflow.note.content"]) == ("e" * 64, told)
    assert str(found.source).removeprefix("file://") == f"{run.info.artifact_uri}/model".removeprefix("file://")


def test_a_folder_of_files_keeps_its_shape(
    registry: MlflowRegistry, client: "MlflowClient", model: ModelName, tmp_path: Path
) -> None:
    for path, data in {"a b/part 1": b"123", "a b/c/none": b"", "top": b"x" * 100_000}.items():
        (tmp_path / "made" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / path).write_bytes(data)
    version = registry.ensure_version(record(model, new_digest(".dir")), files_below(tmp_path / "made"))
    run = str(client.get_model_version(str(model), version.number).run_id)
    got = Path(client.download_artifacts(run, "model", str(tmp_path)))
    assert {path.relative_to(got).as_posix(): path.stat().st_size for path in got.rglob("*") if path.is_file()} == {
        "a b/part 1": 3, "a b/c/none": 0, "top": 100_000,
    }  # fmt: skip


def test_a12_the_address_of_a_version_is_its_run_s_own_whatever_things_are_called(
    registry: MlflowRegistry, client: "MlflowClient", tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    files = MemoryFiles(files={"model.bin": tmp_path / "model.bin"}, sha256="f" * 64)
    model = ModelName("../../etc/passwd")
    version = registry.ensure_version(record(model, new_digest()), files)
    found = client.get_model_version(Ownership().name(model), version.number)
    assert f"/{found.run_id}/artifacts/model" in str(found.source)
    assert "passwd" not in str(found.source)


def test_a12_a_file_that_leaves_its_folder_is_an_integrity_error(
    registry: MlflowRegistry, model: ModelName, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    files = MemoryFiles(files={"../evil": tmp_path / "model.bin"}, sha256=uuid4().hex * 2)
    with pytest.raises(IntegrityError, match="leaves its folder"):
        registry.ensure_version(record(model, new_digest()), files)
    assert registry.read_models({model: frozenset()})[model].aliases == {}
