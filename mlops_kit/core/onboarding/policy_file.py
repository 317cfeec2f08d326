"""The text of `mlops.yaml` for a repository that has none."""

import re
from collections.abc import Iterator, Sequence

from mlops_kit.core.config import Goal
from mlops_kit.core.onboarding.choices import Choices
from mlops_kit.core.onboarding.survey import FoundMetric, Survey
from mlops_kit.core.onboarding.yaml_words import quoted, word

SCHEMA = "https://raw.githubusercontent.com/mlops-kit/mlops-kit/main/schemas/config.schema.json"
_WILD = re.compile(r"([*?[])")
MOST_METRICS = 30
"""Repositories with more metrics than this want patterns, which only people can write."""


def policy_text(survey: Survey, choices: Choices) -> str:
    """The file's text: goals that the metrics' names suggest, the environments, and an example of a gate."""
    return "\n".join([*_head(), *_metrics(survey), *_environments(survey, choices), *_registry(choices), ""])


def _head() -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA}"
    yield "# Which way metrics should go, which branch each environment follows, and what a version must pass to enter."
    yield "# Check it with: mlops-kit validate"
    yield "version: 1"


def _metrics(survey: Survey) -> Iterator[str]:
    known = [metric for metric in survey.metrics if metric.goal is not None]
    if not known:
        yield 'metrics: {} # for example: {"*accuracy*": {goal: maximize}}'
        return
    yield "metrics: # goals are guesses from the names: correct them"
    for metric in known[:MOST_METRICS]:
        yield f"  {quoted(_name(metric))}: {{goal: {metric.goal}}}"
    if len(known) > MOST_METRICS:
        yield f'  # and {len(known) - MOST_METRICS} more; patterns such as "*loss*" name many at once'


def _environments(survey: Survey, choices: Choices) -> Iterator[str]:
    yield "environments:"
    before = ""
    for number, one in enumerate(choices.followed):
        yield f"  {one.environment}:"
        yield f"    branch: {word(one.branch)}"
        if before:
            yield f"    after: {before}"
        if number == 1 or len(choices.followed) == 1:
            yield from _example_gate(survey.metrics)
        before = one.environment


def _example_gate(metrics: Sequence[FoundMetric]) -> Iterator[str]:
    """A gate to begin with, as a comment: it compares with what runs there, so it needs no number of the kit's."""
    found = next((metric for metric in metrics if metric.goal is not None), None)
    name = quoted(_name(found)) if found else "accuracy"
    limit = "max-rise" if found and found.goal is Goal.MINIMIZE else "max-drop"
    yield "    # gates:"
    yield f"    #   - {{metric: {name}, {limit}: 2%, against: live}}"


def _registry(choices: Choices) -> Iterator[str]:
    yield f"registry: {{kind: {choices.registry}}}"


def _name(metric: FoundMetric) -> str:
    """The metric's name as a pattern that means it alone."""
    return _WILD.sub(r"[\1]", f"{metric.path}:{metric.key}")
