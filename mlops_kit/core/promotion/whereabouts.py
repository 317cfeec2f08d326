"""Where the versions that a pull request brought are live now, from the log alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_kit.core.types import CommitSha, EnvironmentName, PromotionRecord

Arrival = tuple[EnvironmentName, CommitSha]
"""A commit, as it came to an environment."""


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Which pull requests brought which records: what the log says, and what the forge was asked for the rest."""

    asked: Mapping[Arrival, tuple[int, ...]]

    def of(self, record: PromotionRecord) -> tuple[int, ...]:
        """The numbers of a record's pull requests."""
        if record.pull_request is not None:
            return (record.pull_request,)
        return self.asked.get((record.environment, record.commit), ())


def concerned(records: Sequence[PromotionRecord], record: PromotionRecord, limit: int) -> tuple[PromotionRecord, ...]:
    """The records whose pull requests must be told when this one is live, the newest first.

    Those of its version in any environment, for an environment may get it by a merge of another environment's branch,
    and those of the version that it replaced.
    """
    versions = {record.digest, record.previous}
    mine = [one for one in records if one.model == record.model and one.digest in versions]
    own_first = sorted(mine, key=lambda one: (one.digest == record.digest, one.seq), reverse=True)
    return tuple(own_first[:limit])


def live_records(records: Iterable[PromotionRecord]) -> tuple[PromotionRecord, ...]:
    """The last record of each model in each environment."""
    last = {(one.environment, one.model): one for one in records}
    return tuple(last.values())


def brought_by(number: int, records: Sequence[PromotionRecord], origins: Origins) -> tuple[PromotionRecord, ...]:
    """The live records whose version a pull request brought, wherever it went from there."""
    versions = {(one.model, one.digest) for one in records if number in origins.of(one)}
    return tuple(one for one in live_records(records) if (one.model, one.digest) in versions)
