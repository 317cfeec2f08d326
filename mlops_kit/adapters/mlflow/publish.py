"""Puts a model's bytes where MLflow keeps artifacts, once per digest.

Each upload is a run of the experiment `mlops-kit` that says which digest it holds, and, when all is there, with which
sha256. A run without that mark was cut short and is never used.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.mlflow.session import MlflowSession, creating, is_taken
from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.types import PromotionRecord

if TYPE_CHECKING:
    from mlflow.entities import Run

EXPERIMENT = "mlops-kit"
ARTIFACT_PATH = "model"
_DIGEST, _MODEL, _PUBLISHED = "mlops.digest", "mlops.model", "mlops.published"


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Where the bytes lie: the run that holds them, and the address of their folder."""

    run_id: str
    source: str


def publish(session: MlflowSession, record: PromotionRecord, files: ModelFiles) -> Publication:
    """Upload the bytes of a record's digest, or find them where they were uploaded before."""
    experiment = _ensure_experiment(session)
    run = _find_published(session, experiment, record) or _upload(session, experiment, record=record, files=files)
    return Publication(run_id=run.info.run_id, source=f"{run.info.artifact_uri}/{ARTIFACT_PATH}")


def _ensure_experiment(session: MlflowSession) -> str:
    from mlflow.exceptions import MlflowException

    found = session.client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    try:
        with creating():
            return str(session.client.create_experiment(EXPERIMENT, artifact_location=session.artifact_location))
    except MlflowException as error:
        found = session.client.get_experiment_by_name(EXPERIMENT)
        if found is None or not is_taken(error):
            raise
        return str(found.experiment_id)


def _find_published(session: MlflowSession, experiment: str, record: PromotionRecord) -> "Run | None":
    runs = session.client.search_runs(
        [experiment],
        f"tags.`{_DIGEST}` = '{record.digest}' and tags.`{_PUBLISHED}` = '{record.sha256}'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return runs[0] if runs else None


def _upload(session: MlflowSession, experiment: str, *, record: PromotionRecord, files: ModelFiles) -> "Run":
    tags = {_DIGEST: str(record.digest), _MODEL: record.model}
    with creating():
        run = session.client.create_run(experiment, tags=tags, run_name=f"{record.model} {record.digest.short}")
    with _laid_out(files) as folder:
        session.client.log_artifacts(run.info.run_id, str(folder), ARTIFACT_PATH)
    session.client.set_tag(run.info.run_id, _PUBLISHED, record.sha256)
    session.client.set_terminated(run.info.run_id)
    return run


@contextmanager
def _laid_out(files: ModelFiles) -> Iterator[Path]:
    """A folder of links with the files' own names: MLflow uploads folders, and reads through links."""
    with tempfile.TemporaryDirectory(prefix="mlops-kit-") as name:
        for path, target in files.files.items():
            link = Path(name, path)
            if not link.resolve().is_relative_to(Path(name).resolve()):
                raise IntegrityError(f"a file of the model leaves its folder: {path}")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target.resolve())
        yield Path(name)
