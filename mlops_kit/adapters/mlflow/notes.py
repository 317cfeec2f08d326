"""The note beside an alias: a registered model's tag `mlops.env.<environment>`, `seq:digest:number`.

It says for which record of the log the kit set the alias last, and the version it set it to: where the alias still has
that number, its digest is known without asking for the version. Older notes end after the digest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops_kit.core.types import Digest, EnvironmentName, RegisteredVersion

MOVING = "0:moving"
"""The note while the alias is being moved."""
_PREFIX = "mlops.env."


@dataclass(frozen=True, kw_only=True)
class AliasNote:
    """What is noted; 0 for no record, None and empty for what an older note, or one of somebody else, does not say."""

    seq: int = 0
    digest: Digest | None = None
    number: str = ""


def note_key(environment: EnvironmentName) -> str:
    """The tag's name."""
    return f"{_PREFIX}{environment}"


def note_text(version: RegisteredVersion, seq: int) -> str:
    """The tag's value."""
    return f"{seq}:{version.digest}:{version.number}"


def parse_note(text: str) -> AliasNote:
    """Read a note; one that the kit did not write says nothing."""
    seq, *rest = text.split(":")
    if not _is_number(seq) or int(seq) == 0:
        return AliasNote()
    if len(rest) != 3 or not _is_number(rest[2]):
        return AliasNote(seq=int(seq))
    try:
        return AliasNote(seq=int(seq), digest=Digest.parse(":".join(rest[:2])), number=rest[2])
    except ValueError:
        return AliasNote(seq=int(seq))


def noted_environments(tags: Mapping[str, str]) -> Iterable[str]:
    """The environments that are noted on a registered model."""
    return (name.removeprefix(_PREFIX) for name in tags if name.startswith(_PREFIX))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
