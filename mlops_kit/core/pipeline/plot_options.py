"""How dvc.yaml wants a plot drawn: its columns, template, title and labels; files as they are written there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a file; an empty file is the plot's own."""

    field: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """What a plot's entry says; empty where it says nothing.

    `header` is False where the first line of its CSV or TSV file holds values. `templated` are the options that have
    parts which DVC fills in: they are left out.
    """

    x: tuple[Column, ...] = ()
    y: tuple[Column, ...] = ()
    template: str = ""
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    header: bool = True
    templated: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the columns of y name: then the plot's entry is a name and no path."""
        return tuple(dict.fromkeys(column.file for column in self.y if column.file))


def parse_options(written: object) -> PlotOptions:
    """The options that an entry has; what is no option, or has another type than DVC takes, is left out."""
    known = written if isinstance(written, Mapping) else {}
    plain = {str(key): value for key, value in known.items() if not _has_template(value)}
    return PlotOptions(
        x=tuple(_columns(plain.get("x"))),
        y=tuple(_columns(plain.get("y"))),
        template=_text(plain.get("template")),
        title=_text(plain.get("title")),
        x_label=_text(plain.get("x_label")),
        y_label=_text(plain.get("y_label")),
        header=plain.get("header") is not False,
        templated=tuple(sorted({str(key) for key in known} - plain.keys())),
    )


def _columns(written: object, file: str = "") -> Iterator[Column]:
    match written:
        case str():
            yield Column(field=written, file=file)
        case list():
            yield from (Column(field=part, file=file) for part in written if isinstance(part, str))
        case dict() if not file:
            for name, part in written.items():
                yield from _columns(part, str(name))
        case _:
            return


def _text(written: object) -> str:
    return written if isinstance(written, str) else ""


def _has_template(written: object) -> bool:
    match written:
        case str():
            return "${" in written
        case list():
            return any(_has_template(part) for part in written)
        case dict():
            return any(_has_template(key) or _has_template(part) for key, part in written.items())
        case _:
            return False
