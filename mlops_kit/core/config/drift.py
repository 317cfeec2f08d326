"""When data counts as drifted, as `mlops.yaml` writes it; docs/drift.md says where the numbers come from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from mlops_kit.core.config.durations import Duration
from mlops_kit.core.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
ColumnPattern = Annotated[str, Field(min_length=1)]


class Correction(StrEnum):
    """How the level of significance is shared among the columns."""

    BONFERRONI = "bonferroni"
    FDR = "fdr"


class Thresholds(Section):
    """From which effect on a check warns, and from which it fails."""

    warn: Annotated[float, Field(gt=0, description="From here on it warns.")]
    fail: Annotated[float, Field(gt=0, description="From here on it fails.")]

    @model_validator(mode="after")
    def _rises(self) -> "Thresholds":
        if self.fail < self.warn:
            raise ValueError(f"fail {self.fail:g} is below warn {self.warn:g}")
        return self


class DriftPolicy(Section):
    """When data counts as drifted: only with enough rows, a significant difference, and one that is large."""

    data: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Data sets that are judged, by path; left out: what a command line names."),
    ] = ()
    target: Annotated[str, Field(description="The column that is to be predicted.")] = ""
    prediction: Annotated[str, Field(description="The column of predictions; one that fails is drift by itself.")] = ""
    ignore: Annotated[
        tuple[ColumnPattern, ...], Field(strict=False, description="Columns, by pattern, that are not judged.")
    ] = ()
    important: Annotated[
        tuple[ColumnPattern, ...],
        Field(strict=False, description="Columns, by pattern, of which one alarm is a warning of the whole."),
    ] = ()
    min_rows: Annotated[
        int, Field(ge=30, description="Rows with a value that each side needs; with fewer nothing is concluded.")
    ] = 500
    significance: Annotated[
        float, Field(gt=0, lt=0.5, description="Chance of an alarm without cause, over all columns together.")
    ] = 0.05
    correction: Annotated[Correction, Field(strict=False, description="How that chance is shared among columns.")] = (
        Correction.BONFERRONI
    )
    numeric: Annotated[
        Thresholds, Field(description="Wasserstein distance in standard deviations of the reference.")
    ] = Thresholds(warn=0.1, fail=0.2)
    categorical: Annotated[Thresholds, Field(description="The largest change of one value's share.")] = Thresholds(
        warn=0.05, fail=0.1
    )
    missing: Annotated[Thresholds, Field(description="The change of the share of missing values.")] = Thresholds(
        warn=0.05, fail=0.1
    )
    new_values: Annotated[Thresholds, Field(description="The share of values that the reference never had.")] = (
        Thresholds(warn=0.01, fail=0.05)
    )
    share: Annotated[
        Thresholds, Field(description="The share of failed columns from which the whole warns, and fails.")
    ] = Thresholds(warn=0.1, fail=0.3)
    freshness: Annotated[
        dict[str, Duration], Field(description="How old the newest value of a date column may be: 90s, 30m, 24h, 7d.")
    ] = Field(default_factory=dict)
    text: Annotated[
        bool, Field(description="Whether columns of free text are judged, by a classifier that tells the sides apart.")
    ] = False
    rules: Annotated[
        str, Field(description="The file that says which values are valid, a data schema or PATH.py:NAME of Pandera.")
    ] = ""
    detectors: Annotated[
        tuple[str, ...], Field(strict=False, description="Further detectors, by the name that they are installed as.")
    ] = ()
