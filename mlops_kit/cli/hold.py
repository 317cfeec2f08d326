"""`mlops-kit hold`: keeps promotions out of an environment, or lets them in again."""

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment, complete_model
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.hold import Word, note_hold
from mlops_kit.core.render.promotion_holds import holds_json, render_holds
from mlops_kit.core.types import NoteKind

_RENDER = {"text": render_holds, "json": holds_json}


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environment)
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=complete_model)
@click.option("--reason", default="", metavar="TEXT", help="Why; a hold needs one.")
@click.option("--release", is_flag=True, help="Let promotions in again.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the outcome.")
@click.pass_obj
def command(
    caller: Caller, environment: str, models: tuple[str, ...], *, reason: str, release: bool, style: str
) -> None:
    """Hold the named MODELs in ENV, or all of them: no new version enters until somebody releases them.

    A hold is a note of the promotion log, with who and why. Held or released twice, there is nothing to do.

    \b
    Example:  mlops-kit hold production churn --reason "audit until Friday"
    """
    word = Word(kind=NoteKind.RELEASE if release else NoteKind.HOLD, models=models, reason=reason)
    results = note_hold(open_world(caller), environment, word)
    click.echo(_RENDER[style](environment, [(found.model, found.hold, found.changed) for found in results]))
