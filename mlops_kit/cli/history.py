"""`mlops-kit history`: tells the promotion log."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment, complete_model
from mlops_kit.commands.history import Question, read_history
from mlops_kit.core.promotion.periods import parse_moment
from mlops_kit.core.render.promotion_history import render_history, render_history_markdown
from mlops_kit.core.render.promotion_history_data import history_csv, history_json

_RENDER = {"text": render_history, "json": history_json, "markdown": render_history_markdown, "csv": history_csv}


@click.command()
@click.argument("model", required=False, shell_complete=complete_model)
@click.option(
    "--environment", metavar="ENV", help="Only this environment's records.", shell_complete=complete_environment
)
@click.option("--as-of", "when", metavar="DATE", help="Only what was live then: 2026-11-01 or 2026-11-01T12:00Z.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the records.")
@click.pass_obj
def command(caller: Caller, model: str | None, *, environment: str | None, when: str | None, style: str) -> None:
    """Tell who promoted what, where, when, and until when it was live: the log of one MODEL or of all.

    A date without a time means its end in UTC.

    \b
    Example:  mlops-kit history churn --environment production --as-of 2026-11-01
    """
    as_of = parse_moment(when) if when is not None else None
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    config = wiring.load_config(git.root, caller.config_file)
    question = Question(model=model, environment=environment, as_of=as_of)
    periods = read_history(git, wiring.open_log(git), config, question)
    click.echo(_RENDER[style](periods, as_of), nl=style != "csv")
