"""The stage graph as a drawing of its own, for pages that draw no mermaid: boxes in columns, lines between them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mlops_kit.core.render.escape import drawn
from mlops_kit.core.render.mermaid import Mark, Node, choose_nodes, link_nodes

BOX_WIDTH, BOX_HEIGHT = 190, 46
COLUMN_GAP, ROW_GAP = 60, 18
_MARGIN = 8
_NAME_LIMIT, _WORD_LIMIT = 24, 28
"""Characters that fit into a box."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A stage's box, its upper left corner in pixels."""

    x: int
    y: int
    name: str
    word: str
    mark: Mark


@dataclass(frozen=True, kw_only=True)
class Line:
    """A way between two boxes, as the path of an SVG; `dashed` where stages in between are left out."""

    path: str
    dashed: bool


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Boxes and lines, the size in pixels, and how many stages are not drawn."""

    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    width: int = 0
    height: int = 0
    left_out: int = 0


def draw_graph(nodes: Sequence[Node]) -> Drawing:
    """The drawing, empty where there is nothing to connect; a stage stands right of all that it reads from."""
    kept = choose_nodes(nodes)
    links = tuple(link_nodes(nodes, kept))
    if not links:
        return Drawing()
    places = _places(kept, links)
    columns = 1 + max(column for column, _ in places.values())
    rows = 1 + max(row for _, row in places.values())
    return Drawing(
        boxes=tuple(_box(node, places[node.name]) for node in kept),
        lines=tuple(_line(places[source], places[target], dashed=arrow != "-->") for source, arrow, target in links),
        width=2 * _MARGIN + columns * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP,
        height=2 * _MARGIN + rows * (BOX_HEIGHT + ROW_GAP) - ROW_GAP,
        left_out=len(nodes) - len(kept),
    )


def render_drawing(drawing: Drawing) -> str:
    """The drawing as SVG, on one line and without a colour of its own; empty where there is nothing to draw."""
    if not drawing.boxes:
        return ""
    size = f'width="{drawing.width}" height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"'
    parts = "".join([*_svg_lines(drawing.lines), *_svg_boxes(drawing.boxes)])
    return f'<div class="scroll"><svg role="img" aria-label="Stage graph" {size}>{parts}</svg></div>'


def _svg_lines(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        style = ' class="dashed"' if line.dashed else ""
        yield f'<path d="{line.path}"{style}/>'


def _svg_boxes(boxes: Iterable[Box]) -> Iterator[str]:
    for box in boxes:
        middle, name_y = BOX_WIDTH // 2, 20 if box.word else 28
        word = f'<text class="word" x="{middle}" y="37">{_svg_text(box.word, _WORD_LIMIT)}</text>' if box.word else ""
        yield (
            f'<g transform="translate({box.x} {box.y})"><title>{_svg_text(box.name, 200)}</title>'
            f'<rect width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" class="{box.mark}"/>'
            f'<text x="{middle}" y="{name_y}">{_svg_text(box.name, _NAME_LIMIT)}</text>{word}</g>'
        )


def _svg_text(text: str, limit: int) -> str:
    shown = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return escape(drawn(shown, limit=limit))


def _places(kept: Iterable[Node], links: Iterable[tuple[str, str, str]]) -> dict[str, tuple[int, int]]:
    """Column and row of each stage; within a column near the rows of those that it reads from."""
    sources: dict[str, list[str]] = {node.name: [] for node in kept}
    for source, _, target in links:
        sources[target].append(source)
    columns = _columns(sources)
    places: dict[str, tuple[int, int]] = {}
    for column in range(1 + max(columns.values())):
        here = [name for name, found in columns.items() if found == column]
        for row, name in enumerate(sorted(here, key=lambda name: (_middle(sources[name], places), name))):
            places[name] = (column, row)
    return places


def _columns(sources: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The length of the longest way to each stage; a circle, which no run has, ends where it was entered."""
    columns: dict[str, int] = {}
    for start in sources:
        waiting, entered = [start], {start}
        while waiting:
            name = waiting[-1]
            open_sources = [source for source in sources[name] if source not in columns and source not in entered]
            if open_sources:
                waiting.append(open_sources[0])
                entered.add(open_sources[0])
                continue
            columns[name] = 1 + max((columns.get(source, 0) for source in sources[name]), default=-1)
            waiting.pop()
    return columns


def _middle(names: Sequence[str], places: Mapping[str, tuple[int, int]]) -> float:
    rows = [places[name][1] for name in names if name in places]
    return sum(rows) / len(rows) if rows else 0.0


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    column, row = place
    return _MARGIN + column * (BOX_WIDTH + COLUMN_GAP), _MARGIN + row * (BOX_HEIGHT + ROW_GAP)


def _box(node: Node, place: tuple[int, int]) -> Box:
    x, y = _corner(place)
    return Box(x=x, y=y, name=node.name, word=node.word, mark=node.mark)


def _line(source: tuple[int, int], target: tuple[int, int], *, dashed: bool) -> Line:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    start, end, middle = x1 + BOX_WIDTH, x2, BOX_HEIGHT // 2
    bend = (start + end) // 2
    return Line(
        path=f"M{start} {y1 + middle} C{bend} {y1 + middle} {bend} {y2 + middle} {end} {y2 + middle}", dashed=dashed
    )
