"""`mlops-kit history`: tells the promotion log."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.commands.history import read_history
from mlops_kit.core.render.promotion_history import history_json, render_history, render_history_markdown

_RENDER = {"text": render_history, "json": history_json, "markdown": render_history_markdown}


@click.command()
@click.argument("model", required=False)
@click.option("--environment", metavar="ENV", help="Only this environment's records.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the records.")
@click.pass_obj
def command(caller: Caller, model: str | None, *, environment: str | None, style: str) -> None:
    """Tell who promoted what, where and when: the log of one MODEL or of all, as sentences.

    \b
    Example:  mlops-kit history churn --environment production
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    config = wiring.load_config(git.root, caller.config_file)
    records = read_history(git, wiring.open_log(git), config, model=model, environment=environment)
    click.echo(_RENDER[style](records))
