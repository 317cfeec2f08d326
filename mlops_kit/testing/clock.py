"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """The Clock port in the test's hand; starts at noon UTC of a fixed day."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """The time it was set to."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.advance(timedelta(seconds=seconds))

    def advance(self, duration: timedelta) -> None:
        """Let time pass, or go back where negative."""
        self._now += duration
