"""A search that takes every combination, one after the other."""

from mlops_kit.core.sweep.candidate import Candidate
from mlops_kit.core.sweep.space import Space, list_grid


class GridSearch:
    """The Search port over the whole grid; InputError where it has no end, or is too large."""

    def __init__(self, space: Space) -> None:
        self._left = iter(list_grid(space))

    def ask(self) -> Candidate | None:
        """The next combination."""
        return next(self._left, None)

    def tell(self, candidate: Candidate, value: float | None) -> None:
        """Nothing: all are taken, whatever comes out."""
