"""Compares base and head: what a change does to metrics, params, stages and models, and what a merge would cause."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_kit.commands.comparison import Comparison, find_warnings, read_comparison, write_notes
from mlops_kit.commands.data import DataReading, DataSources, read_data
from mlops_kit.commands.facts import CommitTree
from mlops_kit.commands.gated import Gated, answer_gates
from mlops_kit.commands.judge import Bench
from mlops_kit.commands.plan import plan_environment
from mlops_kit.commands.plot_images import Darkroom
from mlops_kit.commands.plots import Desk, Place, Plots, make_plots
from mlops_kit.commands.sections import Sections, read_sections
from mlops_kit.commands.sides import Question
from mlops_kit.commands.tolerant import TolerantArtifacts
from mlops_kit.commands.world import World
from mlops_kit.core.config import ReaderKind, RegistryKind
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.stages import LOCK_FILE, rooted_name
from mlops_kit.core.ports import Git, Objects, PromotionLog, Resolver, Tables, Tree
from mlops_kit.core.promotion.environment_lock import environment_lock_path
from mlops_kit.core.promotion.plan import join_plans
from mlops_kit.core.review.bounds import bound_report
from mlops_kit.core.review.changes import StageRow, compare_models, compare_stages, failed_stages
from mlops_kit.core.review.gates import Verdict, judge_answers
from mlops_kit.core.review.live import live_side
from mlops_kit.core.review.metrics import compare_metrics
from mlops_kit.core.review.params import compare_params
from mlops_kit.core.review.report import EVALUATION_LIMIT, PlanRows, Report, TrackedRun, gate_rows, plan_rows
from mlops_kit.core.review.sweep import SweepRows, bound_sweep
from mlops_kit.core.review.tracked_run import as_tracked
from mlops_kit.core.run import StageResult
from mlops_kit.core.tracking import RunAddress
from mlops_kit.core.types import CommitSha, EnvironmentName

SWEEP_LIMIT = 100
"""Trials of a sweep that a report carries."""
_NO_REGISTRY = "the plan leaves the registry out: it was not asked (MLFLOW_TRACKING_URI is not set here)"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a report looks.

    `objects` are the bytes that DVC keeps; without them nothing is read from cache or remote but through DVC. `tables`
    looks into those that are tables.
    `open_world` gives the world of promotion for the plan; its `registry` is None where none is configured here.
    `read_last_run` gives the results of the last run in a DVC root of this machine's work tree, `read_tracked_run`
    where that is tracked, `read_last_sweep` the last sweep there. `darkroom` takes the images among the plots.
    """

    git: Git
    work_tree: Tree
    resolver: Resolver
    log: PromotionLog
    objects: Objects | None = None
    tables: Tables | None = None
    open_world: Callable[[], World] | None = None
    read_last_run: Callable[[str], tuple[StageResult, ...]] | None = None
    read_tracked_run: Callable[[str], RunAddress | None] | None = None
    read_last_sweep: Callable[[str], SweepRows | None] | None = None
    darkroom: Darkroom | None = None

    @property
    def bench(self) -> Bench:
        """What of it a judge has too."""
        return Bench(git=self.git, log=self.log, resolver=self.resolver, objects=self.objects)


def make_report(question: Question, sources: Sources) -> Report:
    """The report that answers the question.

    InputError for a revision or environment that is none, and where head's own files cannot be read.
    """
    compared = read_comparison(question, sources.bench, sources.work_tree)
    gated = answer_gates(compared, sources.git)
    plan, plan_notes = _make_plan(compared, sources)
    warnings = find_warnings(compared)
    parts = _read_parts(compared, sources)
    stages = compare_stages(compared.base.project, compared.head.project, _results(compared, sources))
    base = compared.sides.base
    report = Report(
        base=base,
        head=compared.sides.head,
        live=live_side(compared.live, compared.environment, base.commit),
        environment=compared.environment,
        verdict=_verdict(gated, warnings, stages),
        gates=gate_rows(gated.answers),
        metrics=compare_metrics(
            compared.base.metrics, compared.head.metrics, compared.config, live=compared.other_live_metrics
        ),
        params=compare_params(compared.base.params, compared.head.params),
        stages=stages,
        models=compare_models(compared.base.project, compared.head.project),
        plots=parts.plots.rows,
        obstacles=gated.obstacles,
        data=parts.data.rows,
        evaluations=compared.evaluated.evaluations[:EVALUATION_LIMIT],
        sections=parts.sections.found,
        sweep=_sweep(compared, sources),
        tracked=_tracked(compared, sources),
        plan=plan,
        notes=write_notes(compared, (*warnings, *gated.notes, *plan_notes, *parts.notes)),
        policy_changed=compared.policy.changed,
        lock_uncommitted=_is_lock_uncommitted(compared, sources),
    )
    return bound_report(report)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What a report shows besides values: data, plots, and the team's own sections."""

    data: DataReading
    plots: Plots
    sections: Sections

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be found out for any of them."""
        return (*self.data.notes, *self.plots.notes, *self.sections.notes)


def _read_parts(compared: Comparison, sources: Sources) -> _Parts:
    base = Place(tree=compared.base_tree, project=compared.base.project)
    head = Place(tree=compared.head_tree, project=compared.head.project)
    work_tree = sources.git.root if compared.sides.head.worktree else None
    places = DataSources(objects=sources.objects, tables=sources.tables, work_tree=work_tree)
    return _Parts(
        data=read_data(base.project, head.project, places),
        plots=make_plots(base, head, Desk(objects=sources.objects, darkroom=sources.darkroom)),
        sections=read_sections(compared.head_tree, compared.config.review.sections),
    )


def _make_plan(compared: Comparison, sources: Sources) -> tuple[PlanRows | None, tuple[str, ...]]:
    """What a merge would cause; a registry that cannot be read is a note, never a failed report."""
    if sources.open_world is None:
        return None, ()
    try:
        world = replace(sources.open_world(), config=compared.config)
        artifacts = TolerantArtifacts(world.artifacts)
        world = replace(world, artifacts=artifacts)
        revision = compared.sides.head.commit
        plan = join_plans(plan_environment(world, name, revision=revision) for name in _find_promoted(compared))
    except KitError as error:
        return None, (f"no plan for {compared.environment}: {error}",)
    skipped = world.registry is None and compared.config.registry.kind is not RegistryKind.NONE
    return plan_rows(plan), (*artifacts.notes, *((_NO_REGISTRY,) if skipped else ()))


def _find_promoted(compared: Comparison) -> tuple[EnvironmentName, ...]:
    """The environments that merging promotes to: where files say what runs, those whose file the change edits."""
    config = compared.config
    if config.promotion.reader is not ReaderKind.PATH:
        return (compared.environment,)
    paths = {name: environment_lock_path(config, name) for name in config.environments}
    old, new = (tree.read_files(paths.values()) for tree in (compared.base_tree, compared.head_tree))
    return tuple(name for name, path in paths.items() if path in new and old.get(path) != new[path])


def _verdict(gated: Gated, warnings: tuple[str, ...], stages: tuple[StageRow, ...]) -> Verdict:
    verdict = Verdict.FAIL if failed_stages(stages) else judge_answers(gated.answers)
    return Verdict.WARN if verdict is Verdict.PASS and (warnings or gated.doubts) else verdict


def _results(compared: Comparison, sources: Sources) -> tuple[StageResult, ...]:
    """The last run's results, where head is what this machine has checked out."""
    if sources.read_last_run is None or not _is_at_hand(compared, sources):
        return ()
    return tuple(
        replace(result, name=rooted_name(root, result.name))
        for root in compared.head.project.roots
        for result in sources.read_last_run(root)
    )


def _tracked(compared: Comparison, sources: Sources) -> TrackedRun | None:
    """Where the last run is tracked, where head is what this machine has checked out; of several roots the first."""
    if sources.read_tracked_run is None or not _is_at_hand(compared, sources):
        return None
    found = next(filter(None, map(sources.read_tracked_run, compared.head.project.roots)), None)
    return as_tracked(found) if found else None


def _sweep(compared: Comparison, sources: Sources) -> SweepRows | None:
    """The last sweep on this machine, where it started from head, or from the commit before that."""
    if sources.read_last_sweep is None or not _is_at_hand(compared, sources):
        return None
    recent = sources.git.list_first_parents("HEAD", limit=2)
    found = filter(None, map(sources.read_last_sweep, compared.head.project.roots))
    return next((bound_sweep(rows, trials=SWEEP_LIMIT) for rows in found if rows.baseline in recent), None)


def _is_at_hand(compared: Comparison, sources: Sources) -> bool:
    """Whether head is what this machine has checked out."""
    head = compared.sides.head
    return head.worktree or head.commit == sources.git.resolve("HEAD")


def _is_lock_uncommitted(compared: Comparison, sources: Sources) -> bool:
    head = compared.sides.head
    committed = CommitTree(git=sources.git, commit=CommitSha(head.commit))
    return head.worktree and _locks(compared.head_tree) != _locks(committed)


def _locks(tree: Tree) -> dict[str, bytes]:
    paths = (path for path in tree.list_files() if path.rpartition("/")[2] == LOCK_FILE)
    return dict(tree.read_files(paths))
