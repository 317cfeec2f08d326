"""`mlops-kit demo`: the shell around the story of commands/demo.py."""

import shutil
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import click

from mlops_kit import DISTRIBUTION
from mlops_kit.cli import Caller
from mlops_kit.commands.demo import STORY, tell_story
from mlops_kit.core.errors import InputError

NEEDED = ("sklearn", "pandas", "duckdb")
NEXT = """\
Try next:
  export PATH="{here}:$PATH"
  cd {work}
  mlops-kit status
  git switch --create mine dev            # then edit params.yaml
  mlops-kit reproduce
  mlops-kit report --base dev
  mlflow ui --backend-store-uri sqlite:///mlflow.db"""
_NEW_FOLDER = "name a new folder: mlops-kit demo --dir my-demo"
AGAIN = """\
Try next:
  {here}/mlops-kit demo --dir my-demo     # keeps the folder, to look around in
and in a repository with a dvc.yaml:
  mlops-kit validate
  mlops-kit reproduce
  mlops-kit report --base main"""


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="New folder to play in, which is kept. Default: a temporary one.",
)
@click.pass_obj
def command(caller: Caller, folder: Path | None) -> None:
    """Play the whole story on this machine: reproduce, review, promote, refuse, heal, roll back, train again.

    Needs Python and git, no account, no server. Every claim is checked; the exit code is 1 where one does not hold.

    \b
    Example:  mlops-kit demo --dir my-demo
    """
    require_modules(NEEDED)
    place = make_folder(folder)
    try:
        play_in(place, caller)
    except BaseException:
        click.echo(f"mlops-kit: look into what the demo left: {place}", err=True)
        raise
    if folder is None:
        shutil.rmtree(place)
    text = AGAIN if folder is None else NEXT
    click.echo(text.format(work=place / "work", here=Path(sys.executable).parent))


def play_in(place: Path, caller: Caller) -> None:
    """Play the story in a folder, and say how much of it was checked."""
    from rich.console import Console

    from mlops_kit.cli.demo_player import MachinePlayer

    started = time.monotonic()
    player = MachinePlayer(place, caller.inputs, Console(file=sys.stdout))
    tell_story(player, STORY)
    click.echo(f"\n{player.claims} claims, each checked, in {time.monotonic() - started:.0f} s.")


def require_modules(names: tuple[str, ...]) -> None:
    """InputError where the example's libraries are not installed here."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise InputError(
            f"the demo's pipeline needs {' and '.join(missing)}, not installed in {sys.prefix}",
            hint=f"pip install '{DISTRIBUTION}[demo]'",
        )
    if not (Path(sys.executable).parent / "python").exists():
        raise InputError(
            f"the demo's stages call python, and there is none beside {sys.executable}",
            hint="run the demo from a virtual environment",
        )


def make_folder(folder: Path | None) -> Path:
    """The folder to play in, new or empty; InputError where it holds something."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="mlops-kit-demo-")).resolve()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder", hint=_NEW_FOLDER)
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty", hint=_NEW_FOLDER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}", hint=_NEW_FOLDER) from error
    return folder.resolve()
