"""Random pipelines end as in DVC: after the first run, after a change, and after an output was lost."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.children import PARTS
from tests.integration.random_pipelines import disturb, make_pipeline
from tests.integration.scenario import Scenario
from tests.integration.test_reproduce_equals_dvc import assert_equal, pair_of_projects

COUNT = 6
MANY = max(PARTS, int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "30")) // 10)


def compare(seed: int, folder: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - which pipeline, not a secret
    pipeline = make_pipeline(chance, stages=chance.randint(2, 9))
    files = {**pipeline.files, "w0/.keep": "", "w1/.keep": ""}
    theirs, ours = pair_of_projects(folder, Scenario(files=files))
    change, lost = disturb(chance, seed), chance.choice(pipeline.outputs)
    for step in range(3):
        for project in (theirs, ours):
            if step == 1:
                change.apply(project)
            elif step == 2:
                shutil.rmtree(project.root / lost)
        theirs.run_dvc()
        ours.run_kit(jobs=3)
        assert_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_random_pipeline_ends_as_in_dvc(seed: int, tmp_path: Path) -> None:
    compare(seed, tmp_path)


@pytest.mark.faults
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_pipelines_end_as_in_dvc(
    part: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    for seed in range(100 + part, 100 + MANY, PARTS):
        compare(seed, tmp_path / str(seed))
        shutil.rmtree(tmp_path / str(seed))
    told = f"{len(range(part, MANY, PARTS))}, three runs each, lock, cache and status equal"
    record_property("trials", f"random pipelines against DVC, part {part}: {told}")
