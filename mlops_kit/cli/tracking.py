"""Has a reproduce tracked: a failure is a warning, and never the run's own."""

from datetime import UTC, datetime

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Severity, annotation
from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.mlflow.tracking import hide_secrets
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.progress import harmless
from mlops_kit.commands.reproduce import Reproduction
from mlops_kit.commands.track import track_reproduction
from mlops_kit.core.errors import KitError
from mlops_kit.core.review.tracked_run import Teller, as_tracked, tracking_url


def track_run(caller: Caller, done: Reproduction, began: datetime) -> None:
    """Have the reproduce tracked at MLFLOW_TRACKING_URI; nothing after an interrupt, which leaves no time for it."""
    if done.interrupted:
        return
    try:
        _track(caller, done, began)
    except KitError as error:
        _warn(error, caller.inputs)


def _track(caller: Caller, done: Reproduction, began: datetime) -> None:
    inputs = caller.inputs
    git = wiring.open_git(caller.folder, inputs.variables)
    ledger = wiring.open_ledger(
        git,
        inputs.variables,
        caller.folder,
        uri=inputs.tracking_uri,
        repository=inputs.repository,
        config_file=caller.config_file,
    )
    if ledger is None:
        return
    run = track_reproduction(ledger, done, _tell(inputs, began))
    place = tracking_url(inputs.tracking_uri, as_tracked(run.address)) or f"run {run.run_id}"
    click.echo(harmless(f"tracked in {ledger.experiment}: {place}"), err=True)


def _tell(inputs: Inputs, began: datetime) -> Teller:
    on_workflow = inputs.repository and inputs.run_id
    page = f"{inputs.server_url}/{inputs.repository}/actions/runs/{inputs.run_id}/attempts/{inputs.attempt}"
    return Teller(
        began=_milliseconds(began),
        ended=_milliseconds(SystemClock().now()),
        repository=inputs.repository,
        actor=inputs.actor or inputs.variables.get("USER", ""),
        branch=inputs.variables.get("GITHUB_HEAD_REF", "") or inputs.ref_name,
        workflow_run=page if on_workflow else "",
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _warn(error: KitError, inputs: Inputs) -> None:
    """Say that nothing was tracked, and why, without a secret."""
    hide = hide_secrets(inputs.tracking_uri, inputs.variables)
    message = hide(f"the run was not tracked: {' '.join(str(error).split())}")
    click.echo(f"mlops-kit: warning: {harmless(message)}", err=True)
    if error.hint:
        click.echo(f"hint: {hide(error.hint)}", err=True)
    if inputs.on_actions:
        click.echo(annotation(Severity.WARNING, message))
