"""Notices a command that writes into another stage's output without saying so: DVC does not, and is never at rest then.

Which command it was cannot be seen from the outside; that one did, can.
"""

from collections.abc import Iterable, Iterator

from dvc.output import Output
from dvc.stage import Stage

MOST_FILES = 10_000
"""Larger folders are not looked at again: that would cost more than it tells."""


def find_overwritten(stages: Iterable[Stage]) -> Iterator[str]:
    """What to tell people of outputs that changed after they were noted; `stages` ran in this run, in this order."""
    *earlier, _last = [*stages] or [None]
    for stage in earlier:
        for out in stage.outs:
            if _is_watched(out) and out.changed_checksum():
                yield (
                    f"{out} of {stage.addressing} changed after it was noted: another command of this run writes into "
                    "it. Name that path among its outs, or keep the two apart: meta: {mlops: {mutex: [NAME]}}"
                )


def _is_watched(out: Output) -> bool:
    return bool(out.protocol == "local" and out.exists and out.isdir() and (out.meta.nfiles or 0) <= MOST_FILES)
