"""What a stage's meta asks for, and what is wrong with it, all at once."""

import pytest

from mlops_kit.core.errors import InvalidInputError, Location
from mlops_kit.core.pipeline.wants import parse_wants
from mlops_kit.core.run import Wants

PLACE = Location(file="dvc.yaml", line=7)


@pytest.mark.parametrize("meta", [None, {}, {"other": 1}, "text", {"mlops": None}])
def test_a_stage_that_says_nothing_wants_nothing(meta: object) -> None:
    assert parse_wants(meta, place=PLACE, stage="s") == Wants()


def test_everything_that_can_be_wanted() -> None:
    meta = {
        "gpus": 2, "gpu_memory": "40GiB", "mutex": ["db", "disk", "db"], "timeout": "2h", "retries": 1, "cpus": 4,
        "resources": {"tpu": 1},
    }  # fmt: skip
    assert parse_wants({"mlops": meta}, place=PLACE, stage="s") == Wants(
        gpus=2,
        gpu_memory_mib=40 * 1024,
        mutexes=("db", "disk"),
        timeout_seconds=7200.0,
        retries=1,
        cpus=4.0,
        resources={"tpu": 1.0},
    )


@pytest.mark.parametrize(
    ("written", "wants"),
    [
        ({"mutex": "db"}, Wants(mutexes=("db",))),
        ({"timeout": 90}, Wants(timeout_seconds=90.0)),
        ({"gpu_memory": "16 GB"}, Wants(gpu_memory_mib=15259)),
        ({"gpu_memory": "500mib"}, Wants(gpu_memory_mib=500)),
        ({"gpus": 0}, Wants(gpus=0)),
    ],
)
def test_values_may_be_written_in_several_ways(written: object, wants: Wants) -> None:
    assert parse_wants({"mlops": written}, place=PLACE, stage="s") == wants


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("gpus", -1, "expected a whole number from 0, found -1"),
        ("gpus", True, "expected a whole number from 0, found True"),
        ("gpus", 1.5, "expected a whole number from 0, found 1.5"),
        ("gpus", "2", "expected a whole number from 0, found '2'"),
        ("gpu_memory", 16, "expected a size such as 16GB or 16GiB, found 16"),
        ("mutex", [1], "expected a list of names, found [1]"),
        ("mutex", [""], "expected a list of names, found ['']"),
        ("timeout", "soon", "expected a duration such as 90s, 30m, 24h or 7d, found 'soon'"),
        ("timeout", 0, "expected a duration above zero such as 90s, 30m, 24h or 7d, found 0"),
        ("retries", 101, "expected a whole number from 0 to 100, found 101"),
        ("cpus", float("nan"), "expected a number from 0, found nan"),
        ("resources", ["tpu"], "expected a mapping of names to numbers, found ['tpu']"),
        ("resources", {"tpu": "x"}, "expected a number from 0, found {'tpu': 'x'}"),
    ],
)
def test_a_wrong_value_is_named_with_its_field(key: str, value: object, said: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        parse_wants({"mlops": {key: value}}, place=PLACE, stage="train")
    assert str(raised.value) == f"dvc.yaml:7 stages.train.meta.mlops.{key}: {said}"


def test_all_problems_are_told_at_once_with_what_was_meant() -> None:
    with pytest.raises(InvalidInputError) as raised:
        parse_wants({"mlops": {"gpu": 1, "retries": "x"}}, place=PLACE, stage="train")
    assert [(problem.field.rpartition(".")[2], problem.hint) for problem in raised.value.problems] == [
        ("gpu", "did you mean gpus?"),
        ("retries", ""),
    ]


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="expected a mapping, found 3"):
        parse_wants({"mlops": 3}, place=PLACE, stage="train")
