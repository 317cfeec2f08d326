"""What the sections of the comment share: names, values, tables, folded parts."""

from mlops_kit.core.render.budget import Block
from mlops_kit.core.render.escape import cell, figure, prose
from mlops_kit.core.render.values import show_value
from mlops_kit.core.review.cells import Cell


def name_cell(path: str, key: str, *, several: bool) -> str:
    """The key; with its file where there are several, and the file alone where the key is empty."""
    if not key:
        return cell(path)
    return f"{cell(key)} <sub>{prose(path)}</sub>" if several else cell(key)


def value_cell(value: Cell) -> str:
    """A number as it is, for nothing in it can be markup; a text escaped."""
    return cell(show_value(value)) if isinstance(value, str) else figure(show_value(value))


def table(rank: int, title: str, head: tuple[str, ...], rows: tuple[str, ...], *, more: str) -> Block:
    """A table below a heading; `more` names its rows in the note about those that are left out."""
    return Block(rank=rank, before=(title, "", *head), rows=rows, after=("",), more=more)


def folded(rank: int, title: str, head: tuple[str, ...], rows: tuple[str, ...], *, more: str) -> Block:
    """Rows that are shown at a click on the title, which is the kit's own text."""
    before = (f"<details><summary>{title}</summary>", "", *head)
    return Block(rank=rank, before=before, rows=rows, after=("", "</details>", ""), more=more)
