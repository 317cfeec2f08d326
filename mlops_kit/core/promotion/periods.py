"""How long each version was live, and what was noted meanwhile: the log as periods, for one moment or for all times."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import groupby

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import EnvironmentName, ModelName, Note, PromotionRecord

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(?P<zone>Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Period:
    """One model in one environment from one record of the log to the next.

    `record` is None for the time before the first one, which is there only where something was noted. `until` is when
    the next record was written, None where there is none: then the version is live. `notes` are those made meanwhile.
    """

    model: ModelName
    environment: EnvironmentName
    record: PromotionRecord | None
    until: datetime | None = None
    notes: tuple[Note, ...] = ()


def split_periods(records: Iterable[PromotionRecord], notes: Iterable[Note] = ()) -> tuple[Period, ...]:
    """The periods of all models and environments, ordered by these and by number."""
    entries: list[PromotionRecord | Note] = sorted((*records, *notes), key=_place)
    return tuple(period for _, group in groupby(entries, key=_place) for period in _periods(tuple(group)))


def live_at(periods: Iterable[Period], moment: datetime) -> tuple[Period, ...]:
    """What was live then: of each model and environment the highest number whose record is not later, if any."""
    found: dict[tuple[str, str], Period] = {}
    for period in periods:
        since = period.record.recorded_at if period.record else None
        if since is not None and since <= moment:
            noted = tuple(note for note in period.notes if note.recorded_at is None or note.recorded_at <= moment)
            found[period.model, period.environment] = replace(period, notes=noted)
    return tuple(found.values())


def parse_moment(text: str) -> datetime:
    """`2026-11-01`, which means its end in UTC, or `2026-11-01T12:00Z` with any zone; InputError for all else."""
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        written = _MOMENT.fullmatch(text)
        if written and written["zone"]:
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{text!r} is no date: {error}", hint=_EXAMPLES) from error
    if written:
        raise InputError(f"{text!r} does not say in which time zone", hint=f"write {text}Z for UTC, or {text}+02:00")
    raise InputError(f"{text!r} is no date", hint=_EXAMPLES)


_EXAMPLES = "write 2026-11-01 for the end of that day in UTC, or 2026-11-01T12:00Z"


def _periods(entries: tuple[PromotionRecord | Note, ...]) -> Iterator[Period]:
    """The periods of one model in one environment; a note belongs to the record that was live when it was made."""
    records = sorted((entry for entry in entries if isinstance(entry, PromotionRecord)), key=lambda found: found.seq)
    notes = sorted((entry for entry in entries if isinstance(entry, Note)), key=lambda found: found.seq)
    starts = (None, *records)
    for record, following in zip(starts, (*records, None), strict=True):
        first, last = record.seq if record else 0, following.seq if following else None
        meant = tuple(note for note in notes if first <= note.record and (last is None or note.record < last))
        if record or meant:
            yield Period(
                model=entries[0].model,
                environment=entries[0].environment,
                record=record,
                until=following.recorded_at if following else None,
                notes=meant,
            )


def _place(entry: PromotionRecord | Note) -> tuple[str, str]:
    return entry.model, entry.environment
