"""Compares base and head: what a change does to metrics, params, stages and models, and what a merge would cause."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops_kit.commands.facts import CommitTree, Facts, inconsistencies_of, read_facts
from mlops_kit.commands.sides import Policy, Question, Sides, choose_environment, choose_sides, read_policy
from mlops_kit.core.config import Baseline, Config
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import LOCK_FILE
from mlops_kit.core.ports import Git, PromotionLog, Resolver, Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.changes import compare_models, compare_stages
from mlops_kit.core.review.gates import GateInputs, Verdict, evaluate_gates, judge_answers
from mlops_kit.core.review.metrics import MetricFile, compare_metrics
from mlops_kit.core.review.params import compare_params
from mlops_kit.core.review.report import PlanRows, Report, Side, gate_rows, plan_rows
from mlops_kit.core.types import CommitSha, EnvironmentName, GateAnswer, Plan, StageResult

Planner = Callable[[EnvironmentName, CommitSha], Plan]
"""Computes the plan of an environment as if a commit were merged into its branch."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where a report looks. `planner` is None where no plan is wanted; `last_run` is of this machine's work tree."""

    git: Git
    work_tree: Tree
    resolver: Resolver
    log: PromotionLog
    planner: Planner | None = None
    last_run: tuple[StageResult, ...] = ()


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
    plan, plan_notes = _make_plan(environment, sides.head, sources.planner)
    warnings = (*_lock_warnings(head, read.head.project), *_metric_warnings(read))
    return Report(
        base=sides.base,
        head=sides.head,
        environment=environment,
        verdict=_verdict(answers, warnings),
        gates=gate_rows(answers),
        metrics=compare_metrics(read.base.metrics, read.head.metrics, policy.config),
        params=compare_params(read.base.params, read.head.params),
        stages=compare_stages(read.base.project, read.head.project, _results(sides, sources)),
        models=compare_models(read.base.project, read.head.project),
        plan=plan,
        notes=_notes(sides, policy, read, (*warnings, *plan_notes)),
        policy_changed=policy.changed,
        lock_uncommitted=sides.head.worktree and _locks(head) != _locks(_commit_tree(sides.head, sources)),
    )


def _open(side: Side, sources: Sources) -> Tree:
    return sources.work_tree if side.worktree else _commit_tree(side, sources)


def _commit_tree(side: Side, sources: Sources) -> Tree:
    return CommitTree(git=sources.git, commit=CommitSha(side.commit))


def _read_both(base: Tree, head: Tree, resolver: Resolver) -> _Read:
    """A base that cannot be read is a finding: gates that compare with it are not evaluable."""
    found = read_facts(head, resolver)
    try:
        return _Read(base=read_facts(base, resolver), head=found)
    except KitError as error:
        return _Read(base=Facts(project=Project()), head=found, base_error=str(error))


def _answer_gates(
    environment: EnvironmentName, config: Config, read: _Read, sources: Sources
) -> tuple[GateAnswer, ...]:
    rules = config.environments[environment]
    live, live_error = None, ""
    if any(gate.against is Baseline.LIVE for gate in rules.gates):
        live, live_error = _read_live(environment, sources)
    values = GateInputs(
        head=read.head.metrics,
        base=read.base.metrics,
        live=live,
        base_error=read.base_error,
        live_error=live_error,
    )
    return evaluate_gates(environment, rules, config, values)


def _read_live(environment: EnvironmentName, sources: Sources) -> tuple[tuple[MetricFile, ...] | None, str]:
    """The metrics of the commit that the environment's last records name, None before a first promotion."""
    try:
        records = [found for found in sources.log.read_records() if found.environment == environment]
        last = {record.model: record.commit for record in sorted(records, key=lambda record: record.seq)}
        commits = sorted(set(last.values()))
        if not commits:
            return None, ""
        if len(commits) > 1:
            return None, f"the models of {environment} come from different commits: {', '.join(commits)}"
        tree = CommitTree(git=sources.git, commit=sources.git.resolve(commits[0]))
        return read_facts(tree, sources.resolver).metrics, ""
    except KitError as error:
        return None, str(error)


def _make_plan(
    environment: EnvironmentName, head: Side, planner: Planner | None
) -> tuple[PlanRows | None, tuple[str, ...]]:
    if planner is None:
        return None, ()
    try:
        return plan_rows(planner(environment, CommitSha(head.commit))), ()
    except KitError as error:
        return None, (f"no plan for {environment}: {error}",)


def _verdict(answers: tuple[GateAnswer, ...], warnings: tuple[str, ...]) -> Verdict:
    verdict = judge_answers(answers)
    return Verdict.WARN if verdict is Verdict.PASS and warnings else verdict


def _lock_warnings(head: Tree, project: Project) -> tuple[str, ...]:
    return tuple(
        f"lock inconsistent: stage {found.stage}: {found.path}: {found.message}"
        for found in inconsistencies_of(head, project)
    )


def _metric_warnings(read: _Read) -> tuple[str, ...]:
    return tuple(f"{file.path} cannot be read in head: {file.error}" for file in read.head.metrics if file.error)


def _results(sides: Sides, sources: Sources) -> tuple[StageResult, ...]:
    """The last run's results, where head is what this machine has checked out."""
    at_hand = sides.head.worktree or sides.head.commit == sources.git.resolve("HEAD")
    return sources.last_run if at_hand else ()


def _notes(sides: Sides, policy: Policy, read: _Read, found: tuple[str, ...]) -> tuple[str, ...]:
    base = (f"base cannot be read: {read.base_error}",) if read.base_error else ()
    broken = (f"{file.path} cannot be read in base: {file.error}" for file in read.base.metrics if file.error)
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
