"""The promotion log, filtered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mlops_kit.core.config import Config
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, PromotionLog
from mlops_kit.core.promotion.periods import Period, live_at, split_periods


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whose history: of one model or all, of one environment or all, at one moment or at all times."""

    model: str | None = None
    environment: str | None = None
    as_of: datetime | None = None


def read_history(git: Git, log: PromotionLog, config: Config, question: Question) -> tuple[Period, ...]:
    """The periods that the log tells of, by model, environment and number.

    Not by time: clocks of runners differ, numbers do not. InputError for a model or environment that neither the log
    nor the configuration knows.
    """
    git.fetch()
    periods = split_periods(log.read_records(), log.read_notes())
    _check_known("model", question.model, {period.model for period in periods})
    environments = {period.environment for period in periods} | config.environments.keys()
    _check_known("environment", question.environment, environments)
    chosen = tuple(
        period
        for period in periods
        if question.model in {None, period.model} and question.environment in {None, period.environment}
    )
    return live_at(chosen, question.as_of) if question.as_of else chosen


def _check_known(kind: str, asked: str | None, known: Iterable[str]) -> None:
    names = sorted(known)
    if asked is not None and asked not in names:
        raise InputError(
            f"the log has no {kind} {asked!r}",
            hint=f"{kind}s are: {', '.join(names)}" if names else "nothing was promoted yet",
        )
