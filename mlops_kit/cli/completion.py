"""`mlops-kit completion`: prints what makes a shell complete the kit's words."""

import click
from click.shell_completion import get_completion_class

from mlops_kit.cli import program

_VARIABLE = "_MLOPS_KIT_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print a script that completes verbs, options, environments, models and stages in bash 4.4, zsh or fish.

    Load it once for this shell, or from its start-up file for all to come.

    \b
    Example:  eval "$(mlops-kit completion bash)"
              mlops-kit completion fish > ~/.config/fish/completions/mlops-kit.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(shell)
    click.echo(kind(program, {}, "mlops-kit", _VARIABLE).source())
