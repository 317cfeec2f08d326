"""The promotion log, filtered."""

from collections.abc import Iterable

from mlops_kit.core.config import Config
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, PromotionLog
from mlops_kit.core.types import PromotionRecord


def read_history(
    git: Git, log: PromotionLog, config: Config, *, model: str | None = None, environment: str | None = None
) -> tuple[PromotionRecord, ...]:
    """The records of one model or all, of one environment or all, by model, environment and seq.

    Not by time: clocks of runners differ, numbers do not. InputError for a model or environment that neither the log
    nor the configuration knows.
    """
    git.fetch()
    records = log.read_records()
    _check_known("model", model, {record.model for record in records})
    _check_known("environment", environment, {record.environment for record in records} | config.environments.keys())
    return tuple(
        record for record in records if model in {None, record.model} and environment in {None, record.environment}
    )


def _check_known(kind: str, asked: str | None, known: Iterable[str]) -> None:
    names = sorted(known)
    if asked is not None and asked not in names:
        raise InputError(
            f"the log has no {kind} {asked!r}",
            hint=f"{kind}s are: {', '.join(names)}" if names else "nothing was promoted yet",
        )
