"""`mlops-kit validate`: says what is wrong with mlops.yaml and the DVC files, all of it, before anything runs."""

import json
from functools import partial

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Severity
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.failure import annotation
from mlops_kit.commands.validate import Validation, validate
from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.errors import Problem


@click.command(help="Check mlops.yaml and the DVC files; every problem at once.\n\nExample: mlops-kit validate")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", help="How to print the answer.")
@click.pass_obj
def command(caller: Caller, style: str) -> None:
    """Print what was checked; leave with the gravest problem's exit code."""
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    validation = validate(
        wiring.open_work_tree(git),
        config_file=caller.config_file,
        default_file=CONFIG_FILE,
        open_deployers=partial(wiring.open_deployers, git, caller.inputs.variables),
    )
    for warning in validation.warnings:
        _print_warning(warning, caller.inputs)
    if style == "json":
        click.echo(render_json(validation))
    if validation.error:
        raise validation.error
    if style == "text":
        click.echo(render_text(validation))


def render_text(validation: Validation) -> str:
    """Two lines: what the configuration holds, and what the pipeline does."""
    order = " → ".join(validation.environments)
    origin = validation.config_file or f"no {CONFIG_FILE}, defaults"
    return (
        f"{origin}: environments {order}; {_count(validation.gates, 'gate')}\n"
        f"pipeline: {_count(validation.stages, 'stage')}, {_count(len(validation.models), 'model')}, "
        f"{_count(len(validation.metric_files), 'metric file')} "
        f"in {_count(len(validation.files), 'DVC file')}; no problems"
    )


def render_json(validation: Validation) -> str:
    """The same as strict JSON, problems and warnings included."""
    errors = validation.error.problems if validation.error else ()
    document = {
        "config": validation.config_file,
        "environments": validation.environments,
        "files": validation.files,
        "gates": validation.gates,
        "metric_files": validation.metric_files,
        "models": validation.models,
        "problems": [_as_json(problem) for problem in errors],
        "stages": validation.stages,
        "warnings": [_as_json(problem) for problem in validation.warnings],
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _as_json(problem: Problem) -> dict[str, str | int]:
    place = problem.location
    return {
        "file": place.file if place else "",
        "line": place.line if place else 0,
        "column": place.column if place else 0,
        "field": problem.field,
        "message": problem.message,
        "hint": problem.hint,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print_warning(problem: Problem, inputs: Inputs) -> None:
    click.echo(f"mlops-kit: warning: {problem}", err=True)
    if problem.hint:
        click.echo(f"hint: {problem.hint}", err=True)
    if inputs.on_actions:
        click.echo(annotation(problem, Severity.WARNING))
