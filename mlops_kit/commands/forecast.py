"""`mlops-kit reproduce --dry-run` and `--explain`: look at every stage, and say what a run would do and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import InputError
from mlops_kit.core.inspection import Inspection
from mlops_kit.core.pipeline.forecast import Explanation, Fate, Forecast, StageForecast
from mlops_kit.core.pipeline.order import order_stages
from mlops_kit.core.pipeline.outlook import Outlook, find_writers
from mlops_kit.core.ports import Forecaster
from mlops_kit.core.run import PlannedStage, Selection, StageResult
from mlops_kit.core.types import Digest, StageName


@dataclass(frozen=True, kw_only=True)
class Lookout:
    """Where a forecast looks, and what is known of the last run here."""

    forecaster: Forecaster
    last_run: tuple[StageResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A stage that was looked at; `restored` is what the run-cache has for it, `asked` whether it was asked."""

    stage: StageForecast
    inspection: Inspection
    asked: bool = False
    restored: Mapping[str, Digest] | None = None


def forecast(forecaster: Forecaster, selection: Selection) -> Forecast:
    """What a run of the selection would do."""
    outlook = Outlook(forecaster.plan(selection), selection)
    for name in outlook.sequence:
        _look(forecaster, outlook, name)
    return outlook.forecast()


def explain(lookout: Lookout, selection: Selection) -> Explanation:
    """Everything about the one stage that the selection names; InputError where that is none, or several."""
    forecaster = lookout.forecaster
    planned = forecaster.plan(selection)
    stage = _only(planned, selection.targets)
    outlook = Outlook(planned, selection)
    looked = {name: _look(forecaster, outlook, name) for name in outlook.sequence}[stage.name]
    return Explanation(
        stage=looked.stage,
        inspection=looked.inspection,
        writers={path: names for path in stage.reads if (names := outlook.writers.get(path))},
        readers=_readers(forecaster, stage),
        wants=stage.wants,
        in_run_cache=_in_run_cache(forecaster, looked),
        last_run=next((result for result in lookout.last_run if result.name == stage.name), None),
    )


def _look(forecaster: Forecaster, outlook: Outlook, name: StageName) -> Looked:
    inspection = forecaster.inspect(name)
    weighed = outlook.weigh(inspection)
    asked = weighed.question is not None
    result = None if weighed.question is None else forecaster.find_result(name, weighed.question)
    stage = outlook.settle(weighed, result)
    return Looked(stage=stage, inspection=inspection, asked=asked, restored=result)


def _only(planned: tuple[PlannedStage, ...], targets: tuple[str, ...]) -> PlannedStage:
    """The planned stage that is meant: the one of that name, else the only one that no other planned stage reads."""
    for stage in planned:
        if stage.name in targets:
            return stage
    places = order_stages(planned).stages
    last = [stage for stage in planned if not places[stage.name].groups]
    if len(last) != 1:
        names = ", ".join(stage.name for stage in last[:5])
        raise InputError(f"{' '.join(targets)!r} means {len(last)} stages: {names}", hint="name one of them")
    return last[0]


def _readers(forecaster: Forecaster, stage: PlannedStage) -> tuple[StageName, ...]:
    """The stages of all pipelines that read what the stage writes."""
    everything = forecaster.plan(Selection(every_pipeline=True))
    writers = find_writers(order_stages(everything))
    reading = (other.name for other in everything for path in other.reads if stage.name in writers.get(path, ()))
    return tuple(sorted(set(reading) - {stage.name}))


def _in_run_cache(forecaster: Forecaster, looked: Looked) -> bool | None:
    """Whether the run-cache has the stage's result; None where its inputs are open, or it keeps no such stages."""
    if looked.asked:
        return looked.restored is not None
    if looked.stage.fate is not Fate.KEEP or not looked.inspection.restorable:
        return None
    return forecaster.find_result(looked.stage.name, {}) is not None
