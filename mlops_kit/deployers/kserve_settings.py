"""What `deploy: {kind: kserve}` takes, and what of it all versions of a model have in common."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from mlops_kit.core.config.names import check_branch_name
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.types import EnvironmentName, ModelName
from mlops_kit.deployers.kserve_manifest import Mode, Shape, kubernetes_name
from mlops_kit.deployers.settings import Settings

MODEL_FILE = "MLmodel"
HINT = "namespace, storage and branch are required: docs/kserve.md has an example"
_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_OWN_OF_PREDICTOR = ("name", "canaryTrafficPercent", "storageUris", "containers")
_OWN_OF_MODEL = ("storageUri", "storage", "name")
_CLUSTER_SCHEMES = ("s3://", "gs://", "hdfs://", "webhdfs://", "https://", "pvc://", "file://")
Label = Annotated[str, Field(pattern=_LABEL)]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")]
Text = Annotated[str, Field(pattern=r"^[^-\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")]
Branch = Annotated[str, AfterValidator(check_branch_name)]
Replicas = Annotated[int, Field(ge=0)]


class Protocol(StrEnum):
    """How the model is asked."""

    V1 = "v1"
    V2 = "v2"
    GRPC_V2 = "grpc-v2"


class ModelFormat(Settings):
    """What the runtime is chosen by."""

    name: Text
    version: Text | None = None


class Kubectl(Settings):
    """How the cluster is asked, and whether the kit applies manifests itself; empty: as kubectl is configured."""

    context: Text | None = None
    apply: bool = False


class KserveSettings(Settings):
    """What stands below `deploy:` besides the kind and the keys that all kinds have."""

    namespace: Label
    storage: Text
    storage_uri: Text | None = None
    mode: Annotated[Mode, Field(strict=False)] = Mode.STANDARD
    repository: Text | None = None
    branch: Branch
    path: Text | None = None
    model_format: ModelFormat | None = None
    runtime: Text | None = None
    protocol: Annotated[Protocol | None, Field(strict=False)] = None
    service_account: Text | None = None
    min_replicas: Replicas = 1
    resources: dict[str, Any] | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, LabelValue] = Field(default_factory=dict)
    predictor: dict[str, Any] = Field(default_factory=dict)
    kubectl: Kubectl | None = None
    smoke: str | None = None

    @model_validator(mode="after")
    def _places_are_clear(self) -> "KserveSettings":
        if not (self.storage_uri or self.storage).startswith(_CLUSTER_SCHEMES):
            raise ValueError(
                f"the cluster cannot fetch from storage {self.storage!r}: say in storage-uri how it sees that place, "
                "such as pvc://models"
            )
        parts = (self.path or "deploy").split("/")
        if any(part in {"", ".", "..", ".git"} for part in parts):
            raise ValueError(f"path {self.path!r} is no folder of a branch: such as deploy/production")
        return self

    @model_validator(mode="after")
    def _what_the_kit_sets_is_not_set(self) -> "KserveSettings":
        model = self.predictor.get("model", {})
        if not isinstance(model, dict):
            raise ValueError("predictor.model is a mapping of further fields")  # noqa: TRY004 - pydantic takes these
        taken = [f"predictor.{key}" for key in _OWN_OF_PREDICTOR if key in self.predictor]
        taken += [f"predictor.model.{key}" for key in _OWN_OF_MODEL if key in model]
        if taken:
            raise ValueError(f"{', '.join(taken)}: these are set by the kit; canary: {{steps: …}} shares traffic")
        return self

    def folder(self, environment: EnvironmentName) -> str:
        """Where the manifests of an environment lie on the branch."""
        return self.path or f"deploy/{environment}"

    @property
    def smoke_path(self) -> str:
        """What the smoke test asks for; empty where it asks for nothing."""
        if self.smoke is not None:
            return self.smoke
        asks_v2 = self.protocol is Protocol.V2 or (self.protocol is None and self.model_format is None)
        return "/v2/health/ready" if asks_v2 else ""

    def shape(self, model: ModelName, files: ModelFiles | None) -> Shape:
        """What all versions have in common; InputError where the model's format is not known. No files: any format."""
        own: dict[str, Any] = {"modelFormat": self._format(model, files)}
        protocol = self.protocol or (Protocol.V2 if self.model_format is None else None)
        given = {"runtime": self.runtime, "protocolVersion": protocol and str(protocol), "resources": self.resources}
        own |= {key: value for key, value in given.items() if value is not None}
        predictor: dict[str, Any] = {"minReplicas": self.min_replicas}
        if self.service_account:
            predictor["serviceAccountName"] = self.service_account
        predictor |= {**self.predictor, "model": {**own, **self.predictor.get("model", {})}}
        return Shape(
            name=kubernetes_name(model),
            namespace=self.namespace,
            mode=self.mode,
            predictor=predictor,
            annotations=self.annotations,
            labels=self.labels,
        )

    def _format(self, model: ModelName, files: ModelFiles | None) -> dict[str, str]:
        if self.model_format is not None:
            return self.model_format.model_dump(exclude_none=True)
        if files is not None and MODEL_FILE not in files.files:
            raise InputError(
                f"{model} has no {MODEL_FILE}: KServe must be told what format it has",
                field="deploy.model-format",
                hint="model-format: {name: sklearn}, or save it by mlflow.sklearn.save_model",
            )
        return {"name": "mlflow", "version": "2"}
