"""Evidently's own verdicts on the columns, beside the kit's, for teams that compare with what they had.

With a pandas from 3 on Evidently 0.7 does not import, so it is not in the kit's lock: the extra `evidently` pins both.
Its verdict is at most a warning, because its defaults know no correction for many columns and no least number of rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops_kit import DISTRIBUTION
from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.profile import DataProfile
from mlops_kit.core.drift.report import DriftAnswer
from mlops_kit.core.errors import InputError
from mlops_kit.detectors.frames import read_rows, shared_columns

_IS_CHANCE = "p_value"
"""What the name of a method holds whose value is a p-value, where less is more."""


class Evidently:
    """The detector `evidently`: its preset for drift with its defaults, over the columns that both sides have."""

    def __init__(self, policy: DriftPolicy) -> None:
        self._ignore = policy.ignore

    def detect(self, reference: DataProfile, current: DataProfile) -> Iterable[Remark]:
        """A remark for each column that Evidently judges."""
        try:
            from evidently import Report
            from evidently.presets import DataDriftPreset
        except ImportError as error:
            hint = f'pip install "{DISTRIBUTION}[evidently]"; it needs pandas below 3'
            raise InputError(f"the detector 'evidently' needs Evidently: {error}", hint=hint) from error
        shared = shared_columns(reference, current, self._ignore)
        if not shared:
            return ()
        report = Report([DataDriftPreset(columns=shared)])
        found = report.run(read_rows(current)[shared], read_rows(reference)[shared])
        return tuple(read_remarks(found.dict()))


def read_remarks(document: Mapping[str, Any]) -> Iterator[Remark]:
    """What a report of Evidently says of single columns."""
    for metric in document["metrics"]:
        config = metric["config"]
        if not config["type"].endswith(":ValueDrift"):
            continue
        method, limit, value = config["method"], float(config["threshold"]), float(metric["value"])
        drifted = value < limit if _IS_CHANCE in method else value >= limit
        yield Remark(
            column=config["column"],
            answer=DriftAnswer.WARN if drifted else DriftAnswer.OK,
            statistic=f"Evidently: {method}",
            message=f"Evidently: {method} {value:.3g}, limit {limit:g}",
            effect=None if _IS_CHANCE in method else value,
            p_value=value if _IS_CHANCE in method else None,
        )
