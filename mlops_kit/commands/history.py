"""The promotion log, filtered."""

from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, PromotionLog
from mlops_kit.core.types import PromotionRecord


def read_history(
    git: Git, log: PromotionLog, *, model: str | None = None, environment: str | None = None
) -> tuple[PromotionRecord, ...]:
    """The records of one model or all, of one environment or all, by model, environment and seq.

    Not by time: clocks of runners differ, numbers do not. InputError for an unknown model.
    """
    git.fetch()
    records = log.read_records()
    known = sorted({record.model for record in records})
    if model is not None and model not in known:
        raise InputError(
            f"the log has no model {model!r}",
            hint=f"models are: {', '.join(known)}" if known else "nothing was promoted yet",
        )
    return tuple(
        record for record in records if model in {None, record.model} and environment in {None, record.environment}
    )
