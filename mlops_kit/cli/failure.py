"""How an error looks: one line, its hint, and on GitHub Actions an annotation."""

import traceback

import click

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


def annotation(problem: Problem) -> str:
    """The problem as a workflow command that GitHub shows at the file's line."""
    place = problem.location
    properties = [
        f"file={_escape_property(place.file)}" if place else "",
        f"line={place.line}" if place and place.line else "",
        f"col={place.column}" if place and place.column else "",
    ]
    text = f"{problem.field}: {problem.message}" if problem.field else problem.message
    return f"::error {','.join(part for part in properties if part)}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
