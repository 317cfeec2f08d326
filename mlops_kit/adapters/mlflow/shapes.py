"""The JSON of MLflow's REST interface as types, as far as the kit reads it."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from mlops_kit.adapters.mlflow.calls import READY, ModelEntry, RunEntry, VersionEntry
from mlops_kit.core.tracking import KnownRun, RunData, RunStatus

_Whole = Annotated[str, Field(min_length=1)]


class Pair(BaseModel):
    """A param or tag."""

    key: str
    value: str = ""


class Metric(BaseModel):
    """A metric's last value."""

    key: str
    value: float = 0.0


class Data(BaseModel):
    """What was logged of a run."""

    params: list[Pair] = []
    metrics: list[Metric] = []
    tags: list[Pair] = []


class Info(BaseModel):
    """What MLflow itself says of a run."""

    run_id: _Whole
    experiment_id: _Whole
    status: str = RunStatus.RUNNING.value
    start_time: int = 0
    artifact_uri: str = ""


class Run(BaseModel):
    """A run."""

    info: Info
    data: Data = Data()

    def known(self) -> KnownRun:
        """As tracking knows it."""
        return KnownRun(
            experiment_id=self.info.experiment_id,
            run_id=self.info.run_id,
            status=self.info.status,
            began=self.info.start_time,
            data=RunData(
                params=texts(self.data.params),
                metrics={found.key: found.value for found in self.data.metrics},
                tags=texts(self.data.tags),
            ),
        )

    def entry(self) -> RunEntry:
        """As the registry knows it."""
        return RunEntry(run_id=self.info.run_id, artifact_uri=self.info.artifact_uri)


class RunPage(BaseModel):
    """A page of runs."""

    runs: list[Run] = []
    next_page_token: str = ""


class Experiment(BaseModel):
    """An experiment."""

    experiment_id: _Whole
    lifecycle_stage: str = "active"


class ExperimentAnswer(BaseModel):
    """One experiment."""

    experiment: Experiment


class Alias(BaseModel):
    """An alias of a registered model."""

    alias: _Whole
    version: _Whole


class RegisteredModel(BaseModel):
    """A registered model."""

    name: _Whole
    tags: list[Pair] = []
    aliases: list[Alias] = []

    def entry(self) -> ModelEntry:
        """As the registry knows it."""
        aliases = {found.alias: found.version for found in self.aliases}
        return ModelEntry(name=self.name, aliases=aliases, tags=texts(self.tags))


class ModelAnswer(BaseModel):
    """One registered model."""

    registered_model: RegisteredModel


class ModelPage(BaseModel):
    """A page of registered models."""

    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class ModelVersion(BaseModel):
    """A version of a registered model."""

    name: _Whole
    version: int
    status: str = READY
    tags: list[Pair] = []

    def entry(self) -> VersionEntry:
        """As the registry knows it."""
        return VersionEntry(name=self.name, number=self.version, status=self.status, tags=texts(self.tags))


class VersionAnswer(BaseModel):
    """One version."""

    model_version: ModelVersion


class VersionPage(BaseModel):
    """A page of versions."""

    model_versions: list[ModelVersion] = []
    next_page_token: str = ""


class File(BaseModel):
    """A file or folder of a run's artifacts; paths are from their top."""

    path: _Whole
    is_dir: bool = False
    file_size: int = 0


class FilePage(BaseModel):
    """What a folder of artifacts holds."""

    files: list[File] = []
    next_page_token: str = ""


def texts(found: Iterable[Pair]) -> dict[str, str]:
    """Values by key."""
    return {pair.key: pair.value for pair in found}


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Values by key, as MLflow takes them."""
    return [{"key": name, "value": value} for name, value in values.items()]
