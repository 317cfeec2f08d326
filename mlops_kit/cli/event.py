"""What a verb of a workflow needs at its start and end: the event that it runs for, and warnings beside the run."""

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Severity, annotation
from mlops_kit.cli.environment import Inputs
from mlops_kit.core.errors import InputError
from mlops_kit.core.review.event import HINT, Event, Numbered, check_number, parse_event


def read_event(inputs: Inputs, number: int | None) -> Event:
    """What this run is about; before a token or a server is asked for."""
    if number is not None:
        return Numbered(number=check_number(number))
    if not inputs.event_path:
        raise InputError("this is no workflow run, so there is no pull request to comment on", hint=HINT)
    data = wiring.read_event(inputs.event_path)
    return parse_event(data, file=inputs.event_path, name=inputs.event_name, commit=inputs.sha)


def warn(message: str, inputs: Inputs) -> None:
    """Say on stderr what is worth a look, and on Actions beside the run."""
    click.echo(f"mlops-kit: warning: {message}", err=True)
    if inputs.on_actions:
        click.echo(annotation(Severity.WARNING, message))
