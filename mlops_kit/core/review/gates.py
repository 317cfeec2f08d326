"""Judges gates: whether a version may enter an environment, by its metrics.

What cannot be judged (missing, unreadable, not a number, not finite) is `not-evaluable` and counts as refused. A
breach smaller than the metric's noise is `inconclusive`. The one place that compares metrics with limits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from mlops_kit.core.config import Amount, Baseline, Config, Environment, Gate, Level
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.metrics import MetricFile, exact, is_finite, is_number, show_number
from mlops_kit.core.types import Answer, EnvironmentName, GateAnswer

_WILDCARDS = frozenset("*?[")
_WORST = (Answer.PASS, Answer.WARN, Answer.INCONCLUSIVE, Answer.NOT_EVALUABLE, Answer.FAIL)


class Verdict(StrEnum):
    """What all answers together say: `fail` holds a promotion back."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class GateInputs:
    """Metrics to judge. `base` or `live` is None where there is none to compare with (a first promotion).

    `base_error` and `live_error` say why a side could not be read; gates against it are then not evaluable.
    """

    head: tuple[MetricFile, ...]
    base: tuple[MetricFile, ...] | None = None
    live: tuple[MetricFile, ...] | None = None
    base_error: str = ""
    live_error: str = ""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """One metric of one side: its name for people, and its value or why there is none."""

    name: str
    value: Value = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class _Finding:
    answer: Answer
    message: str


def evaluate_gates(
    environment_name: EnvironmentName, environment: Environment, config: Config, values: GateInputs
) -> tuple[GateAnswer, ...]:
    """One answer per gate, in the order of the file; a gate with a pattern has one per metric that matches."""
    return tuple(
        GateAnswer(
            environment=environment_name,
            metric=name,
            rule=describe_rule(gate),
            answer=_soften(finding.answer, gate.level),
            message=finding.message,
        )
        for gate in environment.gates
        for name, finding in _judge(gate, config, values)
    )


def judge_answers(answers: Iterable[GateAnswer]) -> Verdict:
    """`fail` where any answer refuses, `warn` where any is worth a look, else `pass`."""
    given = {found.answer for found in answers}
    if given & {Answer.FAIL, Answer.NOT_EVALUABLE}:
        return Verdict.FAIL
    return Verdict.WARN if given & {Answer.WARN, Answer.INCONCLUSIVE} else Verdict.PASS


def describe_rule(gate: Gate) -> str:
    """The rule as text: `accuracy min 0.9`, `loss max-rise 2% against live`."""
    limits = [f"{name} {limit:g}" for name, limit in (("min", gate.min), ("max", gate.max)) if limit is not None]
    relative = [
        f"{name} {amount} against {gate.against}"
        for name, amount in (("max-drop", gate.max_drop), ("max-rise", gate.max_rise))
        if amount is not None
    ]
    return f"{gate.metric} {', '.join([*limits, *relative])}"


def _soften(answer: Answer, level: Level) -> Answer:
    refused = answer in {Answer.FAIL, Answer.NOT_EVALUABLE}
    return Answer.WARN if level is Level.WARN and refused else answer


def _judge(gate: Gate, config: Config, values: GateInputs) -> Iterator[tuple[str, _Finding]]:
    names = _names(gate.metric, values)
    hiding = _hiding_places(gate.metric, values.head, names)
    if _is_pattern(gate.metric):
        yield from ((f"{path}:{key}", _judge_metric(gate, config, values, (path, key))) for path, key in names)
        yield from ((file.path, _not_evaluable(_unreadable(file))) for file in hiding)
        if names or hiding:
            return
    if not names:
        reasons = "; ".join(_unreadable(file) for file in values.head if file.error)
        yield gate.metric, _not_evaluable(f"no metric {gate.metric} in head" + (f" ({reasons})" if reasons else ""))
    elif len(names) > 1:
        listed = ", ".join(f"{path}:{key}" for path, key in names)
        yield gate.metric, _not_evaluable(f"{gate.metric} is ambiguous: it is in {listed}")
    elif hiding:
        yield gate.metric, _not_evaluable(f"{_unreadable(hiding[0])}; it may hold {gate.metric} too: name it FILE:KEY")
    else:
        yield gate.metric, _judge_metric(gate, config, values, names[0])


def _hiding_places(metric: str, head: Iterable[MetricFile], names: Iterable[tuple[str, str]]) -> list[MetricFile]:
    """Unreadable files of head that may hold what the gate names, apart from those that are known to."""
    known = {path for path, _ in names}
    place, _, key = metric.rpartition(":")
    return [
        file
        for file in head
        if file.error and file.path not in known and (not key or not place or fnmatchcase(file.path, place))
    ]


def _unreadable(file: MetricFile) -> str:
    return f"{file.path} could not be read: {file.error}"


def _names(metric: str, values: GateInputs) -> list[tuple[str, str]]:
    """The metrics that a gate names, sorted: in head, else in what it is compared with; exact names before patterns."""
    sides = [sorted(set(_all_names(files or ()))) for files in (values.head, values.base, values.live)]
    for known in sides:
        if found := _exactly(metric, known):
            return found
    known = sorted({name for side in sides for name in side})
    return [(path, key) for path, key in known if fnmatchcase(f"{path}:{key}", metric) or fnmatchcase(key, metric)]


def _exactly(metric: str, known: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(path, key) for path, key in known if metric in {key, f"{path}:{key}"}]


def _all_names(files: Iterable[MetricFile]) -> Iterator[tuple[str, str]]:
    for file in files:
        for key in (*file.values, *file.dropped):
            yield file.path, key


def _is_pattern(metric: str) -> bool:
    return bool(_WILDCARDS & set(metric))


def _judge_metric(gate: Gate, config: Config, values: GateInputs, name: tuple[str, str]) -> _Finding:
    head = _find(values.head, name)
    why = _unfit(head, "head")
    if why:
        return _not_evaluable(why)
    noise = exact(config.policy(*name).noise)
    number = exact(_number(head.value))
    findings = [*_absolute(gate, number, noise), *_relative(gate, values, name, number=number, noise=noise)]
    worst = max((found.answer for found in findings), key=_WORST.index)
    return _Finding(answer=worst, message="; ".join(found.message for found in findings))


def _find(files: Iterable[MetricFile], name: tuple[str, str]) -> _Found:
    path, key = name
    for file in files:
        if file.path == path and file.error:
            return _Found(name=key, why=_unreadable(file))
        if file.path == path and key in file.values:
            return _Found(name=key, value=file.values[key])
        if file.path == path and key in file.dropped:
            return _Found(name=key, why=f"{key} is a list or null, not a number")
    return _Found(name=key)


def _unfit(found: _Found, side: str) -> str:
    """Why a value cannot be compared; empty where it can."""
    if found.why:
        return f"{found.why} ({side})"
    if found.value is None:
        return f"{found.name} is missing in {side}"
    if not is_number(found.value):
        return f"{found.name} is {type(found.value).__name__} {str(found.value)[:40]!r} in {side}, not a number"
    return "" if is_finite(found.value) else f"{found.name} is {found.value} in {side}, not a finite number"


def _number(value: Value) -> float:
    if isinstance(value, int | float):
        return value
    raise TypeError(value)


def _absolute(gate: Gate, number: Decimal, noise: Decimal) -> Iterator[_Finding]:
    if gate.min is not None:
        limit = exact(gate.min)
        yield _answer(
            limit - number,
            noise,
            f"{show_number(number)} is {{}} the minimum {show_number(limit)}",
            ("at least", "under"),
        )
    if gate.max is not None:
        limit = exact(gate.max)
        yield _answer(
            number - limit,
            noise,
            f"{show_number(number)} is {{}} the maximum {show_number(limit)}",
            ("at most", "over"),
        )


def _answer(excess: Decimal, noise: Decimal, message: str, words: tuple[str, str]) -> _Finding:
    """The answer for how far a limit is passed: nothing, less than the noise, or more."""
    good, bad = words
    if excess <= 0:
        return _Finding(answer=Answer.PASS, message=message.format(good))
    if excess <= noise:
        return _Finding(
            answer=Answer.INCONCLUSIVE, message=f"{message.format(bad)}, by less than the noise {show_number(noise)}"
        )
    return _Finding(answer=Answer.FAIL, message=message.format(bad))


def _relative(
    gate: Gate, values: GateInputs, name: tuple[str, str], *, number: Decimal, noise: Decimal
) -> Iterator[_Finding]:
    rules = [
        (word, amount) for word, amount in (("drop", gate.max_drop), ("rise", gate.max_rise)) if amount is not None
    ]
    if not rules:
        return
    compared = _baseline(gate.against, values, name)
    for word, amount in rules:
        if isinstance(compared, _Finding):
            yield compared
        else:
            moved = compared - number if word == "drop" else number - compared
            yield _moved(word, amount, baseline=compared, moved=moved, noise=noise)


def _baseline(against: Baseline, values: GateInputs, name: tuple[str, str]) -> Decimal | _Finding:
    files = values.base if against is Baseline.BASE else values.live
    error = values.base_error if against is Baseline.BASE else values.live_error
    if error:
        return _not_evaluable(f"{against} could not be read: {error}")
    if files is None:
        absent = "there is no base" if against is Baseline.BASE else "nothing is live yet"
        return _Finding(answer=Answer.PASS, message=f"{absent}, so nothing to compare with: skipped")
    found = _find_baseline(files, name)
    if not found.why and found.value is None:
        return _Finding(answer=Answer.PASS, message=f"{found.name} is new, {against} has none: comparison skipped")
    why = _unfit(found, against)
    return _not_evaluable(why) if why else exact(_number(found.value))


def _find_baseline(files: tuple[MetricFile, ...], name: tuple[str, str]) -> _Found:
    """The metric where head has it; else, for files get renamed, where the only other file with this key has it."""
    found = _find(files, name)
    elsewhere = sorted({path for path, key in _all_names(files) if key == name[1]})
    if found.why or found.value is not None or not elsewhere:
        return found
    if len(elsewhere) > 1:
        return _Found(name=name[1], why=f"{name[0]} is new, and {name[1]} is in {', '.join(elsewhere)}")
    return _find(files, (elsewhere[0], name[1]))


def _moved(word: str, amount: Amount, *, baseline: Decimal, moved: Decimal, noise: Decimal) -> _Finding:
    if amount.percent and baseline == 0 and moved > 0:
        return _not_evaluable(f"a {word} of {show_number(moved)} from 0 has no percentage")
    allowed = abs(baseline) * exact(amount.value) / 100 if amount.percent else exact(amount.value)
    shown = (
        f"a {word} of {show_number(moved)} from {show_number(baseline)}"
        if moved > 0
        else f"no {word} from {show_number(baseline)}"
    )
    return _answer(moved - allowed, noise, f"{shown} is {{}} the allowed {amount}", ("within", "over"))


def _not_evaluable(message: str) -> _Finding:
    return _Finding(answer=Answer.NOT_EVALUABLE, message=message)
