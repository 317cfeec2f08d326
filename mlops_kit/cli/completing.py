"""What a shell offers after TAB: environments, models and stages of the repository, besides verbs and options.

Answers from files alone, and never with an error: where something cannot be read there is nothing to offer. A name that
a shell would read as more than a word is not offered either, for it would run as soon as the line does.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from mlops_kit import wiring
from mlops_kit.cli.environment import read_inputs
from mlops_kit.core.errors import KitError

_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./@+:=-]*")


def complete_environment(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The environments of mlops.yaml, or of the defaults."""
    variables, config = read_inputs().variables, context.find_root().params.get("config")
    return _offer(lambda: wiring.list_environments(_folder(context), variables, config), context, parameter, incomplete)


def complete_model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The models that the DVC files declare."""
    variables = read_inputs().variables
    return _offer(lambda: wiring.list_models(_folder(context), variables), context, parameter, incomplete)


def complete_target(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The stages as the folder calls them; then files, for a target may be one."""
    variables = read_inputs().variables
    stages = _offer(lambda: wiring.list_stages(_folder(context), variables), context, parameter, incomplete)
    return [*stages, CompletionItem(incomplete, type="file")]


def _offer(
    list_names: Callable[[], Iterable[str]], context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    given = context.params.get(parameter.name or "") or ()
    taken = {given} if isinstance(given, str) else set(given)
    try:
        names = [name for name in list_names() if name not in taken]
    except (KitError, OSError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name)]


def _folder(context: click.Context) -> Path:
    folder: Path | None = context.find_root().params.get("repo")
    return (folder or read_inputs().folder).resolve()
