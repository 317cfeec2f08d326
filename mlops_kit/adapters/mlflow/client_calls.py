"""The registry's calls by MLflow's own client: databases, Databricks, and servers that want its ways to sign."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from mlops_kit.adapters.mlflow.calls import ModelEntry, RunEntry, VersionDraft, VersionEntry
from mlops_kit.adapters.mlflow.session import MlflowSession, creating, is_missing
from mlops_kit.adapters.mlflow.tracking_batches import batches
from mlops_kit.adapters.mlflow.words import refuse_deleted
from mlops_kit.core.tracking import RunData, RunStatus

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

Entry = TypeVar("Entry")
_MODELS_PAGE, _VERSIONS_PAGE, _RUNS_PAGE = 1_000, 5_000, 100


class ClientRegistryCalls:
    """Registered models and versions by the client; in a database that is not there yet nothing is found."""

    def __init__(self, session: MlflowSession) -> None:
        self._session = session

    def find_model(self, name: str) -> ModelEntry | None:
        """The registered model of this name."""
        if self._session.is_absent:
            return None
        with self._session.calling(f"read the registered model {name}"):
            return _found(lambda: _model(self._session.client.get_registered_model(name)))

    def search_models(self, query: str) -> tuple[ModelEntry, ...]:
        """All that a filter finds."""
        entries: list[ModelEntry] = []
        token: str | None = ""
        while token is not None and not self._session.is_absent:
            with self._session.calling("search registered models"):
                page = self._session.client.search_registered_models(
                    query, max_results=_MODELS_PAGE, page_token=token or None
                )
            entries += map(_model, page)
            token = page.token or None
        return tuple(entries)

    def find_version(self, name: str, number: str) -> VersionEntry | None:
        """The version of this number."""
        if self._session.is_absent:
            return None
        with self._session.calling(f"read version {number} of {name}"):
            return _found(lambda: _version(self._session.client.get_model_version(name, number)))

    def search_versions(self, query: str) -> tuple[VersionEntry, ...]:
        """All that a filter finds."""
        entries: list[VersionEntry] = []
        token: str | None = ""
        while token is not None and not self._session.is_absent:
            with self._session.calling("search versions"):
                page = self._session.client.search_model_versions(
                    query, max_results=_VERSIONS_PAGE, page_token=token or None
                )
            entries += map(_version, page)
            token = page.token or None
        return tuple(entries)

    def create_model(self, name: str, *, tags: Mapping[str, str], description: str) -> None:
        """Create a registered model, once."""
        with self._session.calling(f"create the registered model {name}"), creating():
            self._session.client.create_registered_model(name, tags=dict(tags), description=description)

    def create_version(self, draft: VersionDraft) -> None:
        """Create a version, once."""
        with self._session.calling(f"create a version of {draft.name}"), creating():
            self._session.client.create_model_version(
                draft.name,
                source=draft.source,
                run_id=draft.run_id,
                tags=dict(draft.tags),
                description=draft.description,
                await_creation_for=0,
            )

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set a registered model's tag."""
        with self._session.calling(f"tag the registered model {name}"):
            self._session.client.set_registered_model_tag(name, key, value)

    def tag_version(self, name: str, number: int, *, key: str, value: str) -> None:
        """Set a version's tag."""
        with self._session.calling(f"tag version {number} of {name}"):
            self._session.client.set_model_version_tag(name, str(number), key, value)

    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Point an alias."""
        with self._session.calling(f"set the alias {alias} of {name}"):
            self._session.client.set_registered_model_alias(name, alias, number)


class ClientRunCalls:
    """Runs and their artifacts by the client."""

    def __init__(self, session: MlflowSession) -> None:
        self._session = session

    def find_experiment(self, name: str) -> str:
        """Its id, empty where there is none."""
        if self._session.is_absent:
            return ""
        with self._session.calling(f"read the experiment {name}"):
            found = self._session.client.get_experiment_by_name(name)
        if found is None:
            return ""
        refuse_deleted(name, found.lifecycle_stage)
        return str(found.experiment_id)

    def create_experiment(self, name: str) -> None:
        """Create it, once."""
        with self._session.calling(f"create the experiment {name}"), creating():
            self._session.client.create_experiment(name, artifact_location=self._session.artifact_location)

    def find_runs(self, experiment: str, query: str) -> tuple[RunEntry, ...]:
        """The first runs that a filter finds, oldest first."""
        with self._session.calling("search runs"):
            runs = self._session.client.search_runs(
                [experiment], query, order_by=["attributes.start_time ASC"], max_results=_RUNS_PAGE
            )
        return tuple(RunEntry(run_id=run.info.run_id, artifact_uri=str(run.info.artifact_uri)) for run in runs)

    def create_run(self, experiment: str, name: str, *, tags: Mapping[str, str]) -> None:
        """Create a run, once."""
        with self._session.calling("create a run"), creating():
            self._session.client.create_run(experiment, tags=dict(tags), run_name=name)

    def log_run(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log params, metrics and tags."""
        log_run(self._session, run_id, data, moment=moment)

    def end_run(self, run_id: str, *, moment: int) -> None:
        """Say that it is done."""
        with self._session.calling("end a run"):
            self._session.client.set_terminated(run_id, status=RunStatus.FINISHED.value, end_time=moment)

    def upload(self, run: RunEntry, folder: Path, *, path: str) -> None:
        """Send the files to wherever the run's artifacts are."""
        with self._session.calling("upload a model"):
            self._session.client.log_artifacts(run.run_id, str(folder), path)

    def list_sizes(self, run: RunEntry, path: str) -> Mapping[str, int]:
        """Size of each file, folder by folder."""
        sizes: dict[str, int] = {}
        folders = [path]
        while folders:
            with self._session.calling("list a model's files"):
                files = self._session.client.list_artifacts(run.run_id, folders.pop())
            folders += [file.path for file in files if file.is_dir]
            plain = (file for file in files if not file.is_dir)
            sizes |= {str(PurePosixPath(file.path).relative_to(path)): int(file.file_size or 0) for file in plain}
        return sizes


def log_run(session: MlflowSession, run_id: str, data: RunData, *, moment: int) -> None:
    """Log in as few calls as MLflow takes."""
    from mlflow.entities import Metric, Param, RunTag

    with session.calling("log a run"):
        for part in batches(data):
            session.client.log_batch(
                run_id,
                metrics=[Metric(name, value, moment, 0) for name, value in part.metrics.items()],
                params=[Param(name, value) for name, value in part.params.items()],
                tags=[RunTag(name, value) for name, value in part.tags.items()],
            )


def _found(read: Callable[[], Entry]) -> Entry | None:
    from mlflow.exceptions import MlflowException

    try:
        return read()
    except MlflowException as error:
        if is_missing(error):
            return None
        raise


def _model(found: "RegisteredModel") -> ModelEntry:
    aliases = {str(name): str(number) for name, number in found.aliases.items()}
    return ModelEntry(name=found.name, aliases=aliases, tags=dict(found.tags))


def _version(found: "ModelVersion") -> VersionEntry:
    return VersionEntry(name=found.name, number=int(found.version), status=str(found.status), tags=dict(found.tags))
