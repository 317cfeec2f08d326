"""Whether a moment lies in a freeze, and until when nothing new enters.

Days and weeks are those of the freeze's own time zone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mlops_kit.core.config import Freeze, Weekday
from mlops_kit.core.config.guards import earliest, latest

HORIZON = timedelta(days=366)
"""A freeze that lasts longer than this has no end that is worth telling."""
_WEEK = tuple(Weekday)


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A freeze that holds now: until when, in the zone of its configuration (None: no end in sight), and why."""

    until: datetime | None
    reason: str = ""


def find_freeze(freezes: Iterable[Freeze], now: datetime) -> Frozen | None:
    """The freeze that holds now; those that follow one another without a gap are one. None where none holds."""
    every, moment = tuple(freezes), now.astimezone(UTC)
    holding = _last_to_end(every, moment)
    if holding is None:
        return None
    last, reason = holding, holding[1].reason
    while (following := _last_to_end(every, last[0])) and last[0] - moment <= HORIZON:
        last = following
    endless = last[0] - moment > HORIZON and bool(last[1].days)
    return Frozen(until=None if endless else last[0].astimezone(last[1].zone), reason=reason)


def _last_to_end(freezes: Iterable[Freeze], moment: datetime) -> tuple[datetime, Freeze] | None:
    """Of the freezes around a moment the one that lasts longest, with its end."""
    ends = [(end, freeze) for freeze in freezes for begin, end in _spans(freeze, moment) if begin <= moment < end]
    return max(ends, key=lambda found: found[0], default=None)


def _spans(freeze: Freeze, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The freeze's own spans near a moment, in UTC."""
    if not freeze.days:
        yield freeze.moments
        return
    today = moment.astimezone(freeze.zone).date()
    for day in (today - timedelta(days=1), today):
        if _WEEK[day.weekday()] in freeze.days:
            begin, end = (_at(freeze, day, minutes) for minutes in freeze.day_times)
            yield earliest(begin), latest(end)


def _at(freeze: Freeze, day: date, minutes: int) -> datetime:
    """What a clock in the freeze's zone shows so many minutes after midnight on an even day."""
    days, rest = divmod(minutes, 24 * 60)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), freeze.zone)
