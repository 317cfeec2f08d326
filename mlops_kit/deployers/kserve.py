"""Deploys to KServe by GitOps: one InferenceService per model and environment on a branch, which a controller follows.

The bytes are published first, under a name of their own; then the manifest that names them is committed. Argo CD or
Flux brings it to the cluster, or kubectl where `kubectl: {apply: true}` says so. Keys and traps: docs/kserve.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import ConflictError, InputError, OutsideError
from mlops_kit.core.ports import ModelFiles, Tools
from mlops_kit.core.serving import BranchFolder
from mlops_kit.core.types import Digest, EnvironmentName, Health, ModelName, PromotionRecord, ServingReading
from mlops_kit.deployers.kserve_cluster import Cluster
from mlops_kit.deployers.kserve_health import judge_service
from mlops_kit.deployers.kserve_manifest import (
    CANARY_DIGEST,
    DIGEST,
    ENVIRONMENT,
    MODEL,
    SEQ,
    SPEC,
    Mode,
    Node,
    Shape,
    is_as_rendered,
    kubernetes_name,
    mode_of,
    shifted,
    shown_name,
    stable_predictor,
    storage_name,
    taken_back,
    whole,
)
from mlops_kit.deployers.kserve_schema import check_manifest
from mlops_kit.deployers.kserve_settings import HINT, KserveSettings
from mlops_kit.deployers.kserve_yaml import KUSTOMIZATIONS, SUFFIX, add_resource, read_yaml, write_yaml
from mlops_kit.deployers.settings import read_settings

_ANSWER_SECONDS = 20.0
_NOT_ASKED = "committed; the cluster was not asked"
Render = Callable[[Node | None], Node | None]
"""From the manifest as it is to the one that should be; None where there is to be none."""


@dataclass(frozen=True, kw_only=True)
class _Committed:
    """A manifest as it is on the branch: its stable version, and where the cluster is told to fetch that from."""

    manifest: Node
    digest: Digest
    seq: int
    served: str


class Kserve:
    """The CanaryDeployer port over manifests on a branch."""

    def __init__(self, settings: dict[str, object], tools: Tools) -> None:
        self._settings = read_settings("kserve", KserveSettings, settings, hint=HINT)
        self._tools = tools
        kubectl = self._settings.kubectl
        self._cluster = Cluster(tools.commands, kubectl, self._settings.namespace) if kubectl else None

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """The stable version that the manifest names; its health where the cluster may be asked."""
        file = _file(model)
        found = self._tools.gitops.read_files(self._folder(environment), [file])
        if file not in found:
            return ServingReading(digest=None, health=Health.MISSING, message="there is no manifest yet")
        there = _parse(found[file], environment, model)
        if there.served.rpartition("/")[2] != storage_name(there.digest):
            message = f"the manifest was changed by hand: it serves {there.served}, and says {there.digest}"
            return ServingReading(digest=None, health=Health.DEGRADED, message=message)
        health, messages, url = self._ask_health(there.manifest)
        if not is_as_rendered(there.manifest):
            messages = (*messages, "the manifest was changed by hand")
        return ServingReading(
            digest=there.digest, health=health, message="; ".join(filter(None, messages)), seq=there.seq, url=url
        )

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Publish the bytes, commit the manifest of the version alone, and apply it where the kit does that."""
        shape, uri = self._publish(record, files)
        what = f"Serve {shape.name} in {record.environment}: {storage_name(record.digest)} (#{record.seq})"
        self._write(record, what, lambda current: whole(shape, record, uri, current))

    def shift(self, record: PromotionRecord, files: ModelFiles, percent: int) -> None:
        """The same with a part of the traffic for the version, beside the stable one."""
        shape, uri = self._publish(record, files)
        if "workerSpec" in shape.predictor and shape.mode is Mode.STANDARD:
            raise InputError("KServe has no canaries of predictors with a workerSpec", field="deploy.canary")

        def render(current: Node | None) -> Node:
            if current is None:
                raise OutsideError(f"{shape.name} has no manifest yet: there is nothing stable beside a canary")
            return shifted(shape, record, uri, current, percent)

        what = f"Lead {percent} % of {shape.name} in {record.environment} to {storage_name(record.digest)}"
        self._write(record, what, render)

    def abort(self, record: PromotionRecord) -> None:
        """Commit the manifest without a canary."""
        shape = self._settings.shape(record.model, None)
        what = f"Take the canary of {shape.name} in {record.environment} back"
        self._write(record, what, lambda current: current and taken_back(shape, current))

    def test(self, record: PromotionRecord) -> None:
        """Ask the service's own address for the smoke path; nothing where the cluster is not asked."""
        service = self._cluster.read(kubernetes_name(record.model)) if self._cluster else None
        url = str(((service or {}).get("status") or {}).get("url") or "")
        path = self._settings.smoke_path
        if not url or not path:
            return
        address = f"{url.rstrip('/')}/{path.lstrip('/')}"
        status = self._tools.web.ask(address, timeout_seconds=_ANSWER_SECONDS).status
        if status != 200:
            raise OutsideError(f"{address} answers {status}", hint="smoke: /PATH says what to ask for, empty: nothing")

    def _publish(self, record: PromotionRecord, files: ModelFiles) -> tuple[Shape, str]:
        """What the manifest is made of, once the bytes are where it says."""
        settings = self._settings
        shape = settings.shape(record.model, files)
        name = f"{shape.name}/{storage_name(record.digest)}"
        place = (settings.storage_uri or settings.storage).rstrip("/")
        check_manifest(whole(shape, record, f"{place}/{name}", None))
        self._tools.storage.publish(settings.storage.rstrip("/"), name, files)
        return shape, f"{place}/{name}"

    def _write(self, record: PromotionRecord, message: str, render: Render) -> None:
        """Commit what is rendered from the manifest that is there, whoever wrote to the branch meanwhile."""
        file, texts = _file(record.model), []

        def edit(files: Mapping[str, bytes]) -> dict[str, bytes]:
            current = _parse(files[file], record.environment, record.model).manifest if file in files else None
            manifest = render(current)
            if manifest is None:
                return {}
            _refuse_other_mode(current, manifest)
            check_manifest(manifest)
            text = write_yaml(manifest) if manifest is not current else files[file]
            texts.append(text)
            return {file: text, **add_resource(files, file)}

        self._tools.gitops.edit_files(self._folder(record.environment), [file, *KUSTOMIZATIONS], edit, message=message)
        if self._cluster and self._settings.kubectl and self._settings.kubectl.apply and texts:
            self._cluster.apply(texts[-1])

    def _ask_health(self, manifest: Node) -> tuple[Health, tuple[str, ...], str]:
        """Health, what there is to say about it, and the service's address."""
        if self._cluster is None:
            return Health.HEALTHY, (_NOT_ASKED, _warn_of_fresh_clusters(manifest)), ""
        service = self._cluster.read(manifest["metadata"]["name"])
        if service is None:
            return Health.PROGRESSING, ("committed; the cluster has no such service yet",), ""
        url = str((service.get("status") or {}).get("url") or "")
        noted = ((service.get("metadata") or {}).get("annotations") or {}).get(SPEC)
        if noted != manifest["metadata"]["annotations"].get(SPEC):
            return Health.PROGRESSING, ("committed; the cluster has not taken the manifest yet",), url
        health, message = judge_service(service)
        return health, (message, _warn_of_fresh_clusters(manifest)), url

    def _folder(self, environment: EnvironmentName) -> BranchFolder:
        settings = self._settings
        path = settings.folder(environment)
        return BranchFolder(branch=settings.branch, path=path, repository=settings.repository or "")


def _file(model: ModelName) -> str:
    return f"{kubernetes_name(model)}{SUFFIX}"


def _parse(data: bytes, environment: EnvironmentName, model: ModelName) -> _Committed:
    """The manifest; OutsideError where it is not one of the kit's, ConflictError where it is another one's."""
    file = _file(model)
    manifest = read_yaml(data, file)
    try:
        notes = manifest["metadata"]["annotations"]
        owner = (notes[MODEL], notes[ENVIRONMENT])
        served = str(stable_predictor(manifest)["model"]["storageUri"])
        found = _Committed(manifest=manifest, digest=Digest.parse(notes[DIGEST]), seq=int(notes[SEQ]), served=served)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutsideError(
            f"{file} of the GitOps branch is not as the kit writes it: {type(error).__name__} {error}",
            hint="restore it from the branch's history, or remove it",
        ) from error
    if owner != (shown_name(model), environment):
        raise ConflictError(
            f"{file} of the GitOps branch is the manifest of {owner[0]!r} in {owner[1]!r}",
            hint="give each environment a path of its own",
        )
    return found


def _refuse_other_mode(current: Node | None, manifest: Node) -> None:
    if current is not None and mode_of(current) != mode_of(manifest):
        raise InputError(
            f"the service runs in {mode_of(current)} mode, and KServe lets no service change its mode",
            field="deploy.mode",
            hint="remove the manifest from the branch, let the controller delete the service, then deploy again",
        )


def _warn_of_fresh_clusters(manifest: Node) -> str:
    is_share = CANARY_DIGEST in manifest["metadata"]["annotations"] and mode_of(manifest) == Mode.KNATIVE
    return (
        "; a canary is under way, and on a fresh cluster Knative mode gives it all of the traffic" if is_share else ""
    )
