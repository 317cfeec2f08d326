"""What `mlops.yaml` says, typed: environments, gates, metrics, registry.

These models are the one source of schemas/config.schema.json. Reading the file is an adapter's work; turning its
text into a Config, with every problem at once, is `parse_config`.
"""

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mlops_kit.core.types import EnvironmentName

CONFIG_FILE = "mlops.yaml"


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Baseline(StrEnum):
    """What a relative gate compares with: the merge base, or what the environment runs."""

    BASE = "base"
    LIVE = "live"


class Level(StrEnum):
    """What a broken gate does: only say so, or refuse."""

    WARN = "warn"
    FAIL = "fail"


class Section(BaseModel):
    """A mapping of the file: kebab-case keys, unknown ones refused, immutable."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
    )
