"""Lets DVC's databases give up on a full disk: the library behind them tries again for ever, and DVC hangs with it."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from shutil import disk_usage
from typing import Any

from diskcache import Cache

from mlops_kit.adapters.dvc.replaced import replaced

_slow_sql = Cache._sql
_LASTING = ("disk is full", "disk I/O error")
LITTLE_BYTES = 1024 * 1024
"""With less than this free, an error that does not say why is one of room."""


@contextmanager
def bounded_databases() -> Iterator[None]:
    """Meanwhile a failure that will not pass raises OSError, which the library does not take for one that will."""
    with replaced(Cache, "_sql", property(lambda cache: partial(_execute, cache))):
        yield


def _execute(cache: Cache, *arguments: object) -> Any:  # noqa: ANN401 - the library has no types
    try:
        return _slow_sql.fget(cache)(*arguments)
    except sqlite3.OperationalError as error:
        if not any(words in str(error) for words in _LASTING):
            raise
        full = "full" in str(error) or disk_usage(cache.directory).free < LITTLE_BYTES
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number), "DVC's databases") from error
