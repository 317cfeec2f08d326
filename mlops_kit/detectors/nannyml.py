"""NannyML's own verdicts on the columns, beside the kit's, for teams that compare with what they had.

A fresh installation of NannyML 0.13 does not import without statsmodels, and it needs a pandas below 3, so it is not in
the kit's lock: the extra `nannyml` pins both. It cuts the reference into chunks, and alarms on chunks of the current
data that lie further out than three standard deviations. Its reports of usage are switched off.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlops_kit import DISTRIBUTION
from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.kinds import FEW_VALUES
from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, Family
from mlops_kit.core.drift.report import DriftAnswer
from mlops_kit.core.errors import InputError
from mlops_kit.detectors.frames import read_rows, shared_columns

CHUNKS = 10
"""Parts of the reference that tell what is usual."""
_METHOD = "jensen_shannon"
_FAMILIES = (Family.NUMBER, Family.BOOLEAN, Family.TEXT)


class NannyML:
    """The detector `nannyml`: its univariate drift with its defaults, over the columns that both sides have."""

    def __init__(self, policy: DriftPolicy) -> None:
        self._ignore = policy.ignore

    def detect(self, reference: DataProfile, current: DataProfile) -> Iterable[Remark]:
        """A remark for each column of numbers, booleans or texts."""
        try:
            import nannyml
        except ImportError as error:
            hint = f'pip install "{DISTRIBUTION}[nannyml]"; it needs Python below 3.13 and pandas below 3'
            raise InputError(f"the detector 'nannyml' needs NannyML: {error}", hint=hint) from error
        nannyml.disable_usage_logging()
        columns = {column.name: column for column in reference.columns if column.family in _FAMILIES}
        names = [name for name in shared_columns(reference, current, self._ignore) if name in columns]
        if not names:
            return ()
        old, new = read_rows(reference)[names], read_rows(current)[names]
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=names,
            treat_as_categorical=[name for name in names if not _is_continuous(columns[name])],
            chunk_size=max(2, len(old) // CHUNKS),
        )
        calculator.fit(old)
        table = calculator.calculate(new).filter(period="analysis").to_df()
        return tuple(read_chunks(names, table.to_dict("records")))


def read_chunks(names: Iterable[str], chunks: Iterable[Mapping[Any, Any]]) -> Iterator[Remark]:
    """What the chunks of the current data say of each column: a warning where most of them alarm."""
    rows = list(chunks)
    for name in names:
        alarms = sum(bool(row[name, _METHOD, "alert"]) for row in rows)
        distances = [float(row[name, _METHOD, "value"]) for row in rows]
        told = f"{alarms} of {len(rows)} chunks alarm, Jensen-Shannon distance up to {max(distances):.3g}"
        yield Remark(
            column=name,
            answer=DriftAnswer.WARN if 2 * alarms > len(rows) else DriftAnswer.OK,
            statistic="NannyML: Jensen-Shannon distance",
            message=f"NannyML: {told}",
            effect=max(distances),
        )


def _is_continuous(column: ColumnProfile) -> bool:
    return column.family is Family.NUMBER and column.distinct > FEW_VALUES
