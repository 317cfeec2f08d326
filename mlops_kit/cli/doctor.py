"""`mlops-kit doctor`: what is missing on this machine, this runner or in the repository's settings."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.commands.doctor import examine
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.pipeline.masking import Mask, secret_values
from mlops_kit.core.ports.settings import Settings
from mlops_kit.core.render.diagnosis import diagnosis_json, render_diagnosis, render_diagnosis_markdown

_RENDER = {"text": render_diagnosis, "json": diagnosis_json, "markdown": render_diagnosis_markdown}


@click.command()
@click.option("--remote", is_flag=True, help="Look at the repository's settings on GitHub too; needs a token.")
@click.option("--format", "style", type=click.Choice(list(_RENDER)), default="text", help="How to print the findings.")
@click.pass_obj
def command(caller: Caller, *, remote: bool, style: str) -> int:
    """Look for what is missing here, and say how to mend it: tools, GPUs, DVC remote, registry, workflow files.

    On a runner it looks at that too. Nothing is changed. Leaves with 3 where something must be mended.

    \b
    Example:  mlops-kit doctor
              mlops-kit doctor --remote --format markdown
    """
    inputs = caller.inputs
    settings = _open_settings(inputs) if remote else None
    visit = wiring.Visit(
        config_file=caller.config_file,
        tracking_uri=inputs.tracking_uri,
        token=inputs.token,
        on_runner=inputs.on_actions,
        settings=settings,
    )
    clinic = wiring.open_clinic(wiring.open_git(caller.folder, inputs.variables), inputs.variables, visit)
    diagnosis = examine(clinic)
    click.echo(_RENDER[style](diagnosis, Mask(secret_values(inputs.variables)).hide))
    return ExitCode.DONE if diagnosis.healthy else ExitCode.DIFFERENCE


def _open_settings(inputs: Inputs) -> Settings:
    if not (inputs.token and inputs.repository):
        raise InputError(
            "--remote needs a token and the repository's name",
            hint="GITHUB_REPOSITORY=owner/name MLOPS_KIT_TOKEN=$(gh auth token) mlops-kit doctor --remote",
        )
    return wiring.open_settings(inputs.repository, api_url=inputs.api_url, token=inputs.token)
