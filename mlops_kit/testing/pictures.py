"""Pictures in memory: what is kept for each pull request and report, with faults."""

import hashlib
from collections.abc import Mapping

from mlops_kit.core.errors import ConflictError, KitError
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID
from mlops_kit.core.types import CommitSha

Albums = dict[CommitSha, dict[str, bytes]]
Kept = dict[tuple[int, str], CommitSha]


class MemoryPictures:
    """The Pictures port without a server, as one report uses it.

    `albums` holds all that was ever published, by commit, and `kept` which commit is kept, by pull request and report;
    `of_report` gives another report's view of the same. `failures` are raised by the next writes, one each.
    """

    def __init__(self, *, report_id: str = DEFAULT_REPORT_ID) -> None:
        self.albums: Albums = {}
        self.kept: Kept = {}
        self.failures: list[KitError] = []
        self.writes: list[str] = []
        self._report_id = report_id

    def of_report(self, report_id: str) -> "MemoryPictures":
        """The same store, for another report."""
        other = MemoryPictures(report_id=report_id)
        other.albums, other.kept, other.failures, other.writes = self.albums, self.kept, self.failures, self.writes
        return other

    def publish(self, number: int, files: Mapping[str, str | bytes]) -> CommitSha:
        """Put the files in the place of what was there; the commit that holds them."""
        self._begin("publish")
        data = {name: each.encode() if isinstance(each, str) else each for name, each in sorted(files.items())}
        commit = CommitSha(hashlib.sha1(repr((number, data)).encode(), usedforsecurity=False).hexdigest())
        self.albums[commit] = data
        self.kept[number, self._report_id] = commit
        return commit

    def address(self, commit: CommitSha, name: str) -> str:
        """Where a file of a published commit is found."""
        return f"https://forge.test/raw/{commit}/{name}"

    def read_kept(self, number: int) -> CommitSha | None:
        """The commit that is kept now, None where there are no pictures."""
        return self.kept.get((number, self._report_id))

    def keep(self, number: int, commit: CommitSha) -> None:
        """Put an earlier published commit in the place of what is kept; ConflictError where it is none."""
        self._begin("keep")
        if commit not in self.albums:
            raise ConflictError(f"commit {commit} does not hold pictures")
        self.kept[number, self._report_id] = commit

    def prune(self, number: int) -> None:
        """Remove all pictures of a pull request, of every report."""
        self._begin("prune")
        for key in [key for key in self.kept if key[0] == number]:
            del self.kept[key]

    def _begin(self, write: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.writes.append(write)
