"""`mlops-kit reconcile`: makes every environment run what its branch says."""

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.rebuild import rebuild
from mlops_kit.commands.reconcile import compare, reconcile
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.render.promotion_outcome import outcomes_json, render_outcomes

_RENDER = {"text": render_outcomes, "json": outcomes_json}


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...")
@click.option("--check", is_flag=True, help="Only compare: change nothing, leave with 3 where something differs.")
@click.option("--accept-rewrite", is_flag=True, help="Promote although a branch's history was rewritten.")
@click.option("--rebuild", "anew", is_flag=True, help="Make a lost registry anew, from the log and the bytes.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the outcome.")
@click.pass_obj
def command(
    caller: Caller, environments: tuple[str, ...], *, check: bool, accept_rewrite: bool, anew: bool, style: str
) -> int:
    """Carry out the plan: make the named environments, or all, run what their branches say.

    Safe to repeat at any time; a run that finds all in order writes nothing.

    \b
    Example:  mlops-kit reconcile staging
    """
    if anew and (check or accept_rewrite):
        raise click.UsageError("--rebuild goes with neither --check nor --accept-rewrite")
    world = open_world(caller, accept_rewrite=accept_rewrite)
    act = rebuild if anew else compare if check else reconcile
    outcomes = act(world, environments)
    click.echo(_RENDER[style](outcomes))
    return worst_code(outcome.code for outcome in outcomes)
