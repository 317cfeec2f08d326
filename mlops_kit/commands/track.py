"""Tracks a reproduce: one run per key in the experiment tracker, however often and by whomever it is told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mlops_kit.commands.facts import read_facts
from mlops_kit.commands.reproduce import Reproduction
from mlops_kit.core.errors import ConflictError, KitError, OutsideError, PassingError
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import rooted_name
from mlops_kit.core.pipeline.values import ValueFile
from mlops_kit.core.ports import Resolver, Tracking, Tree
from mlops_kit.core.review.tracked_run import Ran, Teller, describe_run
from mlops_kit.core.run import StageResult
from mlops_kit.core.tracking import DUPLICATE_TAG, Checkout, KnownRun, RunAddress, RunData, RunRecord, RunStatus

ROUNDS = 6
"""How often the runs are looked at before giving up; without faults or rivals three are enough."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Where reproduces of one DVC root are tracked, and what is read to tell them.

    `root` is that root's folder. `read_checkout` wants the paths that stages write. `hide` replaces secrets.
    `remember` leaves the run for a report on this machine.
    """

    tracking: Tracking
    experiment: str
    root: str
    tree: Tree
    resolver: Resolver
    read_checkout: Callable[[Iterable[str]], Checkout]
    hide: Callable[[str], str]
    remember: Callable[[RunAddress], None]


def track_reproduction(ledger: Ledger, done: Reproduction, teller: Teller) -> KnownRun:
    """Have exactly one run say what a reproduce did, and with which results; that run."""
    record = describe_run(_look(ledger, done), teller, experiment=ledger.experiment, hide=ledger.hide)
    run = track(ledger.tracking, record)
    ledger.remember(run.address)
    return run


def track(tracking: Tracking, record: RunRecord) -> KnownRun:
    """Look, do one step, look again, until one complete run stands for the record's key; that run.

    What a creating call answers is not believed: whether it was done is what the next look shows. Nothing is written
    where a complete run says it all. OutsideError where it does not settle.
    """
    written: str = ""
    obstacle: KitError | None = None
    for _ in range(ROUNDS):
        runs = sorted(tracking.find_runs(record.experiment, record.key), key=lambda run: run.rank)
        if not runs:
            obstacle = _try_create(tracking, record)
            continue
        canonical, *extras = runs
        try:
            _set_aside(tracking, canonical, extras)
            if canonical.run_id == written or says_all(canonical, record):
                return canonical
            _complete(tracking, canonical, record)
        except ConflictError as conflict:  # somebody wrote the same at the same time: the next look shows what is there
            obstacle = conflict
            continue
        written = canonical.run_id
    raise OutsideError(f"the tracked run {record.name} does not settle", hint="run it again") from obstacle


def says_all(run: KnownRun, record: RunRecord) -> bool:
    """Whether a run ended as the record says and has every name of its results.

    Names are enough: the same key means the same lock and params, so the same values.
    """
    known, wanted = run.data, record.results
    return (
        run.status == record.status
        and known.params.keys() >= wanted.params.keys()
        and known.metrics.keys() >= wanted.metrics.keys()
        and known.tags.keys() >= wanted.tags.keys()
    )


def _look(ledger: Ledger, done: Reproduction) -> Ran:
    """The work tree after a reproduce, as far as it is the root's."""
    facts = read_facts(ledger.tree, ledger.resolver)
    project, root = facts.project, ledger.root
    return Ran(
        checkout=ledger.read_checkout(output.path for stage in project.stages for output in stage.outputs),
        root=root,
        project=replace(
            project,
            stages=tuple(stage for stage in project.stages if root_of(stage.file, project.roots) == root),
            models=tuple(model for model in project.models if root_of(model.file, project.roots) == root),
        ),
        metrics=_files_of(root, project, facts.metrics),
        params=_files_of(root, project, facts.params),
        stages=tuple(replace(stage, name=rooted_name(root, stage.name)) for stage in done.stages),
        message=_failure(done),
    )


def _files_of(root: str, project: Project, files: Iterable[ValueFile]) -> tuple[ValueFile, ...]:
    return tuple(file for file in files if not file.error and root_of(file.path, project.roots) == root)


def _failure(done: Reproduction) -> str:
    """Why a reproduce failed, in one line; empty where it did not."""
    failed: tuple[StageResult, ...] = done.failed
    if failed:
        return f"stage {failed[0].name} failed: {failed[0].message}"
    return str(done.damaged or "")


def _try_create(tracking: Tracking, record: RunRecord) -> KitError | None:
    """Create a run; a failure that the next look can judge is handed back, not raised."""
    try:
        tracking.create_run(record)
    except (PassingError, ConflictError) as obstacle:
        return obstacle
    return None


def _complete(tracking: Tracking, canonical: KnownRun, record: RunRecord) -> None:
    """Write all that the record says; what is there already stays."""
    tracking.log(canonical.run_id, record.data, moment=record.ended)
    tracking.end_run(canonical.run_id, record.status, moment=record.ended)


def _set_aside(tracking: Tracking, canonical: KnownRun, extras: list[KnownRun]) -> None:
    """Mark what a lost answer or a rival left beside the canonical run; nothing is deleted."""
    for run in extras:
        if run.data.tags.get(DUPLICATE_TAG) != canonical.run_id:
            tracking.log(run.run_id, RunData(tags={DUPLICATE_TAG: canonical.run_id}), moment=run.began)
        if run.status == RunStatus.RUNNING:
            tracking.end_run(run.run_id, RunStatus.KILLED, moment=run.began)
