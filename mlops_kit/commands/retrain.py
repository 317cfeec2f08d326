"""`mlops-kit retrain`: looks at the data that is there and at what is live, and decides about training a model again.

Refresh, look, decide: nothing is written but what the refresh brings into the work tree.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, project_of
from mlops_kit.commands.plan import choose_environments
from mlops_kit.commands.world import World
from mlops_kit.core.config import UPDATE_IMPORTS, TrainingPolicy, Trigger
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.ports import Commands, Tree
from mlops_kit.core.ports.training import Workbench
from mlops_kit.core.promotion.standing import find_hold
from mlops_kit.core.training.data import Source, TrainingData, as_trained, read_training_data, with_digests
from mlops_kit.core.training.decision import decide
from mlops_kit.core.training.history import History, history_of
from mlops_kit.core.training.situation import Action, Decision, DriftWord, Situation
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName, Note, PromotionRecord

REFRESH_SECONDS = 6 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Which model is asked about (empty: the only one), and why where it is not for the data.

    `asked_at` is None for now. With `at_once` a person answers for pace and budget.
    """

    model: str = ""
    occasion: Trigger | None = None
    at_once: bool = False
    asked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What git says of one model: the commit to train at, what is live, and what was noted.

    `trained` is what the live model was trained on, where nothing is live what the branch's lock was; `merged` is the
    latter.
    """

    model: ModelName
    environment: EnvironmentName
    branch: str
    head: CommitSha
    policy: TrainingPolicy
    live: PromotionRecord | None
    history: History
    hold: Note | None
    trained: TrainingData
    merged: TrainingData


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a judge of data says, and the reports of it."""

    word: DriftWord
    reports: tuple[DriftReport, ...] = ()


Judge = Callable[[Ground, TrainingData, frozenset[str]], Judged | None]
"""Says whether the data that is there drifted from what the live model was trained on; None where nobody asked.

The paths are those of data that DVC does not keep yet.
"""


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """What a retraining is decided with; `fetches` is False where the checkout has all and may not ask for more."""

    world: World
    work_tree: Tree
    workbench: Workbench
    commands: Commands
    judge: Judge | None = None
    fetches: bool = True


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision, and everything that it rests on."""

    ground: Ground
    situation: Situation
    decision: Decision
    reports: tuple[DriftReport, ...] = ()


def consider(trainer: Trainer, ask: Ask, *, refreshing: bool) -> Verdict:
    """Bring new data where that is wanted, and decide.

    InputError where what is checked out is not of the environment's branch, OutsideError where the refresh fails.
    """
    if trainer.fetches:
        trainer.world.git.fetch()
    ground = read_ground(trainer.world, ask.model, trainer.world.git.resolve("HEAD"))
    if refreshing:
        _refresh(trainer, ground)
    written = _read_written(trainer, ground)
    current = _read_current(trainer, ground, written)
    unkept = {one.path: one.file for one in _find_unkept(written, current)}
    if refreshing:
        trainer.workbench.keep_data(unkept.values())
    judged = trainer.judge(ground, current, frozenset(unkept)) if trainer.judge and not current.unknown else None
    verdict = weigh(trainer.world, ground, ask, current=current, drift=judged.word if judged else None)
    return replace(verdict, reports=judged.reports if judged else ())


def weigh(world: World, ground: Ground, ask: Ask, *, current: TrainingData, drift: DriftWord | None = None) -> Verdict:
    """The decision about some data."""
    now = world.clock.now()
    situation = Situation(
        model=ground.model,
        environment=ground.environment,
        policy=ground.policy,
        now=now,
        asked_at=ask.asked_at or now,
        current=current,
        trained=ground.trained,
        merged=ground.merged,
        history=ground.history,
        is_live=ground.live is not None,
        occasion=ask.occasion,
        drift=drift,
        hold=ground.hold,
        at_once=ask.at_once,
    )
    decision = decide(situation)
    if decision.action is not Action.REFUSE and decision.branch and world.git.branch_head(decision.branch):
        situation = replace(situation, branches=frozenset({decision.branch}))
        decision = decide(situation)
    return Verdict(ground=ground, situation=situation, decision=decision)


def read_ground(world: World, model: str, head: CommitSha) -> Ground:
    """What git says, as last fetched, for a training at a commit of the environment's branch."""
    environment = _choose_environment(world)
    branch = world.config.environments[environment].branch
    _require_on_branch(world, branch, head)
    policy = world.config.training
    project = project_of(CommitTree(git=world.git, commit=head))
    name = _choose_model(project, model)
    records = [one for one in world.log.read_records() if (one.model, one.environment) == (name, environment)]
    notes = [one for one in world.log.read_notes() if (one.model, one.environment) == (name, environment)]
    live = records[-1] if records else None
    merged = read_trained(world, name, head)
    return Ground(
        model=name,
        environment=environment,
        branch=branch,
        head=head,
        policy=policy,
        live=live,
        history=history_of(notes, live=live.seq if live else 0),
        hold=find_hold(notes),
        trained=read_trained(world, name, require_commit(world.git, live.commit).commit) if live else merged,
        merged=merged,
    )


def read_trained(world: World, model: ModelName, commit: CommitSha) -> TrainingData:
    """What a commit's model was trained on, by its lock."""
    tree = CommitTree(git=world.git, commit=commit)
    project = project_of(tree)
    in_git = frozenset(tree.list_files())
    data = read_training_data(project, model, named=world.config.training.data, in_git=in_git)
    return as_trained(data, project, model)


def _choose_environment(world: World) -> EnvironmentName:
    named = world.config.training.environment
    return choose_environments(world, [named] if named else [])[0]


def _require_on_branch(world: World, branch: str, head: CommitSha) -> None:
    """A retraining is proposed to the environment's branch, so it is made of a commit of that branch."""
    tip = world.git.branch_head(branch)
    if tip is None:
        raise InputError(f"there is no branch {branch} yet", hint="create the branch first")
    if head != tip and not world.git.is_ancestor(head, tip):
        raise InputError(
            f"what is checked out, {head[:12]}, is not a commit of the branch {branch}",
            hint=f"git fetch && git switch --detach origin/{branch}",
        )


def _choose_model(project: Project, named: str) -> ModelName:
    names = sorted(model.name for model in project.models)
    if named:
        if named not in names:
            raise InputError(f"the pipeline declares no model {named!r}", hint=f"models are: {', '.join(names)}")
        return ModelName(named)
    if not names:
        raise InputError("the pipeline declares no model", hint="declare one in dvc.yaml: artifacts, with type: model")
    if names[1:]:
        raise InputError("which model should be trained again?", hint=f"name one of: {', '.join(names)}")
    return names[0]


def _refresh(trainer: Trainer, ground: Ground) -> None:
    """Bring new data into the work tree, as the policy says."""
    wanted = ground.policy.refresh
    if wanted == UPDATE_IMPORTS:
        trainer.workbench.update_imports(ground.merged.data_files)
    elif wanted:
        _run(trainer.commands, wanted)


def _run(commands: Commands, line: str) -> None:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InputError(f"the command cannot be split into words: {error}", field="training.refresh") from error
    if not words:
        return
    done = commands.run_command(words, {}, timeout_seconds=REFRESH_SECONDS)
    if done.code != 0:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        raise OutsideError(
            f"the command of training.refresh ended with exit code {done.code}: {last[:200]}",
            hint="nothing was trained; run the command by hand to see all that it says",
        )


def _read_written(trainer: Trainer, ground: Ground) -> TrainingData:
    """What the work tree's files say that there is to train on."""
    project = project_of(trainer.work_tree)
    in_git = frozenset(trainer.world.git.list_files(ground.head))
    return read_training_data(project, ground.model, named=ground.policy.data, in_git=in_git)


def _read_current(trainer: Trainer, ground: Ground, written: TrainingData) -> TrainingData:
    """What is there to train on now.

    A `.dvc` file that changed says what the data is; where none did, what lies here counts, for somebody may have put
    new data there without adding it.
    """
    before = ground.trained.values
    open_ones = [one.path for one in written.sources if not one.digest or one.digest.value == before.get(one.path)]
    return with_digests(written, trainer.workbench.read_digests(open_ones)) if open_ones else written


def _find_unkept(written: TrainingData, current: TrainingData) -> Iterator[Source]:
    """Data in whose place lies something else than its `.dvc` file says."""
    now = current.values
    return (one for one in written.sources if one.file and one.digest and one.digest.value != now[one.path])
