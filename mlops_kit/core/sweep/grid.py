"""A search that takes every combination, one after the other."""

from mlops_kit.core.sweep.space import Space, list_grid
from mlops_kit.core.sweep.trial import Trial


class GridSearch:
    """The Search port over the whole grid; InputError where it has no end, or is too large."""

    def __init__(self, space: Space) -> None:
        self._left = iter(list_grid(space))

    def ask(self) -> Trial | None:
        """The next combination."""
        return next(self._left, None)

    def tell(self, trial: Trial, value: float | None) -> None:
        """Nothing: all are taken, whatever comes out."""
