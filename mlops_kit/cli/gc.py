"""`mlops-kit gc`: lists which bytes of models nothing needs any more."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.commands.gc import list_garbage
from mlops_kit.core.render.promotion_garbage import garbage_json, render_garbage

_RENDER = {"text": render_garbage, "json": garbage_json}


@click.command()
@click.option(
    "--keep", type=click.IntRange(min=1), metavar="N", help="Only the last N records of each environment count."
)
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the list.")
@click.pass_obj
def command(caller: Caller, *, keep: int | None, style: str) -> None:
    """List the versions of models that may go, and those that must stay and why. Nothing is deleted.

    Needed is what the log names, and what a dvc.lock or .dvc file at the head of any branch or tag names.

    \b
    Example:  mlops-kit gc --keep 10
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    stored = list_garbage(git, wiring.open_log(git), wiring.open_locks(git), keep=keep)
    click.echo(_RENDER[style](stored, keep))
