"""Reads lists that GitHub answers page by page, to the end."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from mlops_kit.adapters.github.session import PAGE_SIZE
from mlops_kit.adapters.github.transport import Reply, Request, Transport
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.review.event import Field

Entry = TypeVar("Entry")
PAGE_LIMIT = 100

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


def read_pages(transport: Transport, request: Request, read: Callable[[Field], Entry]) -> tuple[Entry, ...]:
    """What `read` makes of every entry of every page, in the server's order."""
    found: list[Entry] = []
    page = 1
    while page:
        entries, page = _read_page(transport, request, read, page)
        found.extend(entries)
    return tuple(found)


def document_of(reply: Reply, request: Request) -> Field:
    """An answer as a field that knows what it answers."""
    return Field(value=reply.value, pointer="", file=request.path)


def next_page(link: str, page: int, *, server: str) -> int:
    """The number of the next page that a Link header names, 0 where there is none.

    Only the number is taken from it; OutsideError where it leaves the server, does not go forward, or never ends.
    """
    found = _NEXT.search(link)
    if not found:
        return 0
    target = urlsplit(found[1])
    number = parse_qs(target.query).get("page", [""])[0]
    if f"{target.scheme}://{target.netloc}" != server or number != str(page + 1):
        raise OutsideError("GitHub's link to the next page of a list leads elsewhere")
    if page == PAGE_LIMIT:
        raise OutsideError(f"GitHub's list has more than {PAGE_LIMIT * PAGE_SIZE} entries")
    return page + 1


def _read_page(
    transport: Transport, request: Request, read: Callable[[Field], Entry], page: int
) -> tuple[list[Entry], int]:
    """The entries of one page and the number of the next, 0 after the last."""
    asked = replace(request, query={**request.query, "per_page": PAGE_SIZE, "page": page})

    def judge(reply: Reply) -> tuple[list[Entry], int]:
        following = next_page(reply.headers.get("link", ""), page, server=transport.server)
        return [read(entry) for entry in document_of(reply, request).entries()], following

    return transport.send(asked, judge)
