"""Keeps, on each pull request that brought a version, one comment that says where its versions are live now."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from mlops_kit.commands.comment import Posting, post_comment
from mlops_kit.commands.world import World
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.promotion.whereabouts import Arrival, Origins, brought_by, concerned
from mlops_kit.core.render.live_comment import LiveRow, render_live
from mlops_kit.core.review.sticky import Marker, MarkerKind
from mlops_kit.core.types import PromotionRecord

REPORT_ID = "live"
RECORD_LIMIT = 8
"""Of how many records the pull requests are told: this version's in other environments, and what it replaced."""


def tell_pull_requests(world: World, record: PromotionRecord) -> Iterator[str]:
    """Bring the comments up to date now that the record is live; why one could not be."""
    if world.open_forge is None:
        return
    try:
        forge, records = world.open_forge(), world.log.read_records()
        told = concerned(records, record, RECORD_LIMIT)
        origins = Origins(asked=dict(_ask_origins(world, forge, told)))
    except KitError as error:
        yield f"the pull request could not be told: {error}"
        return
    for number in dict.fromkeys(number for one in told for number in origins.of(one)):
        try:
            yield from _tell(world, forge, number, brought_by(number, records, origins))
        except KitError as error:
            yield f"pull request {number} could not be told: {error}"


def _ask_origins(
    world: World, forge: Forge, records: Iterable[PromotionRecord]
) -> Iterator[tuple[Arrival, tuple[int, ...]]]:
    """The pull requests of records that name none: those of their commit that were merged into the branch."""
    unknown = [one for one in records if one.pull_request is None and one.environment in world.config.environments]
    for environment, commit in dict.fromkeys((one.environment, one.commit) for one in unknown):
        branch = world.config.environments[environment].branch
        found: tuple[PullRequest, ...] = ()
        with suppress(InputError):
            found = forge.find_pull_requests(commit)
        merged = (one.number for one in found if one.is_merged and one.base_branch == branch)
        yield (environment, commit), tuple(merged)


def _tell(world: World, forge: Forge, number: int, live: Sequence[PromotionRecord]) -> Iterator[str]:
    pull_request = forge.read_pull_request(number)
    if pull_request.is_closed_to_us:
        why = "it is locked" if pull_request.is_locked else "it comes from a fork"
        yield f"pull request {number} is not told where its versions are live: {why}"
        return
    order = list(world.config.environments)
    ordered = sorted(live, key=lambda one: (_place(order, one.environment), one.model))
    text = render_live(_row(world, pull_request, one) for one in ordered)
    post_comment(forge, Posting(number=number, marker=_marker(world, pull_request), text=text))


def _marker(world: World, pull_request: PullRequest) -> Marker:
    """Ordered by how much of the log was read: who knows less never replaces what somebody who knows more wrote."""
    known = len(world.log.read_records())
    return Marker(kind=MarkerKind.LIVE, report_id=REPORT_ID, run=known, attempt=1, head=pull_request.head)


def _row(world: World, pull_request: PullRequest, record: PromotionRecord) -> LiveRow:
    home, _, _ = pull_request.url.rpartition("/pull/")
    address = f"{home}/deployments/{record.environment}" if home else ""
    return LiveRow(record=record, number=_read_number(world, record), address=address)


def _read_number(world: World, record: PromotionRecord) -> str:
    """The registry's number of the version; empty where it does not tell."""
    with suppress(KitError):
        found = world.registry.read_version(record.model, record.digest) if world.registry else None
        return found.number if found else ""
    return ""


def _place(order: Sequence[str], environment: str) -> int:
    return order.index(environment) if environment in order else len(order)
