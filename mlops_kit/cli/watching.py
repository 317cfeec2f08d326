"""Shows a reading again and again until a person stops it: in place on a terminal, else whenever it has changed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import click

from mlops_kit.core.errors import OutsideError


def watch(read: Callable[[], str], *, every: float, in_place: bool) -> None:
    """Show what `read` gives, every so many seconds, until Ctrl-C; a reading that fails is told, and tried again."""
    shown = None
    try:
        while True:
            text = _read(read)
            if in_place:
                click.clear()
            if in_place or text != shown:
                click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n{text}\n")
            shown = text
            time.sleep(every)
    except KeyboardInterrupt:
        return


def _read(read: Callable[[], str]) -> str:
    try:
        return read()
    except OutsideError as error:
        return f"the last reading failed: {error}"
