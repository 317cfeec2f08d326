"""Refuses values that are nested too deep or hold too many parts."""

from mlops_kit.core.documents.document import Limits
from mlops_kit.core.documents.text import refusal
from mlops_kit.core.errors import Location


def check_size(value: object, limits: Limits, *, file: str) -> None:
    """InvalidInputError where the value is over a limit; works without recursion."""
    level, depth, count = [value], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > limits.depth:
            raise refusal(f"nested deeper than {limits.depth} levels", Location(file=file))
        if count > limits.nodes:
            raise refusal(f"holds more than {limits.nodes:,} values", Location(file=file))
        level = [inner for outer in level for inner in _inside(outer)]


def _inside(value: object) -> list[object]:
    match value:
        case dict():
            return list(value.values())
        case list():
            return value
        case _:
            return []
