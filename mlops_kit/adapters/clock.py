"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The Clock port."""

    def now(self) -> datetime:
        """Now in UTC."""
        return datetime.now(UTC)
