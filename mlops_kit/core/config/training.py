"""When a model is trained again, as `mlops.yaml` writes it; docs/retrain.md says how the keys work together."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mlops_kit.core.config.durations import Duration
from mlops_kit.core.config.section import Section
from mlops_kit.core.types import EnvironmentName

UPDATE_IMPORTS = "dvc-update"
"""The `refresh` that is no command: `dvc update` of the imports that the model is trained on."""


class Trigger(StrEnum):
    """What may lead to a retraining; the first that holds is the reason that is told."""

    DATA = "data"
    DRIFT = "drift"
    SCHEDULE = "schedule"
    DISPATCH = "dispatch"


class TrainingPolicy(Section):
    """What leads to a retraining, and what holds it back."""

    data: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        Field(strict=False, description="Paths of what the model is trained on; left out: all data that leads to it."),
    ] = ()
    refresh: Annotated[
        str, Field(description="A command that brings new data, or dvc-update for imports; left out: nothing does.")
    ] = ""
    on: Annotated[
        tuple[Annotated[Trigger, Field(strict=False)], ...],
        Field(strict=False, description="What leads to a retraining: data, drift, schedule, dispatch."),
    ] = (Trigger.DATA, Trigger.DRIFT, Trigger.DISPATCH)
    alarms: Annotated[
        int, Field(ge=1, le=20, description="Alarms of drift in a row, each on other data, that it takes.")
    ] = 2
    cooldown: Annotated[
        Duration,
        Field(validate_default=True, description="How long after a retraining none is started: 24h, 7d."),
    ] = timedelta(days=7)
    max_retrains: Annotated[int, Field(ge=1, le=1000, description="Retrainings within a week, at most.")] = 2
    gpu_hours: Annotated[
        float | None, Field(gt=0, description="GPU hours within a week after which none is started; left out: any.")
    ] = None
    environment: Annotated[
        EnvironmentName | None,
        Field(description="Where a new model enters, and whose live one it must beat; left out: the first."),
    ] = None
