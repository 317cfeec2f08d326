"""The end of the comment: what was compared, where more can be read, how a refused commit can be accepted."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, link, prose
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report, Side


def footer_blocks(report: Report, occasion: Occasion) -> Iterator[Block]:
    """One small line, after the hint where the commit is refused."""
    if occasion.override_hint and report.verdict is Verdict.FAIL and occasion.override is None:
        hint = prose(occasion.override_hint, limit=MESSAGE_LIMIT)
        yield Block(rank=Rank.FOOTER, before=(f"To accept it all the same: {hint}", ""), more="a hint")
    line = " · ".join(_parts(report, occasion))
    yield Block(rank=Rank.FOOTER, before=(f"<sub>{line}</sub>",), more="the commits")


def _parts(report: Report, occasion: Occasion) -> Iterator[str]:
    yield f"{_side(report.base)} → {_side(report.head)}"
    if report.live:
        yield f"live: {_side(report.live)}"
    if occasion.run_url:
        yield link("workflow run", occasion.run_url)
    if occasion.tracking_url:
        yield link("tracked run", occasion.tracking_url)


def _side(side: Side) -> str:
    name = cell(side.name, limit=60)
    return f"{name} {cell(side.commit[:8])}" if side.commit and side.commit != side.name else name
