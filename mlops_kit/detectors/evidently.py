"""Evidently's own verdicts on the columns, beside the kit's, for teams that compare with what they had.

With a pandas from 3 on Evidently 0.7 does not import, so it is not in the kit's lock: the extra `evidently` pins both.
Its verdict is at most a warning, because its defaults know no correction for many columns and no least number of rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_kit import DISTRIBUTION
from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.judge import matches
from mlops_kit.core.drift.profile import DataProfile, TableFormat
from mlops_kit.core.drift.report import DriftAnswer
from mlops_kit.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000
"""Rows of a side that it gets, the first ones: it keeps all of them in memory."""
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
        known = {column.name for column in current.columns}
        shared = [
            column.name
            for column in reference.columns
            if column.name in known and not matches(column.name, self._ignore)
        ]
        if not shared:
            return ()
        report = Report([DataDriftPreset(columns=shared)])
        found = report.run(_read(current)[shared], _read(reference)[shared])
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


def _read(profile: DataProfile) -> "pd.DataFrame":
    """The first rows of the files, in their order."""
    import pandas as pd

    parts: list[pd.DataFrame] = []
    for file in profile.source.files:
        left = ROWS - sum(len(part) for part in parts)
        if left <= 0:
            break
        parts.append(_read_file(file.place, profile)[:left])
    return pd.concat(parts, ignore_index=True)


def _read_file(place: Path, profile: DataProfile) -> "pd.DataFrame":
    import pandas as pd

    match profile.format:
        case TableFormat.PARQUET:
            return pd.read_parquet(place)
        case TableFormat.JSON_LINES:
            return pd.read_json(place, lines=True, nrows=ROWS)
        case TableFormat.CSV:
            return pd.read_csv(place, sep=profile.delimiter or ",", encoding=profile.encoding or None, nrows=ROWS)
