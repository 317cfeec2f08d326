"""The kit leaves a workspace exactly as `dvc repro` does: lock, ignore files, `.dvc` files, outputs, status."""

import random
from pathlib import Path

import pytest

from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project, make_project
from tests.integration.scenarios import SCENARIOS


def pair_of_projects(folder: Path, files: dict[str, str]) -> tuple[Project, Project]:
    site = folder / "site"
    return (
        make_project(folder / "theirs" / "project", files, site=site),
        make_project(folder / "ours" / "project", files, site=site),
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_workspace_is_what_dvc_leaves(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    theirs, ours = pair_of_projects(tmp_path, dict(scenario.files))
    for change in scenario.changes:
        change(theirs)
        change(ours)
        theirs.run_dvc(*scenario.targets, folder=scenario.folder, all_pipelines=scenario.everything)
        ours.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        assert ours.picture() == theirs.picture()
        assert ours.status() == theirs.status()
    again = ours.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
    assert {stage.name for stage in again.stages if stage.state is not StageState.CACHED} == set(scenario.always)


def test_a_random_pipeline_ends_as_in_dvc(tmp_path: Path) -> None:
    theirs, ours = pair_of_projects(tmp_path, {"dvc.yaml": random_pipeline(random.Random(7), stages=24)})  # noqa: S311
    theirs.run_dvc()
    ours.run_kit(jobs=8)
    assert ours.picture() == theirs.picture()
    assert not ours.status()


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
