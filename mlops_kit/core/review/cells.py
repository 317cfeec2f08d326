"""The leaves of a report: texts and numbers, bounded, in the forms that strict JSON can carry."""

import math
from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from mlops_kit.core.pipeline.values import Value

TEXT_LIMIT = 2_000
"""Characters of the longest name or message that a report may hold; longer ones are cut when it is made."""
VALUE_LIMIT = 32_000
"""Characters of the longest value of a metric or param: lists are written out as one text."""
ROW_LIMIT = 20_000
"""Rows of one table; what is beyond is left out, with a note."""

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Text = Annotated[str, Field(max_length=TEXT_LIMIT, strict=True)]
Number = StrictInt | StrictFloat
Cell = StrictBool | StrictInt | StrictFloat | Annotated[str, Field(max_length=VALUE_LIMIT, strict=True)] | None


def portable(value: Value) -> Value:
    """The value as a report carries it: NaN and the infinities by name, long texts cut."""
    if isinstance(value, str):
        return clip(value, limit=VALUE_LIMIT)
    if not isinstance(value, float) or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def clip(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """The text cut to its limit, without the halves of characters that no encoding has."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"
