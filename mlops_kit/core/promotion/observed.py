"""What is: the log, the registry and the serving target for one model in one environment.

Each reading may be Unknown, which is never the same as "nothing there".
"""

from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.forge import Announcement
from mlops_kit.core.types import AliasReading, Digest, Note, PromotionRecord, ServingReading, Verb


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A reading that failed, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class NotUsed:
    """A system that this environment does without: no registry, or no serving target."""


class Pointer(StrEnum):
    """How a projection of the log (alias or serving target) stands to the version that the log names last.

    Ahead is an alias that was set for a record that this log does not have: read too early, or records are missing.
    """

    RIGHT = "right"
    UNFINISHED = "unfinished"
    MOVED = "moved"
    AHEAD = "ahead"


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One model in one environment.

    `records` is its log and `notes` what was noted there, both oldest first; `earlier` is the log of the environment it
    comes after, `everywhere` the model's log in all environments. `registered` are those of the desired and the live
    digest that the registry has a version of. `rewritten` says that the commit last promoted is not in the branch's
    history any more, `stray` that the desired model's is not in it; both are looked at only where they decide. `failed`
    says why other readings failed, a line each.
    `announced` is what the forge's board shows of the model, None for nothing.
    """

    records: tuple[PromotionRecord, ...] = ()
    notes: tuple[Note, ...] = ()
    earlier: tuple[PromotionRecord, ...] = ()
    everywhere: tuple[PromotionRecord, ...] = ()
    registered: frozenset[Digest] | Unknown | NotUsed = NotUsed()
    alias: AliasReading | Unknown | NotUsed = NotUsed()
    serving: ServingReading | Unknown | NotUsed = NotUsed()
    announced: Announcement | Unknown | NotUsed | None = NotUsed()
    rewritten: bool = False
    stray: bool = False
    failed: tuple[str, ...] = ()

    @property
    def live(self) -> PromotionRecord | None:
        """The version that the environment's last record names; None before the first promotion."""
        return self.records[-1] if self.records else None

    @property
    def is_behind_registry(self) -> bool:
        """Whether the alias was set for a record that `records` does not have."""
        seq = self.live.seq if self.live else 0
        return isinstance(self.alias, AliasReading) and self.alias.seq > seq

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Why readings failed, a line each; empty where all are known."""
        readings = (self.registered, self.alias, self.serving)
        unknown = (reading.reason for reading in readings if isinstance(reading, Unknown))
        return tuple(dict.fromkeys((*self.failed, *unknown)))


def alias_pointer(alias: AliasReading, live: PromotionRecord) -> Pointer:
    """An alias that was last set for an older record is an unfinished promotion; else somebody moved it.

    The registry keeps, beside the alias, the number of the record that the kit last set it for: zero while the alias
    is being moved, so that a crash between the two reads as unfinished, never as moved.
    """
    if alias.seq != live.seq:
        return Pointer.UNFINISHED if alias.seq < live.seq else Pointer.AHEAD
    if alias.version is not None and alias.version.digest == live.digest:
        return Pointer.RIGHT
    return Pointer.MOVED


def serving_pointer(serving: ServingReading, records: tuple[PromotionRecord, ...]) -> Pointer:
    """A target that runs nothing, or an older version of the log, was left behind; any other digest was put there.

    One that knows for which record it runs the right bytes was left behind too where that is an older one.
    """
    if serving.digest == records[-1].digest:
        behind = serving.seq is not None and serving.seq < records[-1].seq
        return Pointer.UNFINISHED if behind else Pointer.RIGHT
    known: set[Digest | None] = {None, *(record.digest for record in records)}
    return Pointer.UNFINISHED if serving.digest in known else Pointer.MOVED


def read_pointers(observed: Observed) -> dict[Verb, Pointer]:
    """How alias and serving target stand to the live version; only those that are in use and known."""
    if observed.live is None:
        return {}
    pointers = {}
    if isinstance(observed.alias, AliasReading):
        pointers[Verb.SET_ALIAS] = alias_pointer(observed.alias, observed.live)
    if isinstance(observed.serving, ServingReading):
        pointers[Verb.DEPLOY] = serving_pointer(observed.serving, observed.records)
    return pointers


def alias_text(observed: Observed) -> str:
    """The digest that the alias points to, or a foreign version's number; empty for nothing or not known."""
    alias = observed.alias
    if not isinstance(alias, AliasReading):
        return ""
    return str(alias.version.digest) if alias.version else alias.foreign


def serving_text(observed: Observed) -> str:
    """The digest that the serving target runs; empty for nothing or not known."""
    serving = observed.serving
    return str(serving.digest or "") if isinstance(serving, ServingReading) else ""
