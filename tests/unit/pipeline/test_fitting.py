"""What stages want against what nodes have."""

import pytest

from mlops_kit.core.errors import InvalidInputError
from mlops_kit.core.pipeline.fitting import fits, require_fitting
from mlops_kit.core.run import PlannedStage, Wants
from mlops_kit.core.types import StageName

NODES = ({"CPU": 8.0, "memory": 1e9}, {"CPU": 2.0, "GPU": 4.0, "a100": 1.0})


def complaint(wants: Wants, name: str = "train") -> str:
    with pytest.raises(InvalidInputError) as caught:
        require_fitting([PlannedStage(name=StageName(name), wants=wants)], NODES)
    return str(caught.value)


@pytest.mark.parametrize(
    "wants",
    [
        Wants(),
        Wants(cpus=8),
        Wants(cpus=0.5, gpus=4, resources={"a100": 1}),
        Wants(cpus=0, gpus=0, resources={"nowhere": 0}),
    ],
)
def test_a_stage_that_one_node_can_run_is_fine(wants: Wants) -> None:
    require_fitting([PlannedStage(name=StageName("train"), wants=wants)], NODES)


def test_too_much_of_one_resource_is_named_with_the_most_there_is() -> None:
    expected = "wants 5 GPU, and the most that a node of the cluster has is 4"
    assert complaint(Wants(gpus=5)) == f"dvc.yaml stages.train.meta.mlops: {expected}"


def test_a_resource_that_nobody_has_is_named() -> None:
    assert "wants 1 tpu, and the most that a node of the cluster has is 0" in complaint(Wants(resources={"tpu": 1}))


def test_what_only_several_nodes_have_together_is_refused() -> None:
    assert complaint(Wants(cpus=4, gpus=1)).endswith(
        "wants 4 CPU, 1 GPU, and no single node of the cluster has all of it"
    )


def test_what_ray_counts_itself_is_no_custom_resource() -> None:
    assert "resources: GPU is not a custom resource" in complaint(Wants(resources={"GPU": 1}))


def test_a_stage_of_another_file_is_named_with_its_file() -> None:
    assert complaint(Wants(gpus=9), "sub/dvc.yaml:train").startswith("sub/dvc.yaml stages.train.meta.mlops: ")


def test_every_stage_is_told_at_once() -> None:
    stages = [PlannedStage(name=StageName(name), wants=Wants(gpus=9)) for name in ("one", "two")]
    with pytest.raises(InvalidInputError) as caught:
        require_fitting(stages, NODES)
    assert [problem.field for problem in caught.value.problems] == ["stages.one.meta.mlops", "stages.two.meta.mlops"]


def test_without_nodes_nothing_fits() -> None:
    assert not fits(Wants(), ())
