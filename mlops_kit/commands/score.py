"""Scores one file of a model in a copy of the work tree, and reads what that wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import InterruptedRunError, KitError, StageFailedError
from mlops_kit.core.pipeline.scoring import Step, Trial
from mlops_kit.core.pipeline.values import metric_values, parse_values
from mlops_kit.core.ports import Artifacts, Engine, Progress
from mlops_kit.core.ports.scoring import Placed, ScoringCopies
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.review.scores import Scored, parse_rows
from mlops_kit.core.run import CommandEnd, StageCommand, StageResult, StageState
from mlops_kit.core.types import CommitSha, Model, StageName

ROWS_BYTES = 256 * 1024 * 1024
"""The largest file of scores by row that is read."""
METRICS_BYTES = 8 * 1024 * 1024
_WAIT_SECONDS = 1.0
_LAST_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Arena:
    """Where models are scored: the bytes, the copies, what runs the commands, and who watches."""

    artifacts: Artifacts
    copies: ScoringCopies
    engine: Engine
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A model's bytes: what they are called, and the commit that has them where git itself does."""

    side: str
    model: Model
    commit: CommitSha


def score_both(arena: Arena, trial: Trial, champion: Contestant, candidate: Contestant) -> tuple[Scored, Scored]:
    """What the trial writes with each one's bytes in the place of the model, one after the other.

    StageFailedError where a command fails or leaves out a file, RefusedError where bytes are nowhere.
    """
    kept = tuple(_fetch(arena, one, candidate.commit, place=one.path) for one in trial.kept)
    return _score(arena, trial, champion, kept), _score(arena, trial, candidate, kept)


def _score(arena: Arena, trial: Trial, contestant: Contestant, kept: tuple[Placed, ...]) -> Scored:
    model = contestant.model
    lies_there = model == trial.model and not model.cached
    own = () if lies_there else (_fetch(arena, model, contestant.commit, place=trial.place),)
    with arena.copies.lay_out((*kept, *own)) as copy:
        for step in trial.steps:
            _run(arena, step, copy, contestant.side)
        return _read(arena.copies, copy, trial, contestant.side)


def _fetch(arena: Arena, model: Model, commit: CommitSha, *, place: str) -> Placed:
    if model.digest is None:
        raise StageFailedError(f"{model.path} has never been made", hint="mlops-kit reproduce")
    return Placed(path=place, digest=model.digest, files=arena.artifacts.fetch_model(model, commit).files)


def _run(arena: Arena, step: Step, copy: Path, side: str) -> None:
    name = StageName(f"{step.name} of the {side}")
    variables = {"DVC_ROOT": str(copy), "DVC_STAGE": step.name}
    arena.progress.start(name, "")
    arena.engine.start(
        StageCommand(stage=name, lines=step.lines, folder=copy / step.folder, variables=variables, wants=step.wants)
    )
    end = _wait(arena.engine)
    state = StageState.FAILED if end.status else StageState.RAN
    message = _describe(end) if end.status else ""
    result = StageResult(
        name=name, state=state, seconds=end.seconds, message=message, log=str(end.log or ""), usage=end.usage
    )
    arena.progress.end(result, end.tail)
    if end.status:
        hint = f"its output: {end.log}" if end.log else ""
        raise StageFailedError(f"scoring the {side} failed: {message}", hint=hint)


def _wait(engine: Engine) -> CommandEnd:
    try:
        while (end := engine.wait(_WAIT_SECONDS)) is None:
            pass
    except InterruptedRunError:
        engine.stop()
        raise
    return end


def _describe(end: CommandEnd) -> str:
    """How it ended, and what it printed last."""
    how = "its time was over" if end.timed_out else f"exit status {end.status}"
    last = " / ".join(line.strip() for line in end.tail[-_LAST_LINES:] if line.strip())
    return f"{how}: {last}" if last else how


def _read(copies: ScoringCopies, copy: Path, trial: Trial, side: str) -> Scored:
    files = _require(copies.read(copy, trial.metrics, limit=METRICS_BYTES), trial.metrics, side)
    metrics = tuple(_parse(path, data, side) for path, data in sorted(files.items()))
    if not trial.rows:
        return Scored(files=metrics)
    rows = _require(copies.read(copy, (trial.rows,), limit=ROWS_BYTES), (trial.rows,), side)
    keys = [key for file in metrics for key in file.values]
    return Scored(files=metrics, rows=parse_rows(rows[trial.rows], keys, file=f"{trial.rows} of the {side}"))


def _require(found: Mapping[str, bytes], wanted: Iterable[str], side: str) -> Mapping[str, bytes]:
    missing = [path for path in wanted if path not in found]
    if missing:
        raise StageFailedError(
            f"scoring the {side} wrote no {missing[0]}",
            hint="what scores the model must write its metrics, and its rows where mlops.yaml names them",
        )
    return found


def _parse(path: str, data: bytes, side: str) -> MetricFile:
    try:
        return metric_values(path, parse_values(data, path=path))
    except KitError as error:
        raise StageFailedError(f"scoring the {side} wrote a broken metrics file: {error}") from error
