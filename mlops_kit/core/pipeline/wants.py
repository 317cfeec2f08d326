"""Parses what a stage asks for: the `mlops:` part of its `meta:` in dvc.yaml."""

import math
import re
from collections.abc import Callable, Mapping

from mlops_kit.core.config.durations import parse_duration
from mlops_kit.core.config.names import did_you_mean
from mlops_kit.core.errors import InvalidInputError, Location, Problem
from mlops_kit.core.run import Wants

META_KEY = "mlops"
_MEMORY = re.compile(r"(?P<count>\d{1,6}(?:\.\d{1,3})?) ?(?P<unit>MiB|GiB|MB|GB)", re.IGNORECASE)
_MIB = {"mib": 1.0, "gib": 1024.0, "mb": 1e6 / 2**20, "gb": 1e9 / 2**20}
_MOST_RETRIES = 100


def parse_wants(meta: object, *, place: Location, stage: str) -> Wants:
    """What a stage's meta asks for; nothing where it has no `mlops:`.

    InvalidInputError with every key that is unknown or has a wrong value; `place` is where the stage stands.
    """
    written = meta.get(META_KEY) if isinstance(meta, Mapping) else None
    if written is None:
        return Wants()
    if not isinstance(written, Mapping):
        raise InvalidInputError([_problem(f"expected a mapping, found {written!r}", (), place, stage)])
    known = _KEYS.keys()
    found: dict[str, object] = {}
    problems = [
        _problem("unknown key", (str(key),), place, stage, hint=did_you_mean(str(key), known))
        for key in written
        if key not in known
    ]
    for key, (name, parse) in _KEYS.items():
        if key in written:
            try:
                found[name] = parse(written[key])
            except ValueError as error:
                problems.append(_problem(f"{error}, found {written[key]!r}", (key,), place, stage))
    if problems:
        raise InvalidInputError(problems)
    return Wants(**found)  # type: ignore[arg-type]  # each parser gives its own field's type


def _problem(message: str, keys: tuple[str, ...], place: Location, stage: str, *, hint: str = "") -> Problem:
    field = ".".join(("stages", stage, "meta", META_KEY, *keys))
    return Problem(message=message, location=place, field=field, hint=hint)


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("expected a whole number from 0")


def _retries(value: object) -> int:
    if _count(value) > _MOST_RETRIES:
        raise ValueError(f"expected a whole number from 0 to {_MOST_RETRIES}")
    return _count(value)


def _amount(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    raise ValueError("expected a number from 0")


def _amounts(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("expected a mapping of names to numbers")
    return {name: _amount(amount) for name, amount in value.items()}


def _names(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list) and all(isinstance(name, str) and name for name in names):
        return tuple(dict.fromkeys(names))
    raise ValueError("expected a list of names")


def _seconds(value: object) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value}s"
    duration = parse_duration(value)
    if not duration:
        raise ValueError("expected a duration above zero such as 90s, 30m, 24h or 7d")
    return duration.total_seconds()


def _mebibytes(value: object) -> int:
    match = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a size such as 16GB or 16GiB")
    return math.ceil(float(match["count"]) * _MIB[match["unit"].lower()])


_KEYS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "gpus": ("gpus", _count),
    "gpu_memory": ("gpu_memory_mib", _mebibytes),
    "mutex": ("mutexes", _names),
    "timeout": ("timeout_seconds", _seconds),
    "retries": ("retries", _retries),
    "cpus": ("cpus", _amount),
    "resources": ("resources", _amounts),
}
