"""Puts a function of the kit in the place of one of a library's, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def replaced(owner: object, name: str, stand_in: object) -> Iterator[None]:
    """While the block runs, `name` of a class or module is something else; blocks may lie inside each other."""
    before = getattr(owner, name)
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        setattr(owner, name, before)
