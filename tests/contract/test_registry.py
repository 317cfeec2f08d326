"""What every Registry must do: the one in memory, MLflow on SQLite, and MLflow behind its server."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.adapters.mlflow.server import Patience
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Registry
from mlops_kit.core.promotion.names import spell_for_registry
from mlops_kit.core.types import (
    AliasReading,
    CommitSha,
    Digest,
    ModelName,
    RegisteredVersion,
    RegistryReading,
)
from mlops_kit.testing.artifacts import MemoryFiles
from mlops_kit.testing.registry import MemoryRegistry
from tests.contract.registries import DEV, ONE, OURS, STAGING, TWO, Hand, MlflowHand, record

if TYPE_CHECKING:
    from mlflow import MlflowClient


PLAIN = ["memory", "sqlite", "server"]
WITH_POSTGRESQL = [*PLAIN, pytest.param("postgresql", marks=pytest.mark.faults)]


@dataclass(frozen=True)
class Subject:
    """One implementation, and how a person changes it without the kit."""

    registry: Registry
    hand: Hand


def _mlflow_subject(uri: str, root: Path) -> Subject:
    return Subject(registry=MlflowRegistry(uri, root, ownership=OURS), hand=MlflowHand(uri, root))


@pytest.fixture(scope="module", params=WITH_POSTGRESQL)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("registry")
    match request.param:
        case "memory":
            registry = MemoryRegistry()
            return Subject(registry=registry, hand=registry)
        case "sqlite":
            return _mlflow_subject("", folder)
        case "server":
            return _mlflow_subject(request.getfixturevalue("mlflow_address"), folder)
        case _:
            return _mlflow_subject(request.getfixturevalue("postgres_address"), folder)


@pytest.fixture
def model() -> ModelName:
    """A name that no other test uses, with what registries refuse in it."""
    return ModelName(f"team/churn:{uuid4().hex[:8]}")


@pytest.fixture
def files(tmp_path: Path) -> MemoryFiles:
    (tmp_path / "part").write_bytes(b"weights")
    return MemoryFiles(files={"weights/part": tmp_path / "part"}, sha256="a" * 64)


def test_an_unknown_model_has_no_version_and_no_alias(subject: Subject, model: ModelName) -> None:
    assert subject.registry.read_version(model, ONE) is None
    assert subject.registry.read_alias(model, DEV).version is None
    assert subject.registry.read_alias(model, DEV).seq == 0


def test_the_same_bytes_are_registered_once(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    first = subject.registry.ensure_version(record(model), files)
    again = subject.registry.ensure_version(replace(record(model), seq=2, commit=CommitSha("d" * 40)), files)
    assert first == again == subject.registry.read_version(model, ONE)
    assert first.number == "1"
    assert subject.registry.ensure_version(record(model, TWO), files).number == "2"


def test_an_alias_reads_back_with_the_log_number_it_stands_for(
    subject: Subject, model: ModelName, files: MemoryFiles
) -> None:
    one, two = (subject.registry.ensure_version(record(model, digest), files) for digest in (ONE, TWO))
    subject.registry.set_alias(one, DEV, seq=1)
    subject.registry.set_alias(two, DEV, seq=2)
    subject.registry.set_alias(one, STAGING, seq=1)
    dev, staging = subject.registry.read_alias(model, DEV), subject.registry.read_alias(model, STAGING)
    assert (dev.version, dev.seq) == (two, 2)
    assert (staging.version, staging.seq) == (one, 1)


def test_setting_an_alias_again_changes_nothing(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    version = subject.registry.ensure_version(record(model), files)
    for _ in range(2):
        subject.registry.set_alias(version, DEV, seq=7)
    reading = subject.registry.read_alias(model, DEV)
    assert (reading.version, reading.seq) == (version, 7)


def test_an_alias_on_somebody_elses_version_is_foreign(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    version = subject.registry.ensure_version(record(model), files)
    subject.registry.set_alias(version, DEV, seq=1)
    number = subject.hand.add_foreign_version(model)
    subject.registry.set_alias(version, STAGING, seq=1)
    subject.hand.move_alias(model, DEV, number)
    reading = subject.registry.read_alias(model, DEV)
    assert (reading.version, reading.foreign, reading.seq) == (None, f"version {number}", 1)


def test_many_models_are_read_at_once(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    names = [ModelName(f"{model}-{number}") for number in range(12)]
    versions = {name: subject.registry.ensure_version(record(name), files) for name in names[:11]}
    for version in versions.values():
        subject.registry.set_alias(version, DEV, seq=4)
    subject.hand.delete_version(names[1], "1")
    subject.hand.move_alias(names[2], DEV, subject.hand.add_foreign_version(names[2]))
    subject.registry.ensure_version(record(names[3], TWO), files)
    subject.hand.move_alias(names[3], DEV, "2")
    found = subject.registry.read_models(dict.fromkeys(names, frozenset({ONE})))
    told = {name: (reading.registered, reading.alias(DEV)) for name, reading in found.items()}
    there = frozenset({ONE})
    two = RegisteredVersion(model=names[3], number="2", digest=TWO)
    assert told == {
        **{name: (there, AliasReading(version=version, seq=4)) for name, version in versions.items()},
        names[1]: (frozenset(), AliasReading(version=None, seq=4)),
        names[2]: (there, AliasReading(version=None, seq=4, foreign="version 2")),
        names[3]: (there, AliasReading(version=two, seq=4)),
        names[11]: (frozenset(), AliasReading(version=None)),
    }


def test_few_models_are_read_as_many_are(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    version = subject.registry.ensure_version(record(model), files)
    subject.registry.set_alias(version, DEV, seq=1)
    found = subject.registry.read_models({model: frozenset({ONE, TWO})})
    alias = AliasReading(version=version, seq=1)
    assert found == {model: RegistryReading(registered=frozenset({ONE}), aliases={DEV: alias})}


def test_a_deleted_version_takes_its_alias_with_it(subject: Subject, model: ModelName, files: MemoryFiles) -> None:
    version = subject.registry.ensure_version(record(model), files)
    subject.registry.set_alias(version, DEV, seq=3)
    subject.hand.delete_version(model, version.number)
    reading = subject.registry.read_alias(model, DEV)
    assert (reading.version, reading.foreign, reading.seq) == (None, "", 3)
    assert subject.registry.ensure_version(record(model), files).number == "2"


def test_a_registered_model_that_was_deleted_is_made_again_with_numbers_from_one(
    subject: Subject, model: ModelName, files: MemoryFiles
) -> None:
    subject.registry.ensure_version(record(model), files)
    subject.registry.set_alias(subject.registry.ensure_version(record(model, TWO), files), DEV, seq=1)
    subject.hand.delete_model(model)
    assert subject.registry.read_alias(model, DEV) == AliasReading(version=None)
    again = subject.registry.ensure_version(record(model, TWO), files)
    assert again.number == "1"
    subject.registry.set_alias(again, DEV, seq=1)
    assert subject.registry.read_alias(model, DEV) == AliasReading(version=again, seq=1)


HOSTILE = ("a\nb", "<b>", "$(id)", "../../etc/passwd", "-rf", "a'b", "`x`", "ü", "a%2Fb", " ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a12_a_model_of_any_name_is_registered_beside_those_of_other_names(
    subject: Subject, files: MemoryFiles, name: str
) -> None:
    model = ModelName(f"{name}{uuid4().hex[:6]}")
    version = subject.registry.ensure_version(record(model), files)
    subject.registry.set_alias(version, DEV, seq=1)
    found = subject.registry.read_models({model: frozenset({ONE})})[model]
    assert found == RegistryReading(registered=frozenset({ONE}), aliases={DEV: AliasReading(version=version, seq=1)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def mlflow(folder: Path) -> MlflowRegistry:
    """MLflow on SQLite, for what only MLflow can do wrong."""
    return MlflowRegistry("", folder, ownership=OURS)


@pytest.fixture(scope="module")
def client(folder: Path) -> "MlflowClient":
    return MlflowHand("", folder).client


def test_of_two_versions_with_one_digest_the_lowest_is_canonical(
    mlflow: MlflowRegistry, client: "MlflowClient", model: ModelName, files: MemoryFiles
) -> None:
    version = mlflow.ensure_version(record(model), files)
    name = spell_for_registry(model)
    client.create_model_version(name, source="s3://elsewhere/model", tags={"mlops.digest": str(ONE)})
    assert mlflow.read_version(model, ONE) == version


def test_a_version_carries_its_origin_and_its_bytes(
    mlflow: MlflowRegistry, client: "MlflowClient", model: ModelName, files: MemoryFiles
) -> None:
    version = mlflow.ensure_version(record(model), files)
    found = client.get_model_version(spell_for_registry(model), version.number)
    assert found.tags == {
        "mlops.digest": str(ONE),
        "mlops.sha256": "a" * 64,
        "mlops.recipe": "b" * 64,
        "mlops.commit": "c" * 40,
        "mlops.repository": "octo/churn",
    }
    location = Path(str(found.source).removeprefix("file://"))
    assert (location / "weights" / "part").read_bytes() == b"weights"


def test_bytes_of_one_digest_are_uploaded_once_for_all_models(
    mlflow: MlflowRegistry, client: "MlflowClient", model: ModelName, files: MemoryFiles
) -> None:
    digest = Digest(algorithm="md5", value=uuid4().hex)
    other = ModelName(f"{model}-other")
    versions = [mlflow.ensure_version(record(name, digest), files) for name in (model, other)]
    sources = [client.get_model_version(spell_for_registry(v.model), v.number).source for v in versions]
    assert sources[0] == sources[1]


def test_mlflow_says_nothing_on_stdout_or_stderr(
    mlflow: MlflowRegistry, model: ModelName, files: MemoryFiles, capfd: pytest.CaptureFixture[str]
) -> None:
    mlflow.set_alias(mlflow.ensure_version(record(model), files), DEV, seq=1)
    assert capfd.readouterr() == ("", "")


def test_a_server_that_is_not_there_is_an_outside_error_without_credentials(tmp_path: Path) -> None:
    registry = MlflowRegistry("http://ada:s3cret@127.0.0.1:9", tmp_path, patience=Patience(tries=2, pause=0.01))
    with pytest.raises(OutsideError, match=re.escape("MLflow at http://127.0.0.1:9 did not answer")) as caught:
        registry.read_alias(ModelName("churn"), DEV)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("uri", ["./mlruns", "file:///srv/mlruns"])
def test_the_file_store_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file store"):
        MlflowRegistry(uri, tmp_path)
