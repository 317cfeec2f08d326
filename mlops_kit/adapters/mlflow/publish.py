"""Puts a model's bytes where MLflow keeps artifacts, once per digest.

Each upload is a run of the experiment `mlops-kit` that says which digest it holds, where that comes from and how good
it is, and, when all is there, with which sha256. A run without that mark was cut short and is never used.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from mlops_kit.adapters.mlflow.calls import RunCalls, RunEntry
from mlops_kit.adapters.mlflow.words import DIGEST, has_tag
from mlops_kit.core.errors import ConflictError, IntegrityError, OutsideError, PassingError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.tracking import Lineage, RunData
from mlops_kit.core.types import PromotionRecord

Thing = TypeVar("Thing")
EXPERIMENT = "mlops-kit"
ARTIFACT_PATH = "model"
_MODEL, _PUBLISHED, _UPLOAD = "mlops.model", "mlops.published", "mlops.upload"


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Where the bytes lie: the run that holds them, and the address of their folder."""

    run_id: str
    source: str


def publish(calls: RunCalls, record: PromotionRecord, files: ModelFiles, lineage: Lineage) -> Publication:
    """Upload the bytes of a record's digest, or find them where they were uploaded before.

    Their address is always that of the run's own artifacts, whatever the model or its files are called.
    """
    experiment = _ensure_experiment(calls)
    run = _find_published(calls, experiment, record)
    if run is None:
        run = _create_run(calls, experiment, record, lineage)
        _upload(calls, run, files)
        moment = int(time.time() * 1_000)
        calls.log_run(run.run_id, lineage.data | RunData(tags={_PUBLISHED: record.sha256}), moment=moment)
        calls.end_run(run.run_id, moment=moment)
    return Publication(run_id=run.run_id, source=f"{run.artifact_uri}/{ARTIFACT_PATH}")


def _ensure_experiment(calls: RunCalls) -> str:
    """Find or create it; where creating failed, whether somebody was first or the answer was lost, look again."""
    if found := calls.find_experiment(EXPERIMENT):
        return found
    try:
        calls.create_experiment(EXPERIMENT)
    except (OutsideError, ConflictError):
        if found := calls.find_experiment(EXPERIMENT):
            return found
        raise
    return _require(calls.find_experiment(EXPERIMENT), f"the experiment {EXPERIMENT}")


def _find_published(calls: RunCalls, experiment: str, record: PromotionRecord) -> RunEntry | None:
    query = f"{has_tag(DIGEST, str(record.digest))} and {has_tag(_PUBLISHED, record.sha256)}"
    return next(iter(calls.find_runs(experiment, query)), None)


def _create_run(calls: RunCalls, experiment: str, record: PromotionRecord, lineage: Lineage) -> RunEntry:
    """Create a run and find it by a word of its own, which also tells what became of a call whose answer was lost."""
    word = uuid4().hex
    query = has_tag(_UPLOAD, word)
    tags = {**_tags(record, lineage), _UPLOAD: word}
    try:
        calls.create_run(experiment, f"{record.model} {record.digest.short}"[:250], tags=tags)
    except OutsideError:
        if found := calls.find_runs(experiment, query):
            return found[0]
        raise
    return _require(next(iter(calls.find_runs(experiment, query)), None), "the run")


def _tags(record: PromotionRecord, lineage: Lineage) -> Mapping[str, str]:
    known = {
        DIGEST: str(record.digest),
        _MODEL: record.model,
        "mlops.recipe": record.recipe,
        "mlflow.source.git.commit": record.commit,
        "mlflow.source.name": lineage.commit_url,
        "mlflow.note.content": lineage.description,
    }
    return {name: value for name, value in known.items() if value}


def _upload(calls: RunCalls, run: RunEntry, files: ModelFiles) -> None:
    """Send the files, and look that all of them are there in full."""
    wanted = {path: target.stat().st_size for path, target in files.files.items()}
    with _laid_out(files) as folder:
        calls.upload(run, folder, path=ARTIFACT_PATH)
    found = calls.list_sizes(run, ARTIFACT_PATH)
    wrong = sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))
    if wrong:
        raise OutsideError(
            f"MLflow did not keep what was sent: {wrong[0]!r} has {found.get(wrong[0])} bytes there, "
            f"{wanted.get(wrong[0])} here, and {len(wrong) - 1} more differ",
            hint="run it again; a file's name that MLflow changes must be changed in the model",
        )


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


def _require(found: Thing | None, what: str) -> Thing:
    if not found:
        raise PassingError(f"MLflow does not know {what} that it made")
    return found
