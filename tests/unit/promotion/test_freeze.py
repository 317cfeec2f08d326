"""When no new version enters: dates, weeks, days of 23 and 25 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.config import Freeze, Weekday, parse_config
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.promotion.freeze import find_freeze
from tests.unit.promotion.scene import DEV, ONE, Scene

ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu")
HOLIDAYS = '{from: "2026-12-20", until: "2027-01-05", reason: holidays}'
WEEKEND = '{days: [fri, sat, sun], from: "16:00", time-zone: Europe/Berlin}'


def freezes(*written: str) -> tuple[Freeze, ...]:
    text = f"version: 1\nenvironments:\n  dev: {{branch: dev, freeze: [{', '.join(written)}]}}\n"
    return parse_config(text.encode(), file="mlops.yaml").environments[DEV].freeze


def until(moment: str, *written: str) -> str:
    """Until when nothing enters at a moment; empty where nothing holds."""
    found = find_freeze(freezes(*written), datetime.fromisoformat(moment))
    return "" if found is None else found.until.isoformat() if found.until else "no end"


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-12-19T23:59:59Z", ""),
        ("2026-12-20T00:00:00Z", "2027-01-06T00:00:00+00:00"),
        ("2027-01-05T23:59:59Z", "2027-01-06T00:00:00+00:00"),
        ("2027-01-06T00:00:00Z", ""),
    ],
)
def test_dates_mean_whole_days_from_the_first_to_the_last(moment: str, end: str) -> None:
    assert until(moment, HOLIDAYS) == end


def test_a_date_time_may_name_its_offset_or_takes_the_zone_of_the_freeze() -> None:
    exact = '{from: "2026-12-20T18:00+01:00", until: "2026-12-21T06:00", time-zone: Asia/Kathmandu}'
    assert until("2026-12-20T16:59:00Z", exact) == ""
    assert until("2026-12-20T17:00:00Z", exact) == "2026-12-21T06:00:00+05:45"
    assert until("2026-12-21T00:15:00Z", exact) == ""


def test_a_week_wraps_and_days_that_touch_are_one_freeze() -> None:
    whole = "{days: [sat, sun, mon], time-zone: Europe/Berlin}"
    assert until("2026-03-06T22:59:00Z", whole) == ""
    assert until("2026-03-06T23:00:00Z", whole) == "2026-03-10T00:00:00+01:00"
    assert until("2026-03-06T15:30:00Z", WEEKEND) == "2026-03-07T00:00:00+01:00"
    assert until("2026-03-07T12:00:00Z", WEEKEND) == ""


def test_the_freeze_that_lasts_longest_says_until_when() -> None:
    overlapping = '{from: "2026-12-24T12:00", until: "2027-01-10"}'
    assert until("2026-12-24T13:00Z", HOLIDAYS, overlapping) == "2027-01-11T00:00:00+00:00"


def test_every_day_of_the_week_has_no_end_in_sight() -> None:
    assert until("2026-03-06T12:00Z", "{days: [mon, tue, wed, thu, fri, sat, sun]}") == "no end"


def test_the_hour_that_a_clock_shows_twice_is_frozen_both_times() -> None:
    night = '{days: [sun], from: "02:00", until: "02:30", time-zone: Europe/Berlin}'
    assert until("2026-10-25T00:10:00Z", night) == "2026-10-25T02:30:00+01:00"
    assert until("2026-10-25T01:20:00Z", night) == "2026-10-25T02:30:00+01:00"
    assert until("2026-10-25T01:30:00Z", night) == ""


@st.composite
def weekly(draw: st.DrawFn) -> Freeze:
    begin = draw(st.integers(0, 24 * 60 - 1))
    end = draw(st.integers(begin + 1, 24 * 60))
    return Freeze.model_validate(
        {
            "days": draw(st.lists(st.sampled_from(Weekday), min_size=1, unique=True)),
            "from": f"{begin // 60:02}:{begin % 60:02}",
            "until": f"{end // 60:02}:{end % 60:02}",
            "time-zone": draw(st.sampled_from(ZONES)),
        }
    )


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def shows_frozen(freeze: Freeze, moment: datetime) -> bool:
    """What a clock on the wall says: the day, and the time of the day."""
    local = moment.astimezone(ZoneInfo(freeze.time_zone))
    begin, end = freeze.day_times
    return tuple(Weekday)[local.weekday()] in freeze.days and begin <= local.hour * 60 + local.minute < end


@settings(deadline=None)
@given(weekly(), MOMENTS)
def test_whenever_the_wall_clock_shows_a_frozen_time_nothing_enters(freeze: Freeze, moment: datetime) -> None:
    found = find_freeze([freeze], moment)
    if shows_frozen(freeze, moment):
        assert found is not None
    elif found:
        before, after = (shows_frozen(freeze, moment + timedelta(hours=step)) for step in (-1, 1))
        assert before or after, "only in an hour that is shown twice"


@settings(deadline=None)
@given(st.lists(weekly(), min_size=1, max_size=3), MOMENTS)
def test_at_the_end_that_is_told_nothing_holds_and_just_before_it_something_does(
    every: list[Freeze], moment: datetime
) -> None:
    found = find_freeze(every, moment)
    if found and found.until:
        assert found.until > moment
        assert find_freeze(every, found.until) is None
        assert find_freeze(every, found.until - timedelta(seconds=1)) is not None


@pytest.mark.parametrize(
    ("written", "field", "message"),
    [
        ('{from: "2026-12-20", until: "2026-12-19"}', "freeze.0", "must begin before it ends"),
        ('{days: [fri], from: "18:00", until: "06:00"}', "freeze.0", "must begin before it ends"),
        ('{from: "2026-12-20"}', "freeze.0", "until is missing"),
        ("{}", "freeze.0", "from is missing"),
        ('{from: "20.12.2026", until: "2027-01-01"}', "freeze.0", "expected a date such as"),
        ('{from: "9999-12-31", until: "9999-12-31"}', "freeze.0", "expected a date such as"),
        ('{days: [fri], from: "25:00"}', "freeze.0", "expected a time such as"),
        ("{days: [fri], time-zone: Europe/Berln}", "freeze.0.time-zone", "knows no such time zone"),
        ("{days: [fri], time-zone: ../../etc/passwd}", "freeze.0.time-zone", "knows no such time zone"),
        ("{days: [frei]}", "freeze.0.days.0", "is not one of mon"),
    ],
)
def test_a_freeze_that_cannot_be_meant_is_refused_with_its_place(written: str, field: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        freezes(written)
    (problem,) = caught.value.problems
    assert problem.field == f"environments.dev.{field}"
    assert message in problem.message


FROZEN = ONE.replace("branch: dev", 'branch: dev, freeze: [{from: "2026-03-02", until: "2026-03-03", reason: audit}]')


def test_in_a_freeze_no_new_version_enters_and_afterwards_it_does_by_itself() -> None:
    scene = Scene(config=FROZEN)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.clock.advance(timedelta(days=1))
    scene.push("dev", churn="b")
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.story()) == (ExitCode.REFUSED, "1 bootstrap a")
    assert outcome.blocked[0].reason == "frozen until Wed 2026-03-04 00:00 UTC: audit"
    assert outcome.blocked[0].hint.endswith("label mlops-kit-hotfix")
    scene.clock.advance(timedelta(days=2))
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote b"


def test_in_a_freeze_rollbacks_and_repairs_pass() -> None:
    scene = Scene(config=FROZEN)
    for letter in ("a", "b"):
        scene.push("dev", churn=letter)
        scene.reconcile()
    scene.clock.advance(timedelta(days=1))
    scene.push("dev", churn="a")
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote b, 3 rollback a"
    scene.registry.delete_model(next(iter(scene.records())).model)
    assert scene.verbs(scene.reconcile()) == ["dev register", "dev set-alias"]
