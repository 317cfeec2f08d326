"""`mlops-kit evaluate`: options and output."""

from functools import partial

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.progress import choose_progress
from mlops_kit.cli.reproduce import PRIVILEGED_EVENTS
from mlops_kit.commands.evaluate import Outcome, evaluate
from mlops_kit.commands.hand_over import hand_over_evaluations
from mlops_kit.commands.sides import Question
from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.errors import ExitCode, IntegrityError
from mlops_kit.core.render.evaluation import evaluations_json, render_evaluations
from mlops_kit.core.render.markdown_evaluation import evaluations_markdown


@click.command()
@click.argument("models", nargs=-1)
@click.option(
    "--base",
    metavar="REVISION|live:ENV",
    default="",
    help="Whose mlops.yaml says how; default: the merge base with the main branch.",
)
@click.option(
    "--environment",
    metavar="NAME",
    default="",
    help="Where the live version is; default: the one of the base's branch.",
    shell_complete=complete_environment,
)
@click.option("-f", "--force", is_flag=True, help="Score again what was scored already.")
@click.option(
    "--hand-over", "folder", metavar="FOLDER", default="", help="Add it to what `reproduce --hand-over` left there."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print the result.",
)
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    models: tuple[str, ...],
    base: str,
    environment: str,
    force: bool,
    folder: str,
    style: str,
) -> int:
    """Score the live model and the candidate on the same data, for `report` and the gates.

    The candidate is the work tree's, after `reproduce`. What scores a model is named under `evaluate:` in mlops.yaml;
    what comes out is written to evaluations/ENVIRONMENT/MODEL.json, to be committed. Without MODELS, all of them.

    \b
    Example:  mlops-kit evaluate --environment production
    """
    inputs = caller.inputs
    if inputs.event_name in PRIVILEGED_EVENTS:
        raise IntegrityError(
            f"evaluate does not run on {inputs.event_name}: that would give a pull request's code your secrets",
            hint="run it on pull_request, with permissions: contents: read",
        )
    question = Question(base=base, environment=environment, config_file=caller.config_file or CONFIG_FILE)
    git = wiring.open_git(caller.folder, inputs.variables)
    contest = wiring.open_contest(git, inputs.variables, caller.config_file, partial(choose_progress, inputs))
    outcome = evaluate(contest, question, models, force=force)
    if outcome.known:
        click.echo(f"mlops-kit: scored before: {', '.join(outcome.known)}; --force scores again", err=True)
    if folder:
        added = hand_over_evaluations(git, *wiring.open_handed(caller.folder, folder), outcome.evaluations)
        click.echo(f"mlops-kit: handed over {len(added)} evaluations in {folder}", err=True)
    click.echo(_render(outcome, style))
    return ExitCode.DONE


def _render(outcome: Outcome, style: str) -> str:
    skipped = {one.model: one.reason for one in outcome.skipped}
    match style:
        case "json":
            return evaluations_json(outcome.environment, outcome.evaluations, skipped=skipped)
        case "markdown":
            return evaluations_markdown(outcome.evaluations, skipped=skipped)
        case _:
            return render_evaluations(outcome.evaluations, skipped=skipped)
