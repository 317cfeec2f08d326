"""Puts a function of the kit in the place of one of a library's, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

_layers: dict[tuple[int, str], list[tuple[object, object]]] = {}
"""For each place, what stands there now below and above each other, the library's own first; each with its token."""


@contextmanager
def replaced(owner: object, name: str, stand_in: object) -> Iterator[None]:
    """While the block runs, `name` of a class or module is something else; blocks may end in any order."""
    place, token = (id(owner), name), object()
    layers = _layers.setdefault(place, [(None, getattr(owner, name))])
    layers.append((token, stand_in))
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        layers[:] = [layer for layer in layers if layer[0] is not token]
        setattr(owner, name, layers[-1][1])
        if len(layers) == 1:
            del _layers[place]
