"""Which version an environment goes back to, by its log."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_kit.core.errors import InputError
from mlops_kit.core.promotion.names import spell_for_tag
from mlops_kit.core.types import Digest, EnvironmentName, ModelName, PromotionRecord

BRANCHES = "mlops-kit/rollback/"
SHORTEST_DIGEST = 4
_SEQ_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Way:
    """One model's way back: the record that is live, and the one whose version comes back."""

    live: PromotionRecord
    target: PromotionRecord

    @property
    def model(self) -> ModelName:
        """The model."""
        return self.live.model

    @property
    def digest(self) -> Digest:
        """The digest that comes back."""
        return self.target.digest


def find_way(records: Sequence[PromotionRecord], *, to: str = "") -> Way:
    """The way back by the log of one model in one environment, which is not empty.

    Without `to` it leads to the last version before the live one that differs. InputError where there is none such, or
    where `to` names none or several.
    """
    live = records[-1]
    target = _find_named(records, to) if to else _find_before(records)
    if target is None:
        raise InputError(
            f"{live.model} has had no other version in {live.environment}: there is nothing to go back to",
            hint=f"mlops-kit history {live.model} --environment {live.environment}",
        )
    if target.digest == live.digest:
        raise InputError(f"{to} is what runs in {live.environment} already", hint=_versions(records))
    return Way(live=live, target=target)


def branch_of(environment: EnvironmentName, ways: Sequence[Way], *, alone: bool) -> str:
    """The branch that a way back is proposed on: always the same for the same version that goes.

    `alone` says that the environment has one model only, which then is not named.
    """
    place = environment if alone else f"{environment}-{'-'.join(spell_for_tag(way.model) for way in ways)}"
    return f"{BRANCHES}{place}-{max(way.live.seq for way in ways)}"


def _find_before(records: Sequence[PromotionRecord]) -> PromotionRecord | None:
    return next((one for one in reversed(records) if one.digest != records[-1].digest), None)


def _find_named(records: Sequence[PromotionRecord], to: str) -> PromotionRecord:
    """The newest record that a number (`#3`, `3`), a digest or its first digits name."""
    number = to.removeprefix("#")
    if number.isdecimal() and len(number) <= _SEQ_DIGITS:
        found = [one for one in records if one.seq == int(number)]
    else:
        found = [one for one in records if to in {str(one.digest), one.digest.value} or _begins(one.digest, to)]
    digests = {one.digest for one in found}
    if not found:
        raise InputError(
            f"{records[-1].environment} never had a version {to!r} of {records[-1].model}", hint=_versions(records)
        )
    if len(digests) > 1:
        raise InputError(f"{to!r} begins several versions of {records[-1].model}", hint=_versions(records))
    return found[-1]


def _begins(digest: Digest, text: str) -> bool:
    value = text.removeprefix(f"{digest.algorithm}:")
    return len(value) >= SHORTEST_DIGEST and digest.value.startswith(value)


def _versions(records: Sequence[PromotionRecord]) -> str:
    last = {one.digest: one for one in records}
    return "versions are: " + ", ".join(
        f"#{one.seq} {one.digest.algorithm}:{one.digest.short}" for one in last.values()
    )
