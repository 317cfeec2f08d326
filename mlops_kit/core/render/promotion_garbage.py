"""Which versions may go and which must stay, as text and as a JSON document."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from mlops_kit.core.promotion.garbage import Stored
from mlops_kit.core.render.promotion_words import printable, render_table, short_digest
from mlops_kit.core.render.values import show_size

_NOTHING = "no version of any model is named by a lock or by the log"
_HOW = (
    "Nothing was deleted. DVC deletes, and knows branches and tags, not the log; but the log's tags name the commits.",
    "In a clone that has every branch and tag, this keeps what stays above, and other data that they name:",
    "  git checkout --detach && git fetch origin 'refs/heads/*:refs/heads/*' 'refs/tags/*:refs/tags/*'",
    "  dvc gc --workspace --all-branches --all-tags --cloud",
)
_HOW_WITH_KEEP = (
    "Nothing was deleted. dvc gc --all-tags keeps every version that the log names, also those before the last that",
    "--keep counts: to let these go, delete their tags of the log first, which loses the history.",
)


def render_garbage(stored: Iterable[Stored], keep: int | None = None) -> str:
    """A paragraph per model with what may go first, the sum, and which command would delete."""
    found = tuple(stored)
    if not found:
        return _NOTHING
    lines = [
        line for model, group in groupby(found, key=lambda one: one.model) for line in _paragraph(model, tuple(group))
    ]
    going = tuple(one for one in found if not one.reasons)
    return "\n".join([*lines, f"in all {_sum(going)} may go", "", *(_HOW if keep is None else _HOW_WITH_KEEP)])


def garbage_json(stored: Iterable[Stored], keep: int | None = None) -> str:
    """`versions[] {model, digest, size, may_go, reasons[]}`, and the sum of what may go."""
    found = tuple(stored)
    going = [one for one in found if not one.reasons]
    document = {
        "keep": keep,
        "versions": [
            {
                "model": one.model,
                "digest": str(one.digest),
                "size": one.size,
                "may_go": not one.reasons,
                "reasons": list(one.reasons),
            }
            for one in found
        ],
        "may_go": {
            "versions": len(going),
            "bytes": sum(one.size or 0 for one in going),
            "without_size": sum(one.size is None for one in going),
        },
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _paragraph(model: str, stored: tuple[Stored, ...]) -> Iterator[str]:
    going, staying = (tuple(one for one in stored if bool(one.reasons) is stays) for stays in (False, True))
    yield f"{printable(model)}: {_sum(going)} may go, {_sum(staying)} must stay"
    rows = [_row(one) for one in (*going, *staying)]
    yield from (f"  {line}" for line in render_table(("", "digest", "size", "why"), rows))
    yield ""


def _row(one: Stored) -> tuple[str, ...]:
    size = "unknown" if one.size is None else show_size(one.size)
    word = "stays" if one.reasons else "may go"
    return word, short_digest(str(one.digest)), size, "; ".join(one.reasons)


def _sum(stored: tuple[Stored, ...]) -> str:
    noun = "version" if len(stored) == 1 else "versions"
    known = [one.size for one in stored if one.size is not None]
    unknown = len(stored) - len(known)
    size = f" ({show_size(sum(known))}{f', {unknown} of unknown size' if unknown else ''})" if stored else ""
    return f"{len(stored)} {noun}{size}"
