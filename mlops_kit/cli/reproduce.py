"""`mlops-kit reproduce`: options, progress and the table at the end."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from mlops_kit import wiring
from mlops_kit.adapters.clock import SystemClock
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_target
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.forecast import FORMATS, Question, answer, forecast_options
from mlops_kit.cli.hand_over import Parcel, hand_over_options
from mlops_kit.cli.progress import RunProgress, choose_progress
from mlops_kit.cli.sweep import Ground, run_sweep, sweep_options
from mlops_kit.cli.sweep import Question as SweepQuestion
from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.commands.reproduce_in_dvc import reproduce_in_dvc
from mlops_kit.core.config.durations import parse_duration
from mlops_kit.core.errors import InputError, IntegrityError, InterruptedRunError, StageFailedError
from mlops_kit.core.pipeline.schedule import OnFailure
from mlops_kit.core.render.run import render_run_table
from mlops_kit.core.run import EngineChoice, EngineKind, Selection, StageResult, parse_engine
from mlops_kit.core.types import StageName

PRIVILEGED_EVENTS = frozenset({"pull_request_target", "workflow_run"})


def _duration(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    try:
        return 0.0 if value is None else parse_duration(value).total_seconds()
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


@click.command("reproduce")
@click.argument("targets", nargs=-1, shell_complete=complete_target)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Commands at a time; default: processors.")
@click.option("--gpus", type=click.IntRange(min=0), help="GPUs to hand out; default: those that nvidia-smi finds.")
@click.option("-f", "--force", is_flag=True, help="Run also what did not change.")
@click.option("-P", "--all-pipelines", is_flag=True, help="All dvc.yaml files, not only this folder's.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure run what does not need the failed stage.")
@click.option("--pull", is_flag=True, help="Fetch missing data and earlier results from the DVC remote.")
@click.option("--push", is_flag=True, help="Send what came out to the DVC remote.")
@click.option("--verify", is_flag=True, help="Hash all outputs against dvc.lock; mend what was damaged.")
@click.option("--track/--no-track", default=True, help="Track the run where MLFLOW_TRACKING_URI says, or do not.")
@click.option("--wait", metavar="DURATION", callback=_duration, help="Wait for another run here, such as 30m.")
@click.option(
    "--engine",
    default="local",
    show_default=True,
    metavar="local|dvc|ray|ray://HOST:PORT",
    help="Who runs the commands: DVC's loop, or a Ray cluster.",
)
@click.option(
    "--max-stages", type=click.IntRange(min=1), help="Refuse a dvc.yaml that stands for more; default: 10,000."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to print the result; markdown with --dry-run.",
)
@click.pass_obj
@sweep_options
@hand_over_options
@forecast_options
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    targets: tuple[str, ...],
    jobs: int | None,
    gpus: int | None,
    force: bool,
    all_pipelines: bool,
    keep_going: bool,
    pull: bool,
    push: bool,
    parcel: Parcel,
    verify: bool,
    track: bool,
    wait: float,
    engine: str,
    max_stages: int | None,
    form: str,
    question: Question,
    sweep: SweepQuestion | None,
) -> int:
    """Run the stages that changed, side by side, and note what came out.

    TARGETS are DVC's: stages, FILE:STAGE, dvc.yaml files, outputs. Without any, this folder's dvc.yaml.

    \b
    Example:  mlops-kit reproduce --jobs 4 train
              mlops-kit reproduce --sweep train.lr=0.1,0.01 --metric accuracy
    """
    _refuse_privileged(caller.inputs)
    choice = _choose_engine(engine, {"--gpus": gpus is not None, "--verify": verify})
    wiring.check_pipelines(caller.folder, caller.inputs.variables, most_stages=max_stages)
    selection = Selection(targets=targets, every_pipeline=all_pipelines, force=force, pull=pull, verify=verify)
    if question.asked:
        return answer(caller, selection, question)
    on_failure = OnFailure.KEEP_GOING if keep_going else OnFailure.STOP
    manner = Manner(jobs=jobs or wiring.count_jobs(choice), on_failure=on_failure, push=push)
    if choice.kind is EngineKind.RAY:  # where tasks pull and push
        selection, manner = replace(selection, pull=False, elsewhere=True), replace(manner, push=False)
    began = SystemClock().now()
    setting = wiring.RunSetting(gpus=gpus, patience_seconds=wait, engine=choice)
    ground = Ground(selection=selection, manner=manner, setting=setting, form=form)
    done = run_sweep(caller, sweep, ground) if sweep else _run_and_tell(caller, ground)
    if track and done.stages:
        _track(caller, done, began)
    _judge(done, caller.folder)
    return parcel.hand_over(caller, sent=manner.push or choice.kind is EngineKind.RAY)


def _track(caller: Caller, done: Reproduction, began: datetime) -> None:
    if caller.inputs.tracking_uri:
        from mlops_kit.cli.tracking import track_run

        track_run(caller, done, began)


def _choose_engine(engine: str, local: Mapping[str, bool]) -> EngineChoice:
    """The engine; InputError where options that are about this machine were given and commands run on others."""
    choice = parse_engine(engine)
    given = [option for option, is_given in local.items() if is_given]
    if given and choice.kind is EngineKind.RAY:
        raise InputError(f"{given[0]} is about this machine, and --engine ray runs on others", hint="leave one out")
    return choice


def _refuse_privileged(inputs: Inputs) -> None:
    """These events run with the base repository's secrets, and stages are the pull request's code."""
    if inputs.event_name in PRIVILEGED_EVENTS:
        raise IntegrityError(
            f"reproduce does not run on {inputs.event_name}: that would give a pull request's code your secrets",
            hint="run it on pull_request, with permissions: contents: read",
        )


def render_json(done: Reproduction) -> str:
    """The run as strict JSON."""
    stages = [_as_json(stage) for stage in done.stages]
    return json.dumps({"stages": stages, "interrupted": bool(done.interrupted)}, sort_keys=True, allow_nan=False)


def _as_json(stage: StageResult) -> dict[str, object]:
    used = stage.usage
    return {
        "name": stage.name,
        "state": stage.state.value,
        "seconds": round(stage.seconds, 3),
        "message": stage.message,
        "attempts": stage.attempts,
        "cpu_seconds": round(used.cpu_seconds, 3) if used else None,
        "memory_bytes": used.memory_bytes if used else None,
        "gpu_memory_bytes": used.gpu_memory_bytes if used else None,
    }


def _run_and_tell(caller: Caller, ground: Ground) -> Reproduction:
    done = _run(caller, ground.selection, ground.manner, ground.setting)
    click.echo(render_json(done) if ground.form == "json" else render_run_table(done.stages))
    return done


def _run(caller: Caller, selection: Selection, manner: Manner, setting: wiring.RunSetting) -> Reproduction:
    progress: RunProgress = choose_progress(caller.inputs)
    if setting.engine.kind is EngineKind.DVC:
        return _run_in_dvc(caller, selection, manner, setting, progress=progress)
    with wiring.open_workshop(caller.folder, caller.inputs.variables, progress, setting) as workshop:
        return reproduce(workshop, selection, manner)


def _run_in_dvc(
    caller: Caller, selection: Selection, manner: Manner, setting: wiring.RunSetting, *, progress: RunProgress
) -> Reproduction:
    """DVC's own loop; what it prints belongs to the stage that it is at."""
    loop = wiring.open_own_loop(caller.folder)

    def on_line(_: StageName, text: str) -> None:
        progress.line(loop.current_stage(), text)

    with wiring.open_workshop(caller.folder, caller.inputs.variables, progress, setting, on_line=on_line) as workshop:
        return reproduce_in_dvc(workshop, loop, selection, manner)


def _judge(done: Reproduction, folder: Path) -> None:
    """The exit code: an interrupt, else damage, else the first failure, else what kept the results from the remote."""
    if done.interrupted:
        raise InterruptedRunError(done.interrupted, hint="finished stages are kept; run again to go on")
    if done.damaged:
        raise done.damaged
    if done.failed:
        first, *others = done.failed
        more = f" (and {len(others)} more)" if others else ""
        raise StageFailedError(f"stage {first.name!r} failed: {first.message}{more}", hint=_hint(first, folder))
    if done.unsent:
        raise done.unsent


def _hint(stage: StageResult, folder: Path) -> str:
    if not stage.log:
        return ""
    log = Path(stage.log)
    return f"its output: {log.relative_to(folder) if log.is_relative_to(folder) else log}"
