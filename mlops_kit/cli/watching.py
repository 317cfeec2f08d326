"""Shows a reading again and again until a person stops it: in place on a terminal, else whenever it has changed."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import click

from mlops_kit.core.errors import OutsideError


def watch(read: Callable[[], str], *, every: float, in_place: bool) -> None:
    """Show what `read` gives, every so many seconds, until Ctrl-C; a reading that fails is told, and tried again."""
    shown = None
    with _interruptible() as is_stopped, suppress(KeyboardInterrupt):
        while not is_stopped():
            text = _read(read)
            if in_place:
                click.clear()
            if in_place or text != shown:
                click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n{text}\n")
            shown = text
            time.sleep(every)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: a library that swallows the exception in a callback does not keep the watch alive."""
    pressed: list[int] = []

    def stop(number: int, _frame: object) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def _read(read: Callable[[], str]) -> str:
    try:
        return read()
    except OutsideError as error:
        return f"the last reading failed: {error}"
