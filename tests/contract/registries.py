"""Registries under test, what people do in them by hand, and the records that are registered."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.session import MlflowSession
from mlops_kit.core.promotion.names import spell_for_registry
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, PromotionKind, PromotionRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEV, STAGING = EnvironmentName("dev"), EnvironmentName("staging")
ONE, TWO = (Digest(algorithm="md5", value=letter * 32) for letter in "12")
OURS = Ownership(repository="octo/churn")


class Hand(Protocol):
    """What people do in a registry's own pages."""

    def add_foreign_version(self, model: ModelName) -> str: ...

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None: ...

    def delete_version(self, model: ModelName, number: str) -> None: ...

    def delete_model(self, model: ModelName) -> None: ...


class MlflowHand:
    """A person with MLflow's own client."""

    def __init__(self, uri: str, root: Path) -> None:
        self.client: MlflowClient = MlflowSession(uri, root).client

    def add_foreign_version(self, model: ModelName) -> str:
        version = self.client.create_model_version(spell_for_registry(model), source="s3://elsewhere/model")
        return str(version.version)

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None:
        self.client.set_registered_model_alias(spell_for_registry(model), environment, number)

    def delete_version(self, model: ModelName, number: str) -> None:
        self.client.delete_model_version(spell_for_registry(model), number)

    def delete_model(self, model: ModelName) -> None:
        self.client.delete_registered_model(spell_for_registry(model))


def record(model: ModelName, digest: Digest = ONE, *, seq: int = 1) -> PromotionRecord:
    return PromotionRecord(
        model=model,
        environment=DEV,
        seq=seq,
        digest=digest,
        sha256="a" * 64,
        recipe="b" * 64,
        previous=None,
        kind=PromotionKind.BOOTSTRAP,
        commit=CommitSha("c" * 40),
    )
