"""`mlops-kit status`: desired, registry and serving state of every environment."""

import sys
from dataclasses import dataclass, field

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.promotion import open_world
from mlops_kit.cli.watching import watch
from mlops_kit.commands.status import read_status
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.status import Status
from mlops_kit.core.render.promotion_status import render_status, render_status_markdown, status_json
from mlops_kit.core.types import Sync

_RENDER = {"text": render_status, "json": status_json, "markdown": render_status_markdown}


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...", shell_complete=complete_environment)
@click.option("--check", is_flag=True, help="Leave with 3 where something differs, 4 where blocked, 5 where unknown.")
@click.option("--watch", "again", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option("--every", type=click.IntRange(1, 3600), default=10, metavar="SECONDS", help="How often; default: 10.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the status.")
@click.pass_obj
def command(caller: Caller, environments: tuple[str, ...], *, check: bool, again: bool, every: int, style: str) -> int:
    """Show what each environment runs, since when, whether that is what it should run, and how it is.

    \b
    Example:  mlops-kit status --check
              mlops-kit status production --watch
    """
    watched = _Watched(caller=caller, environments=environments, style=style)
    if again:
        watch(watched.read, every=every, in_place=sys.stdout.isatty())
    else:
        click.echo(watched.read())
    return _exit_code(watched.last) if check else ExitCode.DONE


@dataclass
class _Watched:
    """The status of some environments, read anew each time; `last` is the last reading that came about."""

    caller: Caller
    environments: tuple[str, ...]
    style: str
    last: Status = field(default_factory=lambda: Status(environments={}))

    def read(self) -> str:
        """The status now, as text."""
        self.last = read_status(open_world(self.caller), self.environments)
        return _RENDER[self.style](self.last)


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
