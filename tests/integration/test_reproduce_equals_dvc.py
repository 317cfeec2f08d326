"""The kit leaves a workspace and a cache exactly as `dvc repro` does: lock, ignore files, outputs, objects, status."""

import random
from pathlib import Path

import pytest

from mlops_kit.core.run import StageState
from tests.integration import footprint
from tests.integration.dvc_project import Project, make_project
from tests.integration.scenario import Scenario
from tests.integration.scenarios import SCENARIOS


def pair_of_projects(folder: Path, scenario: Scenario) -> tuple[Project, Project]:
    """The project twice, one for DVC and one for the kit."""
    return make_side(folder, "theirs", scenario), make_side(folder, "ours", scenario)


def make_side(folder: Path, side: str, scenario: Scenario) -> Project:
    top = folder / side / "project"
    if scenario.below:
        top.mkdir(parents=True)
        Project(root=top).git("init", "--quiet", "--initial-branch", "main")
    return make_project(top / scenario.below, scenario.files, site=folder / "site")


def assert_equal(ours: Project, theirs: Project) -> None:
    assert footprint.workspace(ours) == footprint.workspace(theirs)
    assert footprint.cache(ours) == footprint.cache(theirs)
    assert ours.status() == theirs.status()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_workspace_and_the_cache_are_what_dvc_leaves(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    theirs, ours = pair_of_projects(tmp_path, scenario)
    for change in scenario.changes:
        change(theirs)
        change(ours)
        theirs.run_dvc(*scenario.targets, folder=scenario.folder, all_pipelines=scenario.everything)
        ours.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        assert_equal(ours, theirs)
    again = ours.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
    assert {stage.name for stage in again.stages if stage.state is not StageState.CACHED} == set(scenario.always)


def test_a_random_pipeline_ends_as_in_dvc(tmp_path: Path) -> None:
    files = {"dvc.yaml": random_pipeline(random.Random(7), stages=24)}  # noqa: S311
    theirs, ours = pair_of_projects(tmp_path, Scenario(files=files))
    theirs.run_dvc()
    ours.run_kit(jobs=8)
    assert_equal(ours, theirs)


def random_pipeline(chance: random.Random, *, stages: int) -> str:
    """Stages in any order, each reading the folder, or a file in it, that some earlier ones write."""
    blocks = []
    for number in range(stages):
        needs = sorted(chance.sample(range(number), min(number, chance.randint(0, 3))))
        deps = ", ".join(f"o{need}" if chance.random() < 0.7 else f"o{need}/f" for need in needs)
        read = " ".join(f"o{need}/f" for need in needs)
        blocks.append(
            f"  s{number}:\n"
            f"    cmd: mkdir -p o{number}; cat {read} /dev/null > o{number}/f; echo {number} >> o{number}/f\n"
            f"    deps: [{deps}]\n"
            f"    outs: [o{number}]\n"
        )
    chance.shuffle(blocks)
    return "stages:\n" + "".join(blocks)
