"""What a forecast says, and what a run right after it does, on real DVC projects."""

from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.reasons import DvcForecaster
from mlops_kit.commands.forecast import forecast
from mlops_kit.commands.reproduce import Reproduction
from mlops_kit.core.pipeline.forecast import Cause, Fate, Forecast
from mlops_kit.core.run import Selection, StageState
from tests.integration.dvc_project import Project, make_project
from tests.integration.scenarios import SCENARIOS

POSSIBLE = {
    Fate.RUN: {StageState.RAN},
    Fate.NOTE: {StageState.RAN},
    Fate.RESTORE: {StageState.RESTORED},
    Fate.KEEP: {StageState.CACHED},
    Fate.MAY_RUN: {StageState.RAN, StageState.RESTORED, StageState.CACHED},
    Fate.ABSENT: set(StageState),
}


def look(project: Project, *targets: str, folder: str = "", **wishes: bool) -> Forecast:
    """What `reproduce --dry-run` finds; it changed nothing."""
    before = snapshot(project.root)
    with DvcForecaster(project.root / folder) as forecaster:
        found = forecast(forecaster, Selection(targets=targets, **wishes))
    assert snapshot(project.root) == before
    return found


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the project, of git and of DVC, by path; but for DVC's own notes, which it writes when opened."""
    notes = root / ".dvc" / "tmp"
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_relative_to(notes))
    return {str(path): (path.lstat().st_mtime_ns, path.read_bytes()) for path in files}


def fates(found: Forecast) -> str:
    return " ".join(sorted(f"{stage.name}={stage.fate.value}" for stage in found.stages))


def surprises(found: Forecast, done: Reproduction) -> list[str]:
    """The stages that did what the forecast ruled out; one that was said to run may be restored after another ran."""
    states = {stage.name: stage.state for stage in done.stages}
    return [
        f"{stage.name}: {stage.fate.value}, {states[stage.name].value}"
        for stage in found.stages
        if states[stage.name] not in POSSIBLE[stage.fate]
        and not (
            states[stage.name] is StageState.RESTORED
            and any(reason.cause is Cause.UPSTREAM for reason in stage.reasons)
        )
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_does_what_was_forecast(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    project = make_project(tmp_path / "p", dict(scenario.files), site=tmp_path / "site")
    for change in (*scenario.changes, lambda _: None):
        change(project)
        found = look(project, *scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        done = project.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        assert [stage.name for stage in found.stages] == [stage.name for stage in done.stages]
        assert surprises(found, done) == []
    assert found.up_to_date
