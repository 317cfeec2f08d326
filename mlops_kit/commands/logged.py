"""Reads the whole promotion log once, and tells of each model in each environment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mlops_kit.core.ports import PromotionLog
from mlops_kit.core.types import EnvironmentName, ModelName, Note, PromotionRecord

_Entry = TypeVar("_Entry", PromotionRecord, Note)
_Place = tuple[EnvironmentName | None, ModelName]


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Records and notes by environment and model, each oldest first."""

    records_by_place: Mapping[_Place, tuple[PromotionRecord, ...]]
    records_by_model: Mapping[ModelName, tuple[PromotionRecord, ...]]
    notes_by_place: Mapping[_Place, tuple[Note, ...]]

    def records(self, environment: EnvironmentName | None, model: ModelName) -> tuple[PromotionRecord, ...]:
        """A model's records in an environment; none where there is no environment."""
        return self.records_by_place.get((environment, model), ())

    def everywhere(self, model: ModelName) -> tuple[PromotionRecord, ...]:
        """A model's records in all environments, one environment after the other."""
        return self.records_by_model.get(model, ())

    def notes(self, environment: EnvironmentName, model: ModelName) -> tuple[Note, ...]:
        """What was noted about a model in an environment."""
        return self.notes_by_place.get((environment, model), ())

    def models(self, environment: EnvironmentName) -> frozenset[ModelName]:
        """The models that were ever promoted to an environment."""
        return frozenset(model for place, model in self.records_by_place if place == environment)


def read_log(log: PromotionLog) -> Logged:
    """Records and notes as last fetched; IntegrityError names a malformed tag."""
    records = log.read_records()
    by_model: dict[ModelName, list[PromotionRecord]] = defaultdict(list)
    for record in records:
        by_model[record.model].append(record)
    return Logged(
        records_by_place=_group(records),
        records_by_model={model: tuple(found) for model, found in by_model.items()},
        notes_by_place=_group(log.read_notes()),
    )


def _group(entries: Iterable[_Entry]) -> Mapping[_Place, tuple[_Entry, ...]]:
    groups: dict[_Place, list[_Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.environment, entry.model].append(entry)
    return {place: tuple(found) for place, found in groups.items()}
