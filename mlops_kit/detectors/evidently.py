"""Evidently's own verdicts on the columns, beside the kit's, for teams that compare with what they had.

It needs pandas below 3 (with a later one Evidently 0.7 does not import) and is not in the kit's lock for that reason:
`pip install "evidently>=0.7,<0.8" "pandas<3"`. Nothing is sent anywhere: its telemetry is switched off here.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.profile import DataProfile, DataSet, TableFormat
from mlops_kit.core.drift.report import DriftAnswer
from mlops_kit.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000
"""Rows of a side that it gets, the first ones: it keeps all of them in memory."""
