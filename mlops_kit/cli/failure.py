"""How an error looks: one line, its hint, and on GitHub Actions an annotation."""

import traceback

import click

from mlops_kit.adapters import actions
from mlops_kit.adapters.actions import Severity
from mlops_kit.cli.environment import Inputs
from mlops_kit.core.errors import KitError, Problem

TRACKER = "https://github.com/mlops-kit/mlops-kit/issues"


def report_error(error: KitError, inputs: Inputs) -> None:
    """Print every problem of the error on stderr, with its hint."""
    for problem in error.problems:
        click.echo(f"mlops-kit: error: {problem}", err=True)
        if problem.hint:
            click.echo(f"hint: {problem.hint}", err=True)
        if inputs.on_actions:
            click.echo(annotation(problem))


def report_bug(error: Exception, inputs: Inputs) -> None:
    """Own up: name the bug, and show the traceback."""
    click.echo(f"mlops-kit: bug: {type(error).__name__}", err=True)
    click.echo(f"hint: please report it with the lines below: {TRACKER}", err=True)
    click.echo("".join(traceback.format_exception(error)), err=True)
    if inputs.on_actions:
        click.echo(annotation(Problem(message=f"a bug in mlops-kit: {type(error).__name__}")))


def annotation(problem: Problem, severity: Severity = Severity.ERROR) -> str:
    """The problem as a workflow command that GitHub shows at the file's line."""
    place = problem.location
    properties: dict[str, str | int] = {}
    if place:
        properties = {"file": place.file, "line": place.line, "col": place.column}
    text = f"{problem.field}: {problem.message}" if problem.field else problem.message
    return actions.annotation(severity, text, properties={name: value for name, value in properties.items() if value})
