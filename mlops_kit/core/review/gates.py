"""Judges gates: whether a version may enter an environment, by its metrics.

What cannot be judged (missing, unreadable, not a number, not finite, measured otherwise where that is asked for) is
`not-evaluable` and counts as refused. A breach smaller than the metric's noise is `inconclusive`. The one place that
compares metrics with limits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from mlops_kit.core.config import Amount, Baseline, Config, Environment, Gate, Level
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow, concerns, describe_obstacle
from mlops_kit.core.review.evaluation import Evaluation, ScoreRow, find_score
from mlops_kit.core.review.lookup import (
    Found,
    MetricName,
    find_baseline,
    find_names,
    find_value,
    hiding_places,
    is_pattern,
    unreadable,
    why_unfit,
)
from mlops_kit.core.review.metrics import MetricFile, exact, show_number, show_span
from mlops_kit.core.review.statistics import Interval, predict_interval
from mlops_kit.core.types import Answer, EnvironmentName, GateAnswer

_MOST_TOLD = 3
"""Obstacles that a message names."""
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
    `obstacles` say what cannot be compared with which side. `history` has, by metric, the values that were measured
    before in the same way, in their order. `evaluations` are of exactly these versions: what they scored is compared
    with what is live in the place of what was recorded then.
    """

    head: tuple[MetricFile, ...]
    base: tuple[MetricFile, ...] | None = None
    live: tuple[MetricFile, ...] | None = None
    base_error: str = ""
    live_error: str = ""
    obstacles: tuple[ObstacleRow, ...] = ()
    history: Mapping[MetricName, Sequence[float]] = field(default_factory=dict)
    evaluations: tuple[Evaluation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Finding:
    answer: Answer
    message: str


@dataclass(frozen=True, kw_only=True)
class _Head:
    """A metric of head that can be compared, and how it scatters: by policy, and by what was measured before."""

    name: MetricName
    number: Decimal
    noise: Decimal
    interval: Interval | None


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
    comparable = ["comparable"] if gate.require_comparable else []
    return f"{gate.metric} {', '.join([*limits, *relative, *comparable])}"


def may_be_noise(environment: Environment, answered: Iterable[tuple[str, Answer]]) -> bool:
    """Whether knowing how the metrics scatter could make any answer milder; answers come with their rules."""
    relative = {describe_rule(gate) for gate in environment.gates if (gate.max_drop, gate.max_rise) != (None, None)}
    return any(rule in relative and answer in {Answer.FAIL, Answer.WARN} for rule, answer in answered)


def gated_obstacles(environment: Environment, config: Config, values: GateInputs) -> tuple[ObstacleRow, ...]:
    """The obstacles to comparing what the gates are about with what they compare it with."""
    found = {
        row
        for gate in environment.gates
        for name in find_names(gate.metric, values.head, values.base, values.live)
        for row in _obstacles(gate, config, values, name)
    }
    return tuple(row for row in values.obstacles if row in found)


def _soften(answer: Answer, level: Level) -> Answer:
    refused = answer in {Answer.FAIL, Answer.NOT_EVALUABLE}
    return Answer.WARN if level is Level.WARN and refused else answer


def _judge(gate: Gate, config: Config, values: GateInputs) -> Iterator[tuple[str, _Finding]]:
    names = find_names(gate.metric, values.head, values.base, values.live)
    hiding = hiding_places(gate.metric, values.head, names)
    if is_pattern(gate.metric):
        yield from ((f"{path}:{key}", _judge_metric(gate, config, values, (path, key))) for path, key in names)
        yield from ((file.path, _not_evaluable(unreadable(file))) for file in hiding)
        if names or hiding:
            return
    if not names:
        reasons = "; ".join(unreadable(file) for file in values.head if file.error)
        yield gate.metric, _not_evaluable(f"no metric {gate.metric} in head" + (f" ({reasons})" if reasons else ""))
    elif len(names) > 1:
        listed = ", ".join(f"{path}:{key}" for path, key in names)
        yield gate.metric, _not_evaluable(f"{gate.metric} is ambiguous: it is in {listed}")
    elif hiding:
        yield gate.metric, _not_evaluable(f"{unreadable(hiding[0])}; it may hold {gate.metric} too: name it FILE:KEY")
    else:
        yield gate.metric, _judge_metric(gate, config, values, names[0])


def _judge_metric(gate: Gate, config: Config, values: GateInputs, name: MetricName) -> _Finding:
    head = find_value(values.head, name)
    why = why_unfit(head, "head")
    if why:
        return _not_evaluable(why)
    noise = exact(config.policy(*name).noise)
    number = exact(_number(head.value))
    measured = _Head(name=name, number=number, noise=noise, interval=_interval(config, values, name))
    findings = [
        *_comparable(gate, config, values, name),
        *_absolute(gate, number, noise),
        *_relative(gate, values, measured),
    ]
    worst = max((found.answer for found in findings), key=_WORST.index)
    return _Finding(answer=worst, message="; ".join(found.message for found in findings))


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


def _comparable(gate: Gate, config: Config, values: GateInputs, name: MetricName) -> Iterator[_Finding]:
    """A refusal where the gate asks for an equal measurement and there is none, or none can be known."""
    error = values.base_error if gate.against is Baseline.BASE else values.live_error
    if not gate.require_comparable:
        return
    if error:
        yield _not_evaluable(f"not comparable: {gate.against} could not be read: {error}")
    elif found := _obstacles(gate, config, values, name):
        told = "; ".join(describe_obstacle(row) for row in found[:_MOST_TOLD])
        more = f" (and {len(found) - _MOST_TOLD} more)" if found[_MOST_TOLD:] else ""
        yield _not_evaluable(f"not comparable: {told}{more}")


def _obstacles(gate: Gate, config: Config, values: GateInputs, name: MetricName) -> list[ObstacleRow]:
    """What hinders a gate's comparison; where both were scored on the same data, a changed script alone."""
    found = [row for row in values.obstacles if row.against == gate.against.value and concerns(row, config, name)]
    scored = _find_score(gate, values, name) is not None
    return [row for row in found if row.kind is Obstacle.SCRIPT] if scored else found


def _find_score(gate: Gate, values: GateInputs, name: MetricName) -> ScoreRow | None:
    return find_score(values.evaluations, name, values.head) if gate.against is Baseline.LIVE else None


def _interval(config: Config, values: GateInputs, name: MetricName) -> Interval | None:
    """How the metric scatters; None for one that is measured otherwise now, for whatever reason."""
    if any(concerns(row, config, name) for row in values.obstacles):
        return None
    return predict_interval(values.history.get(name, ()))


def _relative(gate: Gate, values: GateInputs, head: _Head) -> Iterator[_Finding]:
    rules = [
        (word, amount) for word, amount in (("drop", gate.max_drop), ("rise", gate.max_rise)) if amount is not None
    ]
    if not rules:
        return
    score = _find_score(gate, values, head.name)
    if score is not None:
        yield from (_scored(word, amount, score, head.noise) for word, amount in rules)
        return
    compared = _baseline(gate.against, values, head.name)
    for word, amount in rules:
        if isinstance(compared, _Finding):
            yield compared
        else:
            moved = compared - head.number if word == "drop" else head.number - compared
            finding = _moved(word, amount, baseline=compared, moved=moved, noise=head.noise)
            yield _excuse(finding, head)


def _scored(word: str, amount: Amount, score: ScoreRow, noise: Decimal) -> _Finding:
    """The answer by what both models score on the same data; inconclusive where the rows could say otherwise."""
    for value, side in ((score.live, "the live model"), (score.candidate, "the candidate")):
        if why := why_unfit(Found(name=score.key, value=value), f"{side}, scored on the same data"):
            return _not_evaluable(why)
    live, candidate = exact(_number(score.live)), exact(_number(score.candidate))
    moved = live - candidate if word == "drop" else candidate - live
    finding = _moved(word, amount, baseline=live, moved=moved, noise=noise)
    if finding.answer is Answer.NOT_EVALUABLE:
        return finding
    told = f"{finding.message} on the same data"
    if score.low is None or score.high is None:
        return replace(finding, message=told)
    least, most = (-score.high, -score.low) if word == "drop" else (score.low, score.high)
    allowed = _allowed(amount, live)
    by_luck = finding.answer is Answer.PASS and exact(most) - allowed > noise
    by_chance = finding.answer is Answer.FAIL and exact(least) <= allowed
    known = f"with 95 % confidence the change is {show_span(score.low, score.high)}, by {score.rows:,} rows"
    if by_luck or by_chance:
        return _Finding(answer=Answer.INCONCLUSIVE, message=f"{told}, but {known}")
    return replace(finding, message=f"{told} ({known})")


def _excuse(finding: _Finding, head: _Head) -> _Finding:
    """A breach that chance alone explains decides nothing."""
    interval = head.interval
    if finding.answer is not Answer.FAIL or interval is None or not interval.contains(float(head.number)):
        return finding
    low, high = (show_number(exact(end)) for end in (interval.low, interval.high))
    scatter = f"the last {interval.samples} measurements expect 95 % of values in [{low}, {high}]"
    return _Finding(answer=Answer.INCONCLUSIVE, message=f"{finding.message}, but within the noise: {scatter}")


def _baseline(against: Baseline, values: GateInputs, name: MetricName) -> Decimal | _Finding:
    files = values.base if against is Baseline.BASE else values.live
    error = values.base_error if against is Baseline.BASE else values.live_error
    if error:
        return _not_evaluable(f"{against} could not be read: {error}")
    if files is None:
        absent = "there is no base" if against is Baseline.BASE else "nothing is live yet"
        return _Finding(answer=Answer.PASS, message=f"{absent}, so nothing to compare with: skipped")
    found = find_baseline(files, name)
    if not found.why and found.value is None:
        return _Finding(answer=Answer.PASS, message=f"{found.name} is new, {against} has none: comparison skipped")
    why = why_unfit(found, against)
    return _not_evaluable(why) if why else exact(_number(found.value))


def _moved(word: str, amount: Amount, *, baseline: Decimal, moved: Decimal, noise: Decimal) -> _Finding:
    if amount.percent and baseline == 0 and moved > 0:
        return _not_evaluable(f"a {word} of {show_number(moved)} from 0 has no percentage")
    allowed = _allowed(amount, baseline)
    shown = (
        f"a {word} of {show_number(moved)} from {show_number(baseline)}"
        if moved > 0
        else f"no {word} from {show_number(baseline)}"
    )
    return _answer(moved - allowed, noise, f"{shown} is {{}} the allowed {amount}", ("within", "over"))


def _allowed(amount: Amount, baseline: Decimal) -> Decimal:
    return abs(baseline) * exact(amount.value) / 100 if amount.percent else exact(amount.value)


def _not_evaluable(message: str) -> _Finding:
    return _Finding(answer=Answer.NOT_EVALUABLE, message=message)
