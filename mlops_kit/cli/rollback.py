"""`mlops-kit rollback`: proposes that an environment goes back to what ran there before."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment, complete_model
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.rollback import Request, prepare_rollback, propose
from mlops_kit.core.render.rollback_result import render_rollback, rollback_json

_RENDER = {"text": render_rollback, "json": rollback_json}


@click.command()
@click.argument("environment", metavar="ENV", shell_complete=complete_environment)
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=complete_model)
@click.option("--to", metavar="VERSION", default="", help="A number of the log (#3), or a digest or how it begins.")
@click.option("--print", "only_print", is_flag=True, help="Push nothing: print the git commands that would.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the result.")
@click.pass_obj
def command(
    caller: Caller, environment: str, models: tuple[str, ...], *, to: str, only_print: bool, style: str
) -> None:
    """Make a branch that brings back what ran in ENV before, and open its pull request; merging that is the rollback.

    Without MODEL the models of the last promotion go back, without --to each to its last version that differs. Where
    no forge is at hand, the git commands are printed. Your work tree stays as it is; the same again changes nothing.

    \b
    Example:  mlops-kit rollback production churn --to '#3'
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    world = open_world(caller, git=git)
    drafts = wiring.open_drafts(git, caller.inputs.variables)
    ready = prepare_rollback(world, drafts, Request(environment=environment, models=models, to=to))
    if world.open_forge is not None and not only_print:
        ready = propose(world, drafts, world.open_forge(), ready)
    click.echo(_RENDER[style](ready))
