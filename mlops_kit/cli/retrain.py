"""`mlops-kit retrain`: options, the run between the decision and the proposal, and what is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Output, write_outputs, write_summary
from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.cli import Caller
from mlops_kit.cli.commit import account
from mlops_kit.cli.completing import complete_model
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.event import warn
from mlops_kit.cli.progress import choose_progress
from mlops_kit.cli.promotion import open_world
from mlops_kit.cli.reproduce import PRIVILEGED_EVENTS
from mlops_kit.cli.retrain_run import Training, train
from mlops_kit.commands.evaluate import evaluate
from mlops_kit.commands.propose_training import Proposer, propose
from mlops_kit.commands.report import make_report
from mlops_kit.commands.retrain import Ask, Ground, Trainer, Verdict, consider
from mlops_kit.commands.sides import Question
from mlops_kit.commands.world import World
from mlops_kit.core.config import CONFIG_FILE, Trigger
from mlops_kit.core.drift.report import DriftReport, drift_json, parse_drift
from mlops_kit.core.errors import (
    ExitCode,
    InputError,
    IntegrityError,
    InterruptedRunError,
    KitError,
    OutsideError,
    RefusedError,
    StageFailedError,
)
from mlops_kit.core.ports.drafts import Person
from mlops_kit.core.render.retrain import (
    proposal_json,
    render_decision,
    render_decision_markdown,
    render_proposal,
    render_proposal_markdown,
)
from mlops_kit.core.review.evaluation import evaluation_path
from mlops_kit.core.review.hand_over import OBJECT_COUNT, OBJECT_MIB, Bounds
from mlops_kit.core.review.report import Report
from mlops_kit.core.training.document import DOCUMENT, Retraining, describe, parse_retraining, retraining_json
from mlops_kit.core.training.drift import MOST_REPORTS, shorten
from mlops_kit.core.training.proposal import Outcome, Proposal
from mlops_kit.core.training.situation import Action
from mlops_kit.core.types import CommitSha

LOCK_FOLDER = "lock"
_OCCASIONS = {
    "schedule": Trigger.SCHEDULE,
    "workflow_dispatch": Trigger.DISPATCH,
    "repository_dispatch": Trigger.DISPATCH,
}
_DECIDED = {"text": render_decision, "json": retraining_json, "markdown": render_decision_markdown}
_PROPOSED = {"text": render_proposal, "json": proposal_json, "markdown": render_proposal_markdown}
_UNFINISHED = "the training did not come to its end"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the options ask for."""

    model: str
    at_once: bool
    training: Training
    bounds: Bounds
    style: str


@click.command("retrain")
@click.argument("model", default="", shell_complete=complete_model)
@click.option("--dry-run", is_flag=True, help="Only say what would be done; nothing is refreshed.")
@click.option("--check", is_flag=True, help="Only say it, and leave with 3 where a retraining is due.")
@click.option("--now", is_flag=True, help="Ask for a retraining, whatever cooldown and weekly limits say.")
@click.option("--hand-over", "target", metavar="FOLDER", default="", help="Train, and leave the result there as data.")
@click.option("--propose", "source", metavar="FOLDER", default="", help="Propose what --hand-over left; runs no code.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Commands at a time; default: processors.")
@click.option("--gpus", type=click.IntRange(min=0), help="GPUs to hand out; default: those that nvidia-smi finds.")
@click.option("--push", is_flag=True, help="With --hand-over: send outputs to the DVC remote from here.")
@click.option(
    "--most-objects", type=click.IntRange(min=0), default=OBJECT_COUNT, show_default=True, help="Objects to hand over."
)
@click.option(
    "--most-mib", type=click.IntRange(min=0), default=OBJECT_MIB, show_default=True, help="MiB of objects to hand over."
)
@click.option("--format", "style", type=click.Choice(list(_DECIDED)), default="text", help="How to print the result.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    model: str,
    dry_run: bool,
    check: bool,
    now: bool,
    target: str,
    source: str,
    jobs: int | None,
    gpus: int | None,
    push: bool,
    most_objects: int,
    most_mib: int,
    style: str,
) -> int:
    """Train MODEL again where new data, drift, a schedule or you call for it, and propose the result.

    What calls for it and what holds it back is the section training of mlops.yaml. The result is a branch and one pull
    request to the first environment, or a word that it was no better; nothing is promoted. MODEL may be left out where
    there is one.

    \b
    Example:  mlops-kit retrain churn --dry-run
    """
    if sum(map(bool, (dry_run or check, target, source))) > 1:
        raise InputError("--dry-run, --hand-over and --propose are three things", hint="give one of them")
    wish = Wish(
        model=model,
        at_once=now,
        training=Training(jobs=jobs, gpus=gpus, push=push),
        bounds=Bounds(objects=most_objects, mib=most_mib),
        style=style,
    )
    if source:
        return _propose(_Errand(caller=caller, wish=wish), caller.folder / source, source)
    _refuse_privileged(caller.inputs)
    if dry_run or check:
        return _say(_Errand(caller=caller, wish=wish), tell=check)
    errand = _Errand(caller=caller, wish=wish)
    return _hand_over(errand, caller.folder / target) if target else _do_all(errand)


class _Errand:
    """One call of the verb: the repository, the world and what was asked, each opened once."""

    def __init__(self, *, caller: Caller, wish: Wish) -> None:
        self.caller, self.wish = caller, wish
        self.git: GitRepository = wiring.open_git(caller.folder, caller.inputs.variables)
        self.world: World = open_world(caller, git=self.git)

    @property
    def inputs(self) -> Inputs:
        return self.caller.inputs

    @property
    def ask(self) -> Ask:
        occasion = _OCCASIONS.get(self.inputs.event_name) or (Trigger.DISPATCH if self.wish.at_once else None)
        return Ask(model=self.wish.model, occasion=occasion, at_once=self.wish.at_once)

    def open_trainer(self) -> Trainer:
        trainer = wiring.open_trainer(self.world, self.git, self.inputs.variables)
        return replace(trainer, fetches=bool(self.inputs.token) or not self.inputs.on_actions)

    def open_proposer(self) -> Proposer:
        return wiring.open_proposer(
            self.world, self.git, self.inputs.variables, make_report=self._report, author=self._author()
        )

    def _author(self) -> Person | None:
        """The account of the token, where there is one; else the kit."""
        if self.world.open_forge is None:
            return None
        return account(self.world.open_forge().read_login(), self.inputs.server_url)

    def _report(self, base: CommitSha, head: CommitSha) -> Report:
        sources = wiring.open_sources(self.git, self.inputs.variables, lambda: self.world)
        question = Question(head=head, base=base, config_file=self.caller.config_file or CONFIG_FILE)
        return make_report(question, replace(sources, open_world=None, read_last_run=None, read_tracked_run=None))


def _say(errand: _Errand, *, tell: bool) -> int:
    """The decision alone."""
    retraining = _describe(consider(errand.open_trainer(), errand.ask, refreshing=False))
    click.echo(_DECIDED[errand.wish.style](retraining).rstrip("\n"))
    if retraining.action is Action.REFUSE:
        return ExitCode.REFUSED
    due = retraining.action in {Action.RETRAIN, Action.FINISH}
    return ExitCode.DIFFERENCE if tell and due else ExitCode.DONE


def _hand_over(errand: _Errand, folder: Path) -> int:
    """Decide and train, and leave all of it as data; what comes out, other jobs judge."""
    trainer = errand.open_trainer()
    verdict = consider(trainer, errand.ask, refreshing=True)
    retraining = _describe(verdict)
    click.echo(_DECIDED[errand.wish.style](retraining).rstrip("\n"))
    write_summary(errand.inputs.summary_file, f"{render_decision_markdown(retraining)}\n")
    _carry_out(errand, verdict, folder, push=errand.wish.training.push)
    write_outputs(errand.inputs.output_file, {Output.RETRAIN: retraining.action.value})
    return _refuse(retraining)


def _do_all(errand: _Errand) -> int:
    """Decide, train and propose, by one who may do all of it; outputs go to the DVC remote where there is one."""
    trainer = errand.open_trainer()
    verdict = consider(trainer, errand.ask, refreshing=True)
    retraining = _describe(verdict)
    click.echo(render_decision(retraining), err=True)
    with scratch_folder() as folder:
        place = folder / "retraining"
        try:
            _carry_out(errand, verdict, place, push=wiring.has_dvc_remote(errand.caller.folder))
        except InterruptedRunError:
            raise
        except KitError:
            _conclude(errand, place, bring=False)
            raise
        done = _conclude(errand, place, bring=False)
    return _tell(errand, done)


def _propose(errand: _Errand, folder: Path, name: str) -> int:
    """What another job decided and trained, taken as data."""
    if not (folder / DOCUMENT).exists():
        raise InputError(f"{name} has no {DOCUMENT}", hint="take the artifact of this run's job that retrains")
    return _tell(errand, _conclude(errand, folder, bring=True))


def _carry_out(errand: _Errand, verdict: Verdict, folder: Path, *, push: bool) -> None:
    """Write the decision, run what it asks for, and write what came of it; a run that is killed has a document too."""
    retraining = _describe(verdict)
    if retraining.action is not Action.RETRAIN:
        _write(folder, retraining, verdict.reports)
        return
    _write(folder, replace(retraining, failure=_UNFINISHED), verdict.reports)
    packer = wiring.open_packer(
        errand.git,
        folder / LOCK_FOLDER,
        errand.wish.bounds,
        sent=push,
        data_files=verdict.ground.merged.data_files | {evaluation_path(verdict.ground.environment, retraining.model)},
    )
    done = train(errand.caller, errand.git, errand.wish.training, push=push)
    retraining = replace(retraining, gpu_seconds=done.gpu_seconds, failure=done.failure)
    if done.error is None:
        _score(errand, verdict.ground)
        done.hand_over(packer, verdict.ground.head)
    _write(folder, retraining)
    if done.error is not None:
        raise done.error


def _score(errand: _Errand, ground: Ground) -> None:
    """Score the live model and the new one on the same data, where mlops.yaml says how; gates do without if need be."""
    if ground.live is None or ground.model not in errand.world.config.evaluate:
        return
    caller, inputs = errand.caller, errand.inputs
    contest = wiring.open_contest(errand.git, inputs.variables, caller.config_file, partial(choose_progress, inputs))
    question = Question(base=ground.head, environment=ground.environment, config_file=caller.config_file or CONFIG_FILE)
    try:
        evaluate(contest, question, [ground.model])
    except (StageFailedError, OutsideError, RefusedError) as error:
        warn(f"the models could not be scored on the same data: {error.problems[0]}", inputs)


def _conclude(errand: _Errand, folder: Path, *, bring: bool) -> Proposal:
    data = wiring.read_artifact(folder.parent, f"{folder.name}/{DOCUMENT}")
    retraining = parse_retraining(data, now=SystemClock().now())
    proposer = wiring.with_handed(
        errand.open_proposer(), errand.git, folder / LOCK_FOLDER, errand.wish.bounds, bring=bring
    )
    return propose(replace(proposer, reports=_read_reports(folder)), retraining, errand.ask)


def _tell(errand: _Errand, done: Proposal) -> int:
    """Say what came of it, to people and to later steps."""
    inputs = errand.inputs
    click.echo(_PROPOSED[errand.wish.style](done).rstrip("\n"))
    write_summary(inputs.summary_file, f"{render_proposal_markdown(done)}\n")
    write_outputs(inputs.output_file, {Output.RETRAIN: done.outcome.value, Output.COMMIT: done.commit or ""})
    if done.outcome is Outcome.REJECTED:
        raise RefusedError(f"the new model is not proposed: {done.reason}", hint="the live model stays")
    return _refuse(done.retraining)


def _refuse(retraining: Retraining) -> int:
    if retraining.action is Action.REFUSE:
        raise RefusedError(retraining.reason, hint=retraining.hint)
    return ExitCode.DONE


def _describe(verdict: Verdict) -> Retraining:
    return describe(verdict.situation, verdict.decision, verdict.ground.head)


def _write(folder: Path, retraining: Retraining, reports: Sequence[DriftReport] = ()) -> None:
    wiring.write_text(folder / DOCUMENT, retraining_json(retraining))
    for position, report in enumerate(reports[:MOST_REPORTS]):
        wiring.write_text(folder / f"drift-{position}.json", drift_json(shorten(report)))


def _read_reports(folder: Path) -> tuple[DriftReport, ...]:
    """The reports of drift that came along, taken as data."""
    names = [
        f"drift-{position}.json" for position in range(MOST_REPORTS) if (folder / f"drift-{position}.json").exists()
    ]
    files = [f"{folder.name}/{name}" for name in names]
    return tuple(parse_drift(wiring.read_artifact(folder.parent, file), file=file) for file in files)


def _refuse_privileged(inputs: Inputs) -> None:
    """These events run with secrets beside what a stranger brings."""
    if inputs.event_name in PRIVILEGED_EVENTS:
        raise IntegrityError(
            f"retrain does not run stages on {inputs.event_name}",
            hint="run it on schedule, workflow_dispatch or repository_dispatch",
        )
