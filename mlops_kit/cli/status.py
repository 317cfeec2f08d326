"""`mlops-kit status`: desired, registry and serving state of every environment."""

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.status import read_status
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.status import Status
from mlops_kit.core.render.promotion_status import render_status, render_status_markdown, status_json
from mlops_kit.core.types import Sync

_RENDER = {"text": render_status, "json": status_json, "markdown": render_status_markdown}


@click.command()
@click.option("--check", is_flag=True, help="Leave with 3 where something differs, 4 where blocked, 5 where unknown.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the status.")
@click.pass_obj
def command(caller: Caller, *, check: bool, style: str) -> int:
    """Show what every environment should run, what its registry alias and serving target say, and how it is.

    \b
    Example:  mlops-kit status --check
    """
    status = read_status(open_world(caller))
    click.echo(_RENDER[style](status))
    return _exit_code(status) if check else ExitCode.DONE


def _exit_code(status: Status) -> ExitCode:
    match status.sync:
        case Sync.SYNCED:
            return ExitCode.DONE
        case Sync.OUT_OF_SYNC:
            return ExitCode.DIFFERENCE
        case Sync.BLOCKED:
            return ExitCode.REFUSED
        case Sync.UNKNOWN:
            return ExitCode.OUTSIDE
