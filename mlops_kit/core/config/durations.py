"""Durations as `mlops.yaml` and `dvc.yaml` write them."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

_DURATION = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: object) -> timedelta:
    """`90s`, `30m`, `24h`, `7d` as a timedelta; ValueError for everything else."""
    if isinstance(text, str) and (match := _DURATION.fullmatch(text)):
        return timedelta(seconds=int(match["count"]) * _SECONDS[match["unit"]])
    if isinstance(text, timedelta):
        return text
    raise ValueError("expected a duration such as 90s, 30m, 24h or 7d")


WrittenDuration = Annotated[str, Field(pattern=r"^\d{1,6}[smhd]$")]
Duration = Annotated[timedelta, BeforeValidator(parse_duration, json_schema_input_type=WrittenDuration)]
