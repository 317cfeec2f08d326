"""Which detectors there are: the kit's adapters, and those that installed packages offer.

A package offers one by an entry point in the group `mlops_kit.detectors`: its value is a callable that takes the
DriftPolicy of mlops.yaml and returns a Detector.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.detector import Detector, Remark
from mlops_kit.core.drift.profile import DataProfile
from mlops_kit.core.errors import InputError, KitError, OutsideError
from mlops_kit.detectors.evidently import Evidently
from mlops_kit.detectors.nannyml import NannyML

GROUP = "mlops_kit.detectors"
_Maker = Callable[[DriftPolicy], Detector]
OWN: Mapping[str, _Maker] = {"evidently": Evidently, "nannyml": NannyML}


def open_detectors(policy: DriftPolicy) -> Mapping[str, Detector]:
    """The detectors that the policy names; InputError naming the known ones, or where a package does not load."""
    offered = {point.name: point for point in entry_points(group=GROUP)}
    return {name: _Guarded(name, _find(name, offered)(policy)) for name in policy.detectors}


def _find(name: str, offered: Mapping[str, EntryPoint]) -> _Maker:
    if name in OWN:
        return OWN[name]
    if name not in offered:
        known = ", ".join(sorted({*OWN, *offered}))
        raise InputError(f"{name!r} is not a detector", field="drift.detectors", hint=f"installed are: {known}")
    try:
        made: _Maker = offered[name].load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"the detector {name!r} ({offered[name].value}) does not load: {error}") from error
    return made


class _Guarded:
    """A detector of a stranger, whose own errors are told as what they are."""

    def __init__(self, name: str, detector: Detector) -> None:
        self._name = name
        self._detector = detector

    def detect(self, reference: DataProfile, current: DataProfile) -> Iterable[Remark]:
        """What it says, all of it."""
        try:
            return tuple(self._detector.detect(reference, current))
        except KitError:
            raise
        except Exception as error:
            told = str(error).strip().partition("\n")[0][:300]
            raise OutsideError(f"the detector {self._name!r} failed: {type(error).__name__}: {told}") from error
