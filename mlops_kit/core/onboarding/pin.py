"""Which commit of the kit a repository's workflow names."""

import re
from dataclasses import dataclass

from mlops_kit.core.errors import InputError

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A commit, and the release that it is; `tag` is empty for a commit that is none."""

    commit: str
    tag: str = ""

    def __post_init__(self) -> None:
        """InputError for anything but a full commit name: shorter ones, tags and branches can be moved."""
        if not _COMMIT.fullmatch(self.commit):
            raise InputError(
                f"{self.commit!r} is not a full commit name",
                hint="40 hexadecimal digits: a tag or a branch can be moved",
            )
