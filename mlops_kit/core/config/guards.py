"""What guards an environment besides gates, as `mlops.yaml` writes it: freezes, and who must approve."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from mlops_kit.core.config.section import Section

_CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)")
_DAY_END = "24:00"
_DATE = re.compile(r"(?:19|2[01])\d{2}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(?:19|2[01])\d{2}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?")


class Weekday(StrEnum):
    """A day of the week, in its order."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


def check_zone(name: str) -> str:
    """A time zone that this machine knows; ValueError for any other name."""
    find_zone(name)
    return name


def find_zone(name: str) -> tzinfo:
    """The time zone of an IANA name; ValueError where this machine does not know it."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("this machine knows no such time zone; names are such as Europe/Berlin or UTC") from error


class Freeze(Section):
    """A time in which no new version enters: `from` and `until` a date, or each week on certain `days`.

    A date alone means the whole day: `from` its beginning, `until` its end. With `days` both are times of the day.
    """

    days: Annotated[
        tuple[Annotated[Weekday, Field(strict=False)], ...],
        Field(strict=False, description="The days of every week: mon, tue, wed, thu, fri, sat, sun."),
    ] = ()
    begin: Annotated[
        str, Field(alias="from", description='A date, a date-time, or with days a time ("16:00"; left out: 00:00).')
    ] = ""
    until: Annotated[str, Field(description='A date, a date-time, or with days a time ("18:00"; left out: 24:00).')] = (
        ""
    )
    time_zone: Annotated[
        str, AfterValidator(check_zone), Field(description="The IANA name of the time zone, such as Europe/Berlin.")
    ] = "UTC"
    reason: Annotated[str, Field(max_length=200, description="Why, for whoever has to wait.")] = ""

    @model_validator(mode="after")
    def _begins_before_its_end(self) -> "Freeze":
        if self.day_times[0] >= self.day_times[1] if self.days else self.moments[0] >= self.moments[1]:
            raise ValueError(f"a freeze must begin before it ends: from {self.begin!r} until {self.until!r}")
        return self

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return find_zone(self.time_zone)

    @property
    def day_times(self) -> tuple[int, int]:
        """With `days`: begin and end in minutes since midnight."""
        return _minutes(self.begin or "00:00", "from"), _minutes(self.until or _DAY_END, "until")

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Without `days`: begin and end in UTC. Of an hour that a clock shows twice, the whole."""
        begin = _moment(self.begin, "from", self.zone)
        until = _moment(self.until, "until", self.zone)
        until += timedelta(days=1) if _DATE.fullmatch(self.until) else timedelta(0)
        return earliest(begin), latest(until)


def earliest(moment: datetime) -> datetime:
    """The first instant, in UTC, at which a clock of the moment's zone shows it."""
    return min(moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def latest(moment: datetime) -> datetime:
    """The last instant, in UTC, at which a clock of the moment's zone shows it."""
    return max(moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _minutes(text: str, key: str) -> int:
    if text == _DAY_END and key == "until":
        return 24 * 60
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f'{key}: with days, expected a time such as "16:00", got {text[:40]!r}')
    return int(found["hour"]) * 60 + int(found["minute"])


def _moment(text: str, key: str, zone: tzinfo) -> datetime:
    """A date's first moment, or a date-time; in the zone where the text names none."""
    if not (_DATE.fullmatch(text) or _MOMENT.fullmatch(text)):
        raise ValueError(_expected(text, key))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_expected(text, key)) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _expected(text: str, key: str) -> str:
    if not text:
        return f"a freeze needs days, or from and until: {key} is missing"
    return f'{key}: expected a date such as "2026-12-20" or "2026-12-20T18:00", got {text[:40]!r}'


class ApprovalKind(StrEnum):
    """Where people approve: by reviewing the pull request, or in the forge's guarded environment."""

    REVIEW = "review"
    ENVIRONMENT = "environment"


class ApprovalPolicy(Section):
    """Who must have approved before a new version enters."""

    by: Annotated[
        ApprovalKind, Field(strict=False, description="Reviews of the merged pull request, or the forge's environment.")
    ]
    count: Annotated[int, Field(ge=1, le=20, description="How many people must have approved; of reviews only.")] = 1
    stale: Annotated[bool, Field(description="Whether reviews of earlier commits of the pull request count.")] = False

    @model_validator(mode="after")
    def _options_are_of_reviews(self) -> "ApprovalPolicy":
        if self.by is ApprovalKind.ENVIRONMENT and (self.stale or self.count != 1):
            raise ValueError("count and stale are for by: review; the forge's environment has its own rules")
        return self
