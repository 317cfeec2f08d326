"""Finds the metrics that a gate names, and their values or why there are none.

A file that could not be read may hold what is looked for: it is never passed over in silence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.metrics import MetricFile, is_finite, is_number

MetricName = tuple[str, str]
"""A metric's file and key."""
_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One metric of one side: its name for people, and its value or why there is none."""

    name: str
    value: Value = None
    why: str = ""


def hiding_places(metric: str, head: Iterable[MetricFile], names: Iterable[MetricName]) -> list[MetricFile]:
    """Unreadable files of head that may hold what the gate names, apart from those that are known to."""
    known = {path for path, _ in names}
    place, _, key = metric.rpartition(":")
    return [
        file
        for file in head
        if file.error and file.path not in known and (not key or not place or fnmatchcase(file.path, place))
    ]


def unreadable(file: MetricFile) -> str:
    """Why a file has no values, as a sentence."""
    return f"{file.path} could not be read: {file.error}"


def find_names(metric: str, *sides: tuple[MetricFile, ...] | None) -> list[MetricName]:
    """The metrics that a gate names, sorted: in head, else in what it is compared with; exact names before patterns."""
    known_by_side = [sorted(set(_all_names(files or ()))) for files in sides]
    for known in known_by_side:
        if found := _exactly(metric, known):
            return found
    known = sorted({name for side in known_by_side for name in side})
    return [(path, key) for path, key in known if fnmatchcase(f"{path}:{key}", metric) or fnmatchcase(key, metric)]


def is_pattern(metric: str) -> bool:
    """Whether a gate's name of a metric may stand for several."""
    return bool(_WILDCARDS & set(metric))


def find_value(files: Iterable[MetricFile], name: MetricName) -> Found:
    """The metric exactly where the name says; neither value nor reason where it is not there."""
    path, key = name
    for file in files:
        if file.path == path and file.error:
            return Found(name=key, why=unreadable(file))
        if file.path == path and key in file.values:
            return Found(name=key, value=file.values[key])
        if file.path == path and key in file.dropped:
            return Found(name=key, why=f"{key} is a list or null, not a number")
    return Found(name=key)


def why_unfit(found: Found, side: str) -> str:
    """Why a value cannot be compared; empty where it can."""
    if found.why:
        return f"{found.why} ({side})"
    if found.value is None:
        return f"{found.name} is missing in {side}"
    if not is_number(found.value):
        return f"{found.name} is {type(found.value).__name__} {str(found.value)[:40]!r} in {side}, not a number"
    return "" if is_finite(found.value) else f"{found.name} is {found.value} in {side}, not a finite number"


def find_baseline(files: tuple[MetricFile, ...], name: MetricName) -> Found:
    """The metric where head has it; else, for files get renamed, where the only other file with this key has it."""
    found = find_value(files, name)
    elsewhere = sorted({path for path, key in _all_names(files) if key == name[1]})
    if found.why or found.value is not None or not elsewhere:
        return found
    if len(elsewhere) > 1:
        return Found(name=name[1], why=f"{name[0]} is new, and {name[1]} is in {', '.join(elsewhere)}")
    return find_value(files, (elsewhere[0], name[1]))


def _exactly(metric: str, known: Iterable[MetricName]) -> list[MetricName]:
    return [(path, key) for path, key in known if metric in {key, f"{path}:{key}"}]


def _all_names(files: Iterable[MetricFile]) -> Iterator[MetricName]:
    for file in files:
        for key in (*file.values, *file.dropped):
            yield file.path, key
