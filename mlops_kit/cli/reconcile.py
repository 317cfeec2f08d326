"""`mlops-kit reconcile`: makes every environment run what its branch says."""

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.rebuild import rebuild
from mlops_kit.commands.reconcile import compare, reconcile
from mlops_kit.commands.retry import retry_aborted
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.render.promotion_outcome import outcomes_json, render_outcomes

_RENDER = {"text": render_outcomes, "json": outcomes_json}


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV]...", shell_complete=complete_environment)
@click.option("--check", is_flag=True, help="Only compare: change nothing, leave with 3 where something differs.")
@click.option("--accept-rewrite", is_flag=True, help="Promote although a branch's history was rewritten.")
@click.option("--hotfix", metavar="REASON", help="Let new versions in without order, soak and freeze, and say why.")
@click.option("--retry", is_flag=True, help="Try roll-outs again that were aborted.")
@click.option("--rebuild", "anew", is_flag=True, help="Make a lost registry anew, from the log and the bytes.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the outcome.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    environments: tuple[str, ...],
    check: bool,
    accept_rewrite: bool,
    hotfix: str | None,
    retry: bool,
    anew: bool,
    style: str,
) -> int:
    """Carry out the plan: make the named environments, or all, run what their branches say.

    Safe to repeat at any time; a run that finds all in order writes nothing.

    \b
    Example:  mlops-kit reconcile staging
    Example:  mlops-kit reconcile production --hotfix "fraud model blocks all payments"
    """
    if hotfix is not None and not (environments and hotfix.strip()):
        raise click.UsageError("--hotfix needs a reason, and the name of the environment that cannot wait")
    if retry and check:
        raise click.UsageError("--check changes nothing, and --retry writes into the log: use one of them")
    if anew and (check or accept_rewrite or retry or hotfix):
        raise click.UsageError("--rebuild goes with no other option that says what to do")
    world = open_world(caller, accept_rewrite=accept_rewrite, hotfix=(hotfix or "").strip())
    if retry:
        retry_aborted(world, environments)
    act = rebuild if anew else compare if check else reconcile
    outcomes = act(world, environments)
    click.echo(_RENDER[style](outcomes))
    return worst_code(outcome.code for outcome in outcomes)
