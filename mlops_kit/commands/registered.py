"""Reads what the registry knows, of all models at once; one that cannot be asked about hides no other."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import InputError, KitError, OutsideError
from mlops_kit.core.ports import Registry
from mlops_kit.core.promotion.names import spell_for_registry
from mlops_kit.core.promotion.observed import NotUsed, Unknown
from mlops_kit.core.types import AliasReading, Digest, EnvironmentName, ModelName, RegistryReading

_Wanted = Mapping[ModelName, frozenset[Digest]]
_Found = Mapping[ModelName, RegistryReading | Unknown]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What was found out of each model; `readings` is None where the team keeps the log alone."""

    readings: _Found | None = None

    def digests(self, model: ModelName) -> frozenset[Digest] | Unknown | NotUsed:
        """Those of the digests asked for that have versions."""
        found = self._find(model)
        return found.registered if isinstance(found, RegistryReading) else found

    def alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading | Unknown | NotUsed:
        """Where the environment's alias points."""
        found = self._find(model)
        return found.alias(environment) if isinstance(found, RegistryReading) else found

    def _find(self, model: ModelName) -> RegistryReading | Unknown | NotUsed:
        if self.readings is None:
            return NotUsed()
        return self.readings.get(model, Unknown(reason=f"the registry did not say anything about {model!r}"))


def read_registry(registry: Registry | None, wanted: _Wanted) -> Registered:
    """Ask once about all models; one by one only where the registry cannot take the question as a whole."""
    if registry is None:
        return Registered()
    misfits = {model: found for model in wanted if (found := _find_misfit(model))}
    fitting = {model: digests for model, digests in wanted.items() if model not in misfits}
    return Registered(readings={**misfits, **(_read_all(registry, fitting) if fitting else {})})


def _find_misfit(model: ModelName) -> Unknown | None:
    """Why no registry can have a model of this name."""
    try:
        spell_for_registry(model)
    except InputError as error:
        return Unknown(reason=str(error))
    return None


def _read_all(registry: Registry, wanted: _Wanted) -> _Found:
    try:
        return registry.read_models(wanted)
    except OutsideError as error:
        return dict.fromkeys(wanted, Unknown(reason=str(error)))
    except KitError:
        return {model: _read_one(registry, model, digests) for model, digests in wanted.items()}


def _read_one(registry: Registry, model: ModelName, digests: frozenset[Digest]) -> RegistryReading | Unknown:
    try:
        return registry.read_models({model: digests})[model]
    except KitError as error:
        return Unknown(reason=str(error))
