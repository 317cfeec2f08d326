"""A page as values: parts with lines, tables, figures and drawings, which a template turns into HTML.

Says nothing of how it looks, and escapes nothing: the template does both, for every value alike.
"""

from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.render.stage_graph import Drawing


class Tone(StrEnum):
    """How a value is coloured."""

    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"
    SOFT = "soft"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A text of a table or list, as code where it is a name or value, with a smaller remark."""

    text: str
    code: bool = False
    about: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under columns; `numbers` are the columns, from 0, that are aligned to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    numbers: tuple[int, ...] = ()


class Address(str):
    """An address of the kit's own making that holds an image's bytes (`data:image/…;base64,…`)."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image by its address, and which side it is of."""

    address: Address
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A plot: its pictures, and its values as a table."""

    title: str
    about: str = ""
    images: tuple[Picture, ...] = ()
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the page; `folded` shows only its title at first. `prose` is markdown that was made harmless."""

    title: str
    folded: bool = False
    lines: tuple[Shown, ...] = ()
    table: Table | None = None
    figures: tuple[Figure, ...] = ()
    drawing: Drawing | None = None
    prose: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page. `verdict` is `pass`, `warn` or `fail`."""

    title: str
    verdict: str
    sides: str
    banners: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
