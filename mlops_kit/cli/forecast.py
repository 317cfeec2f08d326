"""`mlops-kit reproduce --dry-run` and `--explain`: their options, and what they print."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.commands.forecast import explain, forecast
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.render.explanation import explanation_json, render_explanation
from mlops_kit.core.render.forecast import forecast_json, render_forecast, render_forecast_markdown
from mlops_kit.core.run import Selection

FORMATS = ("text", "json", "markdown")
_RENDER = {"text": render_forecast, "json": forecast_json, "markdown": render_forecast_markdown}
_EXPLAIN = {"text": render_explanation, "json": explanation_json}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked instead of a run; `check` wants the answer as exit code too, `explain` names one stage."""

    dry_run: bool
    check: bool
    explain: str | None
    form: str

    @property
    def asked(self) -> bool:
        """Whether anything is asked."""
        return self.dry_run or self.explain is not None


def forecast_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options to a command; its function gets them as one `question`, beside the `form` that it has."""

    @click.option("--dry-run", is_flag=True, help="Only say what would run, and why.")
    @click.option("--check", is_flag=True, help="With --dry-run: leave with 3 where dvc.lock is not up to date.")
    @click.option("--explain", metavar="STAGE", help="Only tell everything about one stage.")
    @wraps(function)
    def asking(*words: object, dry_run: bool, check: bool, explain: str | None, form: str, **rest: object) -> int:
        question = Question(dry_run=dry_run, check=check, explain=explain, form=form)
        _refuse_nonsense(question, any_target=bool(rest.get("targets")), tables=bool(rest.get("sweep")))
        return function(*words, question=question, form=form, **rest)

    return asking


def answer(caller: Caller, selection: Selection, question: Question) -> int:
    """Print what is asked; the exit code."""
    wiring.check_locks(caller.folder, caller.inputs.variables)
    with wiring.open_lookout(caller.folder) as lookout:
        if question.explain is not None:
            wanted = replace(selection, targets=(question.explain,), every_pipeline=False)
            click.echo(_EXPLAIN[question.form](explain(lookout, wanted)))
            return ExitCode.DONE
        found = forecast(lookout.forecaster, selection)
    click.echo(_RENDER[question.form](found))
    return ExitCode.DIFFERENCE if question.check and not found.up_to_date else ExitCode.DONE


def _refuse_nonsense(question: Question, *, any_target: bool, tables: bool) -> None:
    if question.dry_run and question.explain is not None:
        raise click.UsageError("--dry-run and --explain exclude each other")
    if question.explain is not None and any_target:
        raise click.UsageError("--explain takes its own stage and no other targets")
    if question.check and not question.dry_run:
        raise click.UsageError("--check goes with --dry-run")
    if question.form == "markdown" and not (question.dry_run or tables):
        raise click.UsageError("--format markdown goes with --dry-run or --sweep")
