"""The report as one HTML file: the comment's own markdown, rendered, with its pictures and drawings inside.

Nothing is loaded from elsewhere and nothing runs. What the comment's text escapes stays escaped: there is no second
place that would have to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.stage_graph import draw_graph, render_drawing
from mlops_kit.core.render.stage_nodes import stage_node
from mlops_kit.core.render.verdict import tell_verdict

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from mlops_kit.core.review.occasion import Occasion
    from mlops_kit.core.review.report import Report

UNLIMITED = 10**9
"""Characters of the largest page: nothing of a report is cut."""
_HEADINGS = {"h3": "h1", "h4": "h2"}


def render_html(report: Report, occasion: Occasion, pictures: Mapping[str, str], template: str) -> str:
    """The page by a jinja template that frames it; the same report and pictures give the same text.

    `pictures` hold bytes as `data:` addresses by the keys that `markdown_plots` asks for.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    body = _render_body(report, occasion, pictures)
    environment = Environment(autoescape=True, undefined=StrictUndefined, auto_reload=False)
    page = environment.from_string(template).render(
        title=clean(tell_verdict(report, occasion.override)),
        verdict=report.verdict.value,
        body=Markup(body),  # noqa: S704 - made of the comment's markdown, whose every foreign part is escaped
    )
    return page.strip() + "\n"


def _render_body(report: Report, occasion: Occasion, pictures: Mapping[str, str]) -> str:
    """The comment's markdown as HTML, its pictures found by stand-in addresses."""
    stand_ins = {key: f"https://pictures.invalid/{number}" for number, key in enumerate(sorted(pictures))}
    markdown = render_report(report, replace(occasion, pictures=stand_ins), limit=UNLIMITED)
    drawing = draw_graph([stage_node(stage) for stage in report.stages])
    inside = _Inside(
        images={address: pictures[key] for key, address in stand_ins.items()}, stage_graph=render_drawing(drawing)
    )
    parser = _parser()
    tokens = parser.parse(markdown)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    return str(parser.renderer.render(tokens, parser.options, {"inside": inside}))


@dataclass(frozen=True, kw_only=True)
class _Inside:
    """What the page carries: images by their stand-in addresses, and the drawing of the stages."""

    images: Mapping[str, str]
    stage_graph: str


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.add_render_rule("image", _image)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _image(renderer: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:  # noqa: ANN401 - markdown-it's
    token = tokens[number]
    address = env["inside"].images.get(token.attrs.get("src"))
    if address is None:
        return ""
    token.attrSet("src", address)
    return str(renderer.image(tokens, number, options, env))


def _fence(renderer: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:  # noqa: ANN401 - markdown-it's
    """The stage graph drawn; a mermaid chart, whose numbers stand beside it, left out; all else as code."""
    token = tokens[number]
    if token.info != "mermaid":
        return str(renderer.fence(tokens, number, options, env))
    return f"{env['inside'].stage_graph}\n" if token.content.startswith("flowchart") else ""


def _table_open(renderer: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:  # noqa: ANN401 - markdown-it's
    return f'<div class="scroll">{renderer.renderToken(tokens, number, options, env)}'


def _table_close(renderer: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:  # noqa: ANN401 - markdown-it's
    return f"{renderer.renderToken(tokens, number, options, env)}</div>\n"
