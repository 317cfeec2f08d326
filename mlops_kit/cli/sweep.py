"""`mlops-kit reproduce --sweep`: its options, and what is printed of the trials."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.progress import choose_progress
from mlops_kit.commands.reproduce import Manner, Reproduction
from mlops_kit.commands.sweep import Swept, sweep
from mlops_kit.core.errors import InputError, InterruptedRunError, StageFailedError
from mlops_kit.core.render.sweep import render_sweep, render_sweep_markdown, sweep_json
from mlops_kit.core.review.sweep import (
    Measure,
    SweepRows,
    TrialResult,
    TrialState,
    choose_measure,
    find_best,
    rank_trials,
)
from mlops_kit.core.run import EngineKind, Selection
from mlops_kit.core.sweep.words import parse_words

GRID, OPTUNA = "grid", "optuna"
_RENDER = {"text": render_sweep, "json": sweep_json, "markdown": render_sweep_markdown}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is swept over, and how: the options of a sweep as they were given. `trials` is 0 for a grid."""

    words: tuple[str, ...]
    trials: int
    metric: str
    seed: int
    apply_best: bool

    @property
    def asked(self) -> bool:
        """Whether a sweep is asked for."""
        return bool(self.words)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """How the stages of trials run, as for any run."""

    selection: Selection
    setting: wiring.RunSetting
    manner: Manner
    form: str


def sweep_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options to a command; its function gets them as one `sweep`, None where none is asked for."""

    @click.option("--sweep", "words", metavar="KEY=VALUES", multiple=True, help="Try these values of a param.")
    @click.option(
        "--sweep-engine",
        "searching",
        type=click.Choice([GRID, OPTUNA]),
        default=GRID,
        show_default=True,
        help="Every combination, or a search.",
    )
    @click.option("--trials", type=click.IntRange(min=1), help="With optuna: how many trials.")
    @click.option("--metric", metavar="KEY", default="", help="Of a sweep: the metric that ranks trials.")
    @click.option("--seed", type=click.IntRange(min=0), help="With optuna: where its choice begins; default: 0.")
    @click.option("--apply-best", is_flag=True, help="Of a sweep: leave the best trial in the work tree.")
    @wraps(function)
    def sweeping(
        *given: object,
        words: tuple[str, ...],
        searching: str,
        trials: int | None,
        metric: str,
        seed: int | None,
        apply_best: bool,
        **rest: object,
    ) -> int:
        question = Question(words=words, trials=trials or 0, metric=metric, seed=seed or 0, apply_best=apply_best)
        searches = {"--trials": trials is not None, "--seed": seed is not None}
        _refuse_nonsense(question, searches, searching)
        if question.asked:
            _refuse_others(rest)
        return function(*given, sweep=question if question.asked else None, **rest)

    return sweeping


def run_sweep(caller: Caller, question: Question, ground: Ground) -> Reproduction:
    """Run the trials and print them; the run of the one that is in the work tree now, of no stages for none."""
    if ground.setting.engine.kind is EngineKind.DVC:
        raise InputError("--sweep runs trials side by side, and --engine dvc is one loop", hint="leave one out")
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    space = parse_words(question.words)
    measure = choose_measure(question.metric, wiring.load_config(git.root, caller.config_file))
    search = wiring.open_search(space, measure.goal, trials=question.trials, seed=question.seed)
    progress = choose_progress(caller.inputs)
    plan = wiring.SweepPlan(space=space, search=search, setting=ground.setting, clean=question.apply_best)
    with wiring.open_laboratory(caller.folder, caller.inputs.variables, progress, plan) as laboratory:
        baseline = laboratory.fleet.baseline
        done = sweep(laboratory, ground.selection, measure, ground.manner)
    rows = rank_trials(done.results, measure, baseline=baseline)
    best = _find_best(rows, done) if question.apply_best and not done.interrupted else None
    try:
        if best:
            winner = wiring.Winner(baseline=baseline, name=best.name, stages=best.stages)
            wiring.apply_trial(caller.folder, caller.inputs.variables, ground.selection, winner, tell=progress.note)
            rows = replace(rows, applied=best.name)
    finally:
        wiring.remember_sweep(caller.folder, caller.inputs.variables, rows)
        click.echo(_RENDER[ground.form](rows))
    _judge(rows, done, measure, apply_best=question.apply_best)
    return Reproduction(stages=best.stages if best else ())


def _find_best(rows: SweepRows, done: Swept) -> TrialResult | None:
    row = find_best(rows)
    return next((result for result in done.results if row and result.name == row.name), None)


def _judge(rows: SweepRows, done: Swept, measure: Measure, *, apply_best: bool) -> None:
    """The exit code: an interrupt, else that no trial did its work, else that none can be called the best."""
    if done.interrupted:
        raise InterruptedRunError(done.interrupted, hint="finished trials are kept; run again to go on")
    failed = [row for row in rows.trials if row.state is TrialState.FAILED]
    if failed and len(failed) == len(rows.trials):
        count = f"all {len(failed)} trials" if len(failed) > 1 else "the only trial"
        raise StageFailedError(f"{count} failed: {failed[0].message}", hint=_name_log(done))
    if measure.metric and find_best(rows) is None:
        found = next((row.message for row in rows.trials if row.state is TrialState.DONE), "")
        applied = "; nothing was applied" if apply_best else ""
        raise InputError(f"--metric {measure.metric!r}: no trial has it: {found}{applied}")


def _name_log(done: Swept) -> str:
    """Where the output of the first failed stage is."""
    logs = (stage.log for result in done.results for stage in result.stages if stage.log)
    return next((f"its output: {log}" for log in logs), "")


def _refuse_nonsense(question: Question, searches: dict[str, bool], engine: str) -> None:
    given = [option for option, is_given in searches.items() if is_given]
    of_sweep = [*given, *(["--metric"] if question.metric else []), *(["--apply-best"] if question.apply_best else [])]
    if not question.asked and (of_sweep or engine != GRID):
        raise click.UsageError(f"{(of_sweep or ['--sweep-engine'])[0]} goes with --sweep")
    if given and engine == GRID:
        raise click.UsageError(f"{given[0]} goes with --sweep-engine {OPTUNA}")
    if engine == OPTUNA and not (question.trials and question.metric):
        raise click.UsageError(f"--sweep-engine {OPTUNA} needs --trials and --metric")
    if question.apply_best and not question.metric:
        raise click.UsageError("--apply-best needs --metric, which says what is best")


def _refuse_others(given: dict[str, object]) -> None:
    """What makes no sense for trials."""
    for option in ("verify", "dry_run", "explain", "check", "keep_going"):
        if given.get(option):
            raise click.UsageError(f"--{option.replace('_', '-')} does not go with --sweep")
