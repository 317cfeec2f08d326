"""Compares the data that a live model was trained on with new data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mlops_kit.commands.data_sets import Warehouse, find_current, find_reference
from mlops_kit.core.config import Config
from mlops_kit.core.drift.detector import Detector
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.drift.profile import DataProfile, DataSet
from mlops_kit.core.drift.report import DriftReport, Violation
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports.data import Profiler


@dataclass(frozen=True, kw_only=True)
class DriftQuestion:
    """What is compared: a data set's path, `reference` a revision or `live:ENV`, `current` a place or a revision.

    Empty ones are chosen: the only data set of mlops.yaml, the last environment that has a live model, the work tree.
    """

    data: str = ""
    reference: str = ""
    current: str = ""


Checker = Callable[[DataSet, DataProfile], Iterable[Violation]]


@dataclass(frozen=True, kw_only=True)
class DriftSources:
    """What drift is judged with; `check` says what of the current data is not valid, `detectors` judge besides."""

    warehouse: Warehouse
    profiler: Profiler
    config: Config
    now: Callable[[], datetime]
    check: Checker = field(default=lambda _data, _profile: ())
    detectors: tuple[Detector, ...] = ()


def compare_data(question: DriftQuestion, sources: DriftSources) -> DriftReport:
    """The report; the reference is found first, for it says what is asked."""
    path = choose_data(question.data, sources.config)
    old = find_reference(sources.warehouse, path, question.reference, sources.config)
    new = find_current(sources.warehouse, path, question.current)
    reference, current = sources.profiler.profile(old), sources.profiler.profile(new)
    return judge_drift(
        reference,
        current,
        sources.config.drift,
        now=sources.now(),
        violations=tuple(sources.check(new, current)),
        remarks=[remark for one in sources.detectors for remark in one.detect(reference, current)],
    )


def choose_data(named: str, config: Config) -> str:
    """The named data set, else the only one of mlops.yaml."""
    if named:
        return named.rstrip("/")
    known = config.drift.data
    if len(known) == 1:
        return known[0].rstrip("/")
    if known:
        raise InputError("which data?", hint=f"name one of: {', '.join(known)}")
    raise InputError(
        "which data?", hint="name a path: mlops-kit drift data/train.csv; or write drift.data in mlops.yaml"
    )
