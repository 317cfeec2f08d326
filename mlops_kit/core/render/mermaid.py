"""The stage graph as mermaid: ids are generated, labels escaped, what stands out marked, the rest folded where many."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.render.escape import label

STAGE_LIMIT = 60
"""Stages of the largest graph that is still readable."""
EDGE_LIMIT = 400
TEXT_LIMIT = 50_000
"""Mermaid itself draws no more than 500 edges, and no more than 50,000 characters."""


class Mark(StrEnum):
    """What makes a stage stand out."""

    NONE = ""
    RAN = "ran"
    CHANGED = "changed"
    FAILED = "failed"
    SKIPPED = "skipped"
    REMOVED = "removed"
    RUN = "run"
    MAYBE = "maybe"
    RESTORE = "restore"
    ABSENT = "absent"


_STYLES = {
    Mark.RAN: "stroke:#1a7f37,stroke-width:3px",
    Mark.CHANGED: "stroke:#bf8700,stroke-width:3px",
    Mark.FAILED: "stroke:#cf222e,stroke-width:4px",
    Mark.SKIPPED: "stroke:#6e7781,stroke-dasharray:2",
    Mark.REMOVED: "stroke-dasharray:4",
    Mark.RUN: "stroke:#bf8700,stroke-width:4px",
    Mark.MAYBE: "stroke:#bf8700,stroke-width:2px,stroke-dasharray:4",
    Mark.RESTORE: "stroke:#0969da,stroke-width:3px",
    Mark.ABSENT: "stroke:#6e7781,stroke-dasharray:4",
}


@dataclass(frozen=True, kw_only=True)
class Node:
    """A stage of the graph: its name, a word below it, its mark, and the names of those that it reads from."""

    name: str
    word: str = ""
    mark: Mark = Mark.NONE
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A flowchart; an empty text where there is nothing worth drawing. `left_out` counts the stages not in it."""

    text: str = ""
    left_out: int = 0


def render_graph(nodes: Sequence[Node]) -> Graph:
    """The flowchart of the stages, the unmarked ones left out first where there are too many.

    A dotted edge stands for a way through stages that are left out.
    """
    kept = choose_nodes(nodes)
    edges = list(link_nodes(nodes, kept))
    if len(kept) < 2 or not edges:
        return Graph()
    ids = {node.name: f"n{number}" for number, node in enumerate(kept, start=1)}
    lines = [
        *(f'{ids[node.name]}["{_label(node)}"]{_class(node)}' for node in kept),
        *(f"{ids[source]} {arrow} {ids[target]}" for source, arrow, target in edges),
        *(f"classDef {mark} {style}" for mark, style in _STYLES.items() if any(node.mark is mark for node in kept)),
    ]
    text = "\n".join(["flowchart LR", *(f"    {line}" for line in lines)])
    if len(edges) > EDGE_LIMIT or len(text) > TEXT_LIMIT:
        return Graph(left_out=len(nodes))
    return Graph(text=text, left_out=len(nodes) - len(kept))


def choose_nodes(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The stages to draw, in their order: all, or first those that are marked, then those beside them."""
    if len(nodes) <= STAGE_LIMIT:
        return tuple(nodes)
    marked = {node.name for node in nodes if node.mark}
    above = {name for node in nodes if node.mark for name in node.after}
    below = {node.name for node in nodes if marked & set(node.after)}
    order = sorted(nodes, key=lambda node: (node.name not in marked, node.name not in above | below))
    chosen = {node.name for node in order[:STAGE_LIMIT]}
    return tuple(node for node in nodes if node.name in chosen)


def link_nodes(nodes: Iterable[Node], kept: Iterable[Node]) -> Iterator[tuple[str, str, str]]:
    """Source, arrow and target of every line between stages that are drawn; `-.->` leads through others."""
    after = {node.name: node.after for node in nodes}
    drawn = {node.name for node in kept}
    for node in kept:
        direct = [name for name in dict.fromkeys(node.after) if name in drawn]
        yield from ((name, "-->", node.name) for name in direct)
        through = _reach((name for name in node.after if name not in drawn), after, drawn)
        yield from ((name, "-.->", node.name) for name in sorted(through - {*direct, node.name}))


def _reach(start: Iterable[str], after: Mapping[str, tuple[str, ...]], drawn: set[str]) -> set[str]:
    """The drawn stages that are met first on the ways up from stages that are not."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in drawn:
            found.add(name)
        elif name not in seen:
            seen.add(name)
            waiting.extend(after.get(name, ()))
    return found


def _label(node: Node) -> str:
    return f"{label(node.name)}<br/>{label(node.word)}" if node.word else label(node.name)


def _class(node: Node) -> str:
    return f":::{node.mark}" if node.mark else ""
