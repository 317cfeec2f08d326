"""The registry's calls by a server's REST interface, without MLflow's client.

Only the upload to a store that the server does not keep itself (s3, gs, a folder) is the client's.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from mlops_kit.adapters.mlflow import rest_runs
from mlops_kit.adapters.mlflow.calls import ModelEntry, RunCalls, RunEntry, VersionDraft, VersionEntry
from mlops_kit.adapters.mlflow.replies import Answer, read_shape
from mlops_kit.adapters.mlflow.server import Server
from mlops_kit.adapters.mlflow.shapes import (
    FilePage,
    ModelAnswer,
    ModelPage,
    VersionAnswer,
    VersionPage,
    pairs,
)
from mlops_kit.adapters.mlflow.words import MISSING
from mlops_kit.core.errors import OutsideError, RefusedError
from mlops_kit.core.tracking import RunData, RunStatus

Shape = TypeVar("Shape", bound=BaseModel)
Page = TypeVar("Page", ModelPage, VersionPage, FilePage)
_PROXIED, _OLDEST_FIRST = "mlflow-artifacts", ("attributes.start_time ASC",)
_MODELS_PAGE, _VERSIONS_PAGE, _MOST_PAGES = 1_000, 5_000, 200
_MILLISECONDS = 1_000


class RestRegistryCalls:
    """Registered models and versions by REST; each call has all of the server's time."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def find_model(self, name: str) -> ModelEntry | None:
        """The registered model of this name."""
        answer = _find(self._server, "registered-models/get", {"name": name}, ModelAnswer)
        return answer.registered_model.entry() if answer else None

    def search_models(self, query: str) -> tuple[ModelEntry, ...]:
        """All that a filter finds."""
        asked = {"filter": query, "max_results": str(_MODELS_PAGE)}
        pages = _pages(self._server, "registered-models/search", asked, ModelPage)
        return tuple(found.entry() for page in pages for found in page.registered_models)

    def find_version(self, name: str, number: str) -> VersionEntry | None:
        """The version of this number."""
        answer = _find(self._server, "model-versions/get", {"name": name, "version": number}, VersionAnswer)
        return answer.model_version.entry() if answer else None

    def search_versions(self, query: str) -> tuple[VersionEntry, ...]:
        """All that a filter finds."""
        asked = {"filter": query, "max_results": str(_VERSIONS_PAGE)}
        pages = _pages(self._server, "model-versions/search", asked, VersionPage)
        return tuple(found.entry() for page in pages for found in page.model_versions)

    def create_model(self, name: str, *, tags: Mapping[str, str], description: str) -> None:
        """Create a registered model, once."""
        body = {"name": name, "tags": pairs(tags), "description": description}
        self._server.renewed().create("registered-models/create", body)

    def create_version(self, draft: VersionDraft) -> None:
        """Create a version, once."""
        body = {
            "name": draft.name,
            "source": draft.source,
            "run_id": draft.run_id,
            "tags": pairs(draft.tags),
            "description": draft.description,
        }
        self._server.renewed().create("model-versions/create", body)

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set a registered model's tag."""
        self._server.renewed().write("registered-models/set-tag", {"name": name, "key": key, "value": value})

    def tag_version(self, name: str, number: int, *, key: str, value: str) -> None:
        """Set a version's tag."""
        body = {"name": name, "version": str(number), "key": key, "value": value}
        self._server.renewed().write("model-versions/set-tag", body)

    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Point an alias."""
        self._server.renewed().write("registered-models/alias", {"name": name, "alias": alias, "version": number})


class RestRunCalls:
    """Runs by REST, and their artifacts where the server keeps them; else `client` sends and lists them."""

    def __init__(self, server: Server, client: RunCalls) -> None:
        self._server = server
        self._client = client

    def find_experiment(self, name: str) -> str:
        """Its id, empty where there is none."""
        return rest_runs.find_experiment(self._server.renewed(), name)

    def create_experiment(self, name: str) -> None:
        """Create it, once."""
        self._server.renewed().create("experiments/create", {"name": name})

    def find_runs(self, experiment: str, query: str) -> tuple[RunEntry, ...]:
        """The runs that a filter finds, oldest first."""
        found = rest_runs.search_runs(self._server.renewed(), experiment, query, order=_OLDEST_FIRST)
        return tuple(run.entry() for run in found)

    def create_run(self, experiment: str, name: str, *, tags: Mapping[str, str]) -> None:
        """Create a run, once."""
        began = int(time.time() * _MILLISECONDS)
        self._server.renewed().create("runs/create", rest_runs.new_run(experiment, name, began=began, tags=tags))

    def log_run(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log params, metrics and tags."""
        rest_runs.log_run(self._server.renewed(), run_id, data, moment=moment)

    def end_run(self, run_id: str, *, moment: int) -> None:
        """Say that it is done."""
        rest_runs.end_run(self._server.renewed(), run_id, RunStatus.FINISHED.value, moment=moment)

    def upload(self, run: RunEntry, folder: Path, *, path: str) -> None:
        """Send the files through the server, or to the store that it names."""
        if not _is_proxied(run):
            self._client.upload(run, folder, path=path)
            return
        top = self._top(run)
        for file in sorted(found for found in folder.rglob("*") if found.is_file()):
            name = file.relative_to(folder).as_posix()
            _refuse_name(name)
            self._server.put_artifact(f"{top}/{path}/{name}", file)

    def list_sizes(self, run: RunEntry, path: str) -> Mapping[str, int]:
        """Size of each file, folder by folder, as the server sees them."""
        if not _is_proxied(run):
            return self._client.list_sizes(run, path)
        sizes: dict[str, int] = {}
        folders = [path]
        while folders:
            asked = {"run_id": run.run_id, "path": folders.pop()}
            for page in _pages(self._server, "artifacts/list", asked, FilePage):
                folders += [file.path for file in page.files if file.is_dir]
                files = (file for file in page.files if not file.is_dir)
                sizes |= {str(PurePosixPath(file.path).relative_to(path)): file.file_size for file in files}
        return sizes

    def _top(self, run: RunEntry) -> str:
        """The path of a run's artifacts; OutsideError where they are another server's, which gets no credentials."""
        parts = urlsplit(run.artifact_uri)
        if parts.netloc and parts.netloc != urlsplit(self._server.address).netloc:
            raise OutsideError(
                f"MLflow at {self._server.address} keeps artifacts on another server ({parts.hostname})",
                hint="start it with --artifacts-destination, or with a store such as s3://",
            )
        return parts.path.strip("/")


def _is_proxied(run: RunEntry) -> bool:
    return urlsplit(run.artifact_uri).scheme == _PROXIED


def _refuse_name(name: str) -> None:
    """MLflow's server refuses some names, with answers that do not say so."""
    if "#" in name or not name.isprintable():
        raise RefusedError(f"an MLflow server keeps no file named {name!r}", hint="rename it in the model's folder")


def _find(server: Server, call: str, query: Mapping[str, str], shape: type[Shape]) -> Shape | None:
    def read(answer: Answer) -> Shape | None:
        return None if answer.error_code else read_shape(shape, answer.value)

    return server.renewed().get(call, query, read, expected=MISSING)


def _pages(server: Server, call: str, query: Mapping[str, str], shape: type[Page]) -> Iterator[Page]:
    """All pages of an answer; OutsideError where they do not end."""

    def read(answer: Answer) -> Page:
        return read_shape(shape, answer.value)

    asked = dict(query)
    for _ in range(_MOST_PAGES):
        page = server.renewed().get(call, asked, read, expected="")
        yield page
        if not page.next_page_token:
            return
        asked["page_token"] = page.next_page_token
    raise OutsideError(f"MLflow at {server.address} has more than {_MOST_PAGES} pages of {call}")
