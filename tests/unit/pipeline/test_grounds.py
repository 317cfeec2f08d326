"""Which models an inconsistent lock concerns, and what models are called."""

import pytest
import yaml

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.grounds import assign_inconsistencies
from mlops_kit.core.pipeline.lock import Inconsistency, inconsistencies, paths_to_check
from mlops_kit.core.pipeline.project import Project, parse_project
from mlops_kit.core.types import ModelName, StageName

PICTURE = """
raw      ->           data
train-a  data ->      a.bin
train-b  data ->      b.bin
eval-a   a.bin test -> a.json
test     ->           test
plot-a   a.bin ->     a.png
total    a.bin b.bin -> total.json
aside    ->           aside.txt
"""
"""A stage, what it reads, what it writes; what ends in .json is a metrics file."""


def project(picture: str = PICTURE) -> Project:
    rows = [line.split("->") for line in picture.strip().splitlines()]
    stages = {left.split()[0]: {"cmd": "x", "deps": left.split()[1:], "outs": [], "metrics": []} for left, _ in rows}
    for left, right in rows:
        path = right.strip()
        stages[left.split()[0]]["metrics" if path.endswith(".json") else "outs"] = [path]
    models = {name: {"path": f"{name}.bin", "type": "model"} for name in ("a", "b")}
    return parse_project({"dvc.yaml": yaml.safe_dump({"stages": stages, "artifacts": models}).encode()})


def concerned(stage: str) -> list[str]:
    wrong = Inconsistency(stage=StageName(stage), path="x", message="is not what ran")
    return sorted(assign_inconsistencies(project(), [wrong]))


@pytest.mark.parametrize(("stage", "models"), [
    ("raw", ["a", "b"]),
    ("train-a", ["a"]),
    ("train-b", ["b"]),
    ("eval-a", ["a"]),
    ("total", ["a", "b"]),
    ("plot-a", []),
    ("test", []),
    ("aside", []),
])  # fmt: skip
def test_a_stage_concerns_the_models_that_it_leads_to_and_those_that_it_measures(stage: str, models: list[str]) -> None:
    assert concerned(stage) == models


def test_metrics_of_another_model_than_the_lock_has_are_told_of_the_model_that_they_speak_of() -> None:
    digests = {name: letter * 32 for name, letter in (("old", "1"), ("new", "2"))}
    files = {
        "dvc.yaml": b"stages: {train: {cmd: t, outs: [m]}, eval: {cmd: e, deps: [m], metrics: [m.json]}}\n"
        b"artifacts: {m: {path: m, type: model}}\n",
        "dvc.lock": yaml.safe_dump({"schema": "2.0", "stages": {
            "train": {"cmd": "t", "outs": [{"path": "m", "hash": "md5", "md5": digests["new"]}]},
            "eval": {"cmd": "e", "deps": [{"path": "m", "hash": "md5", "md5": digests["old"]}],
                     "outs": [{"path": "m.json", "hash": "md5", "md5": digests["old"]}]},
        }}).encode(),
    }  # fmt: skip
    found = parse_project(files)
    read = {path: files[path] for path in paths_to_check(found, files)}
    assert [one.stage for one in assign_inconsistencies(found, inconsistencies(found, read))[ModelName("m")]] == [
        "eval"
    ]


def test_one_pipeline_of_many_files_and_roots_concerns_its_own_models() -> None:
    pipeline = b"stages: {train: {cmd: t, outs: [m]}}\nartifacts: {%s: {path: m, type: model}}\n"
    found = parse_project({
        ".dvc/config": b"", "one/.dvc/config": b"", "two/.dvc/config": b"",
        "one/dvc.yaml": pipeline % b"first", "two/dvc.yaml": pipeline % b"second",
    })  # fmt: skip
    wrong = inconsistencies(found, {})
    assert {name: [one.stage for one in ones] for name, ones in assign_inconsistencies(found, wrong).items()} == {
        "first": ["one/dvc.yaml:train"],
        "second": ["two/dvc.yaml:train"],
    }


def artifacts(**files: str) -> dict[str, bytes]:
    text = "artifacts: {{{}}}\n"
    return {
        path: text.format(", ".join(f"{name}: {{path: {name}.bin, type: model}}" for name in names.split())).encode()
        for path, names in files.items()
    }


def test_models_of_one_name_are_told_apart_by_their_folders() -> None:
    files = {**artifacts(**{"dvc.yaml": "m", "eu/dvc.yaml": "m", "us/dvc.yaml": "m other"})}
    assert [model.name for model in parse_project(files).models] == ["m", "eu-m", "us-m", "other"]


@pytest.mark.parametrize(("files", "place", "said"), [
    ({"dvc.yaml": "eu-m m", "eu/dvc.yaml": "m"}, "eu/dvc.yaml artifacts.m", "'eu-m', this one and one in dvc.yaml"),
    ({"a/b/dvc.yaml": "m", "a-b/dvc.yaml": "m"}, "a/b/dvc.yaml artifacts.m",
     "'a-b-m', this one and one in a-b/dvc.yaml"),
    ({"dvc.yaml": "team/m team-m"}, "dvc.yaml artifacts.team/m", "'team-m'"),
])  # fmt: skip
def test_two_models_that_come_to_share_a_name_are_refused_with_both_files(
    files: dict[str, str], place: str, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        parse_project(artifacts(**files))
    assert str(refused.value).startswith(f"{place}: two models ")
    assert str(refused.value).endswith(f"are called {said}")
