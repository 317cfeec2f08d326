"""Compares the data that a live model was trained on with new data."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mlops_kit.commands.data_sets import Warehouse, find_current, find_reference
from mlops_kit.commands.validate_data import check_data
from mlops_kit.core.config import Config
from mlops_kit.core.documents.text import decode
from mlops_kit.core.drift.detector import Detector
from mlops_kit.core.drift.inference import infer_schema
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.drift.profile import DataProfile, DataSet
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.drift.schema import Violation, is_coded
from mlops_kit.core.drift.schema_text import render_schema
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports.data import CodedRules, Profiler


@dataclass(frozen=True, kw_only=True)
class DriftQuestion:
    """What is compared: a data set's path, `reference` a revision or `live:ENV`, `current` a place or a revision.

    Empty ones are chosen: the only data set of mlops.yaml, the last environment that has a live model, the work tree.
    """

    data: str = ""
    reference: str = ""
    current: str = ""


@dataclass(frozen=True, kw_only=True)
class DriftSources:
    """What drift is judged with; `detectors` judge besides."""

    warehouse: Warehouse
    profiler: Profiler
    config: Config
    now: Callable[[], datetime]
    coded_rules: CodedRules
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
        violations=_check_rules(sources, new, current),
        remarks=[remark for one in sources.detectors for remark in one.detect(reference, current)],
    )


def propose_rules(question: DriftQuestion, sources: DriftSources) -> str:
    """A data schema that the reference keeps, as YAML for a person to review."""
    path = choose_data(question.data, sources.config)
    reference = find_reference(sources.warehouse, path, question.reference, sources.config)
    profile = sources.profiler.profile(reference)
    return render_schema(infer_schema(profile), profile=profile)


def _check_rules(sources: DriftSources, data: DataSet, profile: DataProfile) -> tuple[Violation, ...]:
    """What of the new data is not valid, where mlops.yaml names the rules."""
    file = sources.config.drift.rules
    if not file:
        return ()
    if is_coded(file):
        return sources.coded_rules.check(profile, file)
    text = sources.warehouse.work_tree.read_files([file]).get(file)
    if text is None:
        hint = f"write it with: mlops-kit drift --infer-schema --output {file}"
        raise InputError(f"there is no file {file!r}", field="drift.rules", hint=hint)
    return check_data(data, profile, decode(text, file=file), file=file, profiler=sources.profiler)


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
