"""A page as one HTML file: nothing is loaded from elsewhere, nothing runs, every value is escaped."""

from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean
from mlops_kit.core.render.page import Page


def render_page(page: Page, template: str) -> str:
    """The page by a jinja template; the same page gives the same text.

    Every value is cleaned of control characters, cut where it is too long, and escaped; markdown is rendered without
    HTML, images and scripts.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_clean, auto_reload=False)
    environment.filters["shorten"] = _shorten
    environment.filters["markdown"] = _render_markdown
    return environment.from_string(template).render(page=page).strip() + "\n"


def _clean(value: object) -> object:
    """A text of the page without what no page shows; what is markup already, and addresses of pictures, as they are."""
    return clean(value, limit=MESSAGE_LIMIT) if type(value) is str else value


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _render_markdown(text: str) -> object:
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return Markup(parser.render(text))  # noqa: S704 - the parser escapes all HTML, and refuses links that run something
