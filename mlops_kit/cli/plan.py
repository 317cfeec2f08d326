"""`mlops-kit plan`: shows the changes that promotion would make now."""

import click

from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.plan import plan_environments
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.render.promotion_plan import plan_json, render_plan, render_plan_markdown
from mlops_kit.core.types import Plan

_RENDER = {"text": render_plan, "json": plan_json, "markdown": render_plan_markdown}


@click.command()
@click.argument("environment", required=False, shell_complete=complete_environment)
@click.option("--revision", metavar="REV", help="Plan as if this were merged into the environment's branch.")
@click.option("--exit-code", "tell", is_flag=True, help="Leave with 3 where something differs, 4 where it is blocked.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the plan.")
@click.pass_obj
def command(caller: Caller, environment: str | None, *, revision: str | None, tell: bool, style: str) -> int:
    """Show the changes that promotion would make now, in one ENVIRONMENT or in all.

    Nothing is changed: git, registry and serving target are only read.

    \b
    Example:  mlops-kit plan staging --revision my-branch
    """
    plan = plan_environments(open_world(caller), [environment] if environment else [], revision=revision)
    click.echo(_RENDER[style](plan))
    return _exit_code(plan) if tell or plan.unknown else ExitCode.DONE


def _exit_code(plan: Plan) -> ExitCode:
    if plan.unknown:
        return ExitCode.OUTSIDE
    if plan.blocked:
        return ExitCode.REFUSED
    return ExitCode.DIFFERENCE if plan.changes else ExitCode.DONE
