"""Whether the policy fits the pipeline: gates and their metrics, directions, what metrics are measured on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from mlops_kit.core.config import Config, Gate, Goal
from mlops_kit.core.config.evaluation import EvaluationPolicy
from mlops_kit.core.config.names import did_you_mean
from mlops_kit.core.documents import Document
from mlops_kit.core.errors import InputError, NeverMadeError, Problem
from mlops_kit.core.pipeline.hashing import hash_bytes
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.scoring import files_of_interest, plan_trial
from mlops_kit.core.review.lookup import MetricName
from mlops_kit.core.review.measurement import fits, index_measuring
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import ModelName


def check_gates(config: Config, metrics: Iterable[MetricFile], document: Document) -> tuple[Problem, ...]:
    """A problem for every gate whose metric no file has; `document` is the configuration's, for the places."""
    known = {
        name for found in metrics for key in (*found.values, *found.dropped) for name in (key, f"{found.path}:{key}")
    }
    return tuple(_uncovered(config, sorted(known), document))


def check_directions(config: Config, metrics: Iterable[MetricFile], document: Document) -> tuple[Problem, ...]:
    """A problem for every gate that bounds its metric on the side on which it gets better."""
    names = [(found.path, key) for found in metrics for key in found.values]
    return tuple(_misdirected(config, names, document))


def check_measuring(config: Config, project: Project, document: Document) -> tuple[Problem, ...]:
    """A problem for every pattern of evaluation data that fits nothing a stage reads."""
    read = sorted({found.path for stage in project.stages for found in stage.dependencies})
    return tuple(
        Problem(
            message=f"no stage reads {pattern!r}: whether its data changed is not seen",
            location=document.locate(("metrics", name, "evaluation", number)),
            field=f"metrics.{name}.evaluation.{number}",
            hint=did_you_mean(pattern, read),
        )
        for name, policy in config.metrics.items()
        for number, pattern in enumerate(policy.evaluation)
        if not any(fits(path, pattern) for path in read)
    )


def check_writers(
    config: Config, project: Project, metrics: Iterable[MetricFile], document: Document
) -> tuple[Problem, ...]:
    """A problem for every gate that asks for an equal measurement of what no stage measures."""
    index = index_measuring(project)
    handmade = [(found.path, key) for found in metrics if not index.find_writer(found.path) for key in found.values]
    return tuple(
        Problem(
            message=f"no stage writes {path}: how it is measured is not known",
            location=document.locate(("environments", name, "gates", number, "require-comparable")),
            field=f"environments.{name}.gates.{number}.require-comparable",
            hint="make it an output of the stage that measures",
        )
        for name, environment in config.environments.items()
        for number, gate in enumerate(environment.gates)
        for path in sorted({path for path, key in handmade if gate.require_comparable and _is_named(gate, (path, key))})
    )


def check_evaluated(config: Config, project: Project, document: Document) -> tuple[Problem, ...]:
    """A problem for every model that cannot be scored beside the live one; what was only never made is none."""
    return tuple(
        replace(problem, location=document.locate_key(("evaluate", name)))
        for name, policy in config.evaluate.items()
        for problem in _unscored(project, ModelName(name), policy)
    )


def _unscored(project: Project, name: ModelName, policy: EvaluationPolicy) -> tuple[Problem, ...]:
    try:
        plan_trial(project, name, policy, files=dict.fromkeys(files_of_interest(policy), hash_bytes(b"")))
    except NeverMadeError:
        return ()
    except InputError as error:
        return error.problems
    return ()


def _misdirected(config: Config, names: list[MetricName], document: Document) -> Iterator[Problem]:
    for name, environment in config.environments.items():
        for number, gate in enumerate(environment.gates):
            limit, other, wrong = _only_limit(gate)
            goals = {config.policy(*metric).goal for metric in _metrics_of(gate, names)}
            if limit and wrong in goals:
                yield Problem(
                    message=f"{limit} on {gate.metric!r}, whose goal is {wrong}: it would refuse what is better",
                    location=document.locate(("environments", name, "gates", number, limit)),
                    field=f"environments.{name}.gates.{number}.{limit}",
                    hint=f"use {other}, or correct the goal",
                )


def _only_limit(gate: Gate) -> tuple[str, str, Goal | None]:
    """A gate's one relative limit, the opposite one, and the goal that it contradicts; none where it has both."""
    match gate.max_drop is None, gate.max_rise is None:
        case False, True:
            return "max-drop", "max-rise", Goal.MINIMIZE
        case True, False:
            return "max-rise", "max-drop", Goal.MAXIMIZE
        case _:
            return "", "", None


def _metrics_of(gate: Gate, names: list[MetricName]) -> list[MetricName]:
    """The metrics that a gate names; by the name alone where no file is known to have them."""
    path, _, key = gate.metric.rpartition(":")
    return [name for name in names if _is_named(gate, name)] or [(path, key)]


def _is_named(gate: Gate, name: MetricName) -> bool:
    path, key = name
    return fnmatchcase(key, gate.metric) or fnmatchcase(f"{path}:{key}", gate.metric)


def _uncovered(config: Config, known: list[str], document: Document) -> Iterator[Problem]:
    for name, environment in config.environments.items():
        for number, gate in enumerate(environment.gates):
            if not any(fnmatchcase(metric, gate.metric) for metric in known):
                path = ("environments", name, "gates", number, "metric")
                yield Problem(
                    message=f"no metric file has {gate.metric!r}: the gate would refuse every version",
                    location=document.locate(path),
                    field=".".join(map(str, path)),
                    hint=did_you_mean(gate.metric, known),
                )
