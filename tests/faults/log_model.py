"""What a promotion log may look like after any order of pushes and runs: a model that knows nothing of the kit's code.

The log is a register per model and environment that only compare-and-swap changes. So its records are numbered without
a gap, each names the one before, and, where branches only go forward, no later record is of an earlier commit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from mlops_kit.core.types import CommitSha, EnvironmentName, PromotionRecord


@dataclass(frozen=True)
class LogModel:
    """What was pushed: each environment's heads in their order, and the environment that each comes after."""

    heads: Mapping[EnvironmentName, Sequence[CommitSha]]
    after: Mapping[EnvironmentName, EnvironmentName | None]

    def check(self, records: Iterable[PromotionRecord]) -> None:
        """AssertionError where the records cannot have come about."""
        logged = sorted(records, key=lambda one: (one.model, one.environment, one.seq))
        for (model, environment), group in groupby(logged, key=lambda one: (one.model, one.environment)):
            entries = list(group)
            place = f"{model} in {environment}"
            assert [one.seq for one in entries] == list(range(1, len(entries) + 1)), f"{place}: a gap or a fork"
            self._check_chain(place, entries)
            self._check_heads(place, environment, entries)
            self._check_order(place, environment, entries, logged)

    def check_kept(self, accepted: Iterable[PromotionRecord], records: Iterable[PromotionRecord]) -> None:
        """AssertionError where a record that was accepted is lost or changed, or one is there that nobody wrote."""
        kept = {(one.model, one.environment, one.seq): one for one in records}
        for one in accepted:
            found = kept.pop((one.model, one.environment, one.seq), None)
            assert found == one, f"#{one.seq} of {one.model} in {one.environment} was accepted, and is lost"
        assert kept == {}, f"nobody wrote these: {sorted(kept)}"

    def _check_chain(self, place: str, entries: Sequence[PromotionRecord]) -> None:
        assert entries[0].previous is None, f"{place}: the first record replaces nothing"
        for one, following in pairwise(entries):
            assert following.previous == one.digest, f"{place}: #{following.seq} does not follow #{one.seq}"
            assert following.digest != one.digest, f"{place}: #{following.seq} changes nothing"

    def _check_heads(self, place: str, environment: EnvironmentName, entries: Sequence[PromotionRecord]) -> None:
        heads = list(self.heads[environment])
        positions = [heads.index(one.commit) for one in entries]
        assert positions == sorted(set(positions)), f"{place}: a record went back: heads {positions}"

    def _check_order(
        self,
        place: str,
        environment: EnvironmentName,
        entries: Sequence[PromotionRecord],
        logged: Sequence[PromotionRecord],
    ) -> None:
        earlier = self.after[environment]
        if earlier is None:
            return
        known = {one.digest for one in logged if one.environment == earlier}
        for one in entries:
            assert one.digest in known, f"{place}: #{one.seq} was never in {earlier}"
