"""Compares base and head: what a change does to metrics, params, stages and models, and what a merge would cause."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_kit.commands.facts import CommitTree, Facts, inconsistencies_of, read_facts
from mlops_kit.commands.judge import Bench, read_live
from mlops_kit.commands.plan import plan_environment
from mlops_kit.commands.sides import Policy, Question, Sides, choose_environment, choose_sides, read_policy
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config, RegistryKind
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import LOCK_FILE, rooted_name
from mlops_kit.core.ports import Git, PromotionLog, Resolver, Tree
from mlops_kit.core.review.bounds import bound_report
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.changes import StageRow, compare_models, compare_stages, failed_stages
from mlops_kit.core.review.gates import GateInputs, Verdict, evaluate_gates, judge_answers
from mlops_kit.core.review.judgement import LiveMetrics, needs_live
from mlops_kit.core.review.metrics import MetricFile, compare_metrics
from mlops_kit.core.review.params import compare_params
from mlops_kit.core.review.report import PlanRows, Report, Side, TrackedRun, gate_rows, plan_rows
from mlops_kit.core.review.tracked_run import as_tracked
from mlops_kit.core.run import StageResult
from mlops_kit.core.tracking import RunAddress
from mlops_kit.core.types import CommitSha, EnvironmentName, GateAnswer

_NO_REGISTRY = "the plan leaves the registry out: it was not asked (MLFLOW_TRACKING_URI is not set here)"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a report looks.

    `open_world` gives the world of promotion for the plan; its `registry` is None where none is configured here.
    `read_last_run` gives the results of the last run in a DVC root of this machine's work tree, `read_tracked_run`
    where that is tracked.
    """

    git: Git
    work_tree: Tree
    resolver: Resolver
    log: PromotionLog
    open_world: Callable[[], World] | None = None
    read_last_run: Callable[[str], tuple[StageResult, ...]] | None = None
    read_tracked_run: Callable[[str], RunAddress | None] | None = None


@dataclass(frozen=True, kw_only=True)
class _Read:
    """Both sides as they were read; `base_error` says why base has no facts."""

    base: Facts
    head: Facts
    base_error: str = ""


def make_report(question: Question, sources: Sources) -> Report:
    """The report that answers the question.

    InputError for a revision or environment that is none, and where head's own files cannot be read.
    """
    sides = choose_sides(question, sources.git)
    base, head = _open(sides.base, sources), _open(sides.head, sources)
    policy = read_policy(base, head, file=question.config_file)
    environment = choose_environment(question, policy.config, sides.branch)
    read = _read_both(base, head, sources.resolver)
    answers = _answer_gates(environment, policy.config, read, sources)
    plan, plan_notes = _make_plan(environment, policy.config, sides.head, sources)
    warnings = (*_lock_warnings(head, read.head.project), *_metric_warnings(read))
    stages = compare_stages(read.base.project, read.head.project, _results(sides, read.head.project, sources))
    report = Report(
        base=sides.base,
        head=sides.head,
        environment=environment,
        verdict=_verdict(answers, warnings, stages),
        gates=gate_rows(answers),
        metrics=compare_metrics(read.base.metrics, read.head.metrics, policy.config),
        params=compare_params(read.base.params, read.head.params),
        stages=stages,
        models=compare_models(read.base.project, read.head.project),
        tracked=_tracked(sides, read.head.project, sources),
        plan=plan,
        notes=_notes(sides, policy, read, (*warnings, *plan_notes)),
        policy_changed=policy.changed,
        lock_uncommitted=sides.head.worktree and _locks(head) != _locks(_commit_tree(sides.head, sources)),
    )
    return bound_report(report)


def _open(side: Side, sources: Sources) -> Tree:
    return sources.work_tree if side.worktree else _commit_tree(side, sources)


def _commit_tree(side: Side, sources: Sources) -> Tree:
    return CommitTree(git=sources.git, commit=CommitSha(side.commit))


def _read_both(base: Tree, head: Tree, resolver: Resolver) -> _Read:
    """A base that cannot be read is a finding: gates that compare with it are not evaluable."""
    found = read_facts(head, resolver)
    if not found.project.definitions:
        raise InputError("there is no dvc.yaml in head", hint="run in a repository with a DVC pipeline")
    try:
        return _Read(base=read_facts(base, resolver), head=found)
    except KitError as error:
        lost = tuple(MetricFile(path=file.path, error=str(error)) for file in found.metrics)
        return _Read(base=Facts(project=Project(), metrics=lost), head=found, base_error=str(error))


def _answer_gates(
    environment: EnvironmentName, config: Config, read: _Read, sources: Sources
) -> tuple[GateAnswer, ...]:
    rules = config.environments[environment]
    bench = Bench(git=sources.git, log=sources.log, resolver=sources.resolver)
    live = read_live(bench, environment) if needs_live(config, environment) else LiveMetrics()
    values = GateInputs(
        head=read.head.metrics,
        base=read.base.metrics,
        live=live.files,
        base_error=read.base_error,
        live_error=live.error,
    )
    return evaluate_gates(environment, rules, config, values)


def _make_plan(
    environment: EnvironmentName, config: Config, head: Side, sources: Sources
) -> tuple[PlanRows | None, tuple[str, ...]]:
    """What a merge would cause; a registry that cannot be read is a note, never a failed report."""
    if sources.open_world is None:
        return None, ()
    try:
        world = replace(sources.open_world(), config=config)
        plan = plan_environment(world, environment, revision=head.commit)
    except KitError as error:
        return None, (f"no plan for {environment}: {error}",)
    skipped = world.registry is None and config.registry.kind is not RegistryKind.NONE
    return plan_rows(plan), (_NO_REGISTRY,) if skipped else ()


def _verdict(answers: tuple[GateAnswer, ...], warnings: tuple[str, ...], stages: tuple[StageRow, ...]) -> Verdict:
    verdict = Verdict.FAIL if failed_stages(stages) else judge_answers(answers)
    return Verdict.WARN if verdict is Verdict.PASS and warnings else verdict


def _lock_warnings(head: Tree, project: Project) -> tuple[str, ...]:
    return tuple(
        f"lock inconsistent: stage {found.stage}: {found.path}: {found.message}"
        for found in inconsistencies_of(head, project)
    )


def _metric_warnings(read: _Read) -> tuple[str, ...]:
    return tuple(f"{file.path} cannot be read in head: {file.error}" for file in read.head.metrics if file.error)


def _results(sides: Sides, project: Project, sources: Sources) -> tuple[StageResult, ...]:
    """The last run's results, where head is what this machine has checked out."""
    if sources.read_last_run is None or not _is_at_hand(sides.head, sources):
        return ()
    return tuple(
        replace(result, name=rooted_name(root, result.name))
        for root in project.roots
        for result in sources.read_last_run(root)
    )


def _tracked(sides: Sides, project: Project, sources: Sources) -> TrackedRun | None:
    """Where the last run is tracked, where head is what this machine has checked out; of several roots the first."""
    if sources.read_tracked_run is None or not _is_at_hand(sides.head, sources):
        return None
    found = next(filter(None, map(sources.read_tracked_run, project.roots)), None)
    return as_tracked(found) if found else None


def _is_at_hand(head: Side, sources: Sources) -> bool:
    return head.worktree or head.commit == sources.git.resolve("HEAD")


def _notes(sides: Sides, policy: Policy, read: _Read, found: tuple[str, ...]) -> tuple[str, ...]:
    base = (f"base cannot be read: {read.base_error}",) if read.base_error else ()
    broken = (
        f"{file.path} cannot be read in base: {file.error}"
        for file in read.base.metrics
        if file.error and not read.base_error
    )
    params = (
        f"{file.path} cannot be read in {side}: {file.error}"
        for side, facts in (("base", read.base), ("head", read.head))
        for file in facts.params
        if file.error
    )
    notes = (*sides.notes, *policy.notes, *base, *found, *broken, *params, *read.base.notes, *read.head.notes)
    return tuple(clip(note) for note in dict.fromkeys(notes))


def _locks(tree: Tree) -> dict[str, bytes]:
    paths = (path for path in tree.list_files() if path.rpartition("/")[2] == LOCK_FILE)
    return dict(tree.read_files(paths))
