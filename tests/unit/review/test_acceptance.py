"""Which paths a stranger's run may write, and which outputs a DVC remote gets."""

from dataclasses import replace

import pytest

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.pipeline.project import Project, parse_project
from mlops_kit.core.review.acceptance import (
    Ground,
    check_evaluations,
    check_paths,
    kept_outputs,
    lock_of,
    uncached_folders,
)
from mlops_kit.core.review.evaluation import Evaluation, evaluation_json
from mlops_kit.core.types import Model, ModelName

MODELS = (Model(name=ModelName("clf"), path="model", file="dvc.yaml"),)
PIPELINE = b"""
stages:
  train:
    cmd: python train.py
    outs: [model, secret: {push: false}, other: {remote: cold}]
    metrics: [metrics.json: {cache: false}]
    plots: [curve: {cache: false}]
"""
LOCK = b"""schema: '2.0'
stages:
  train:
    cmd: python train.py
    outs:
    - {path: model, hash: md5, md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, size: 1}
    - {path: secret, hash: md5, md5: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, size: 1}
    - {path: other, hash: md5, md5: cccccccccccccccccccccccccccccccc.dir, size: 1, nfiles: 1}
    - {path: metrics.json, hash: md5, md5: dddddddddddddddddddddddddddddddd, size: 1}
    - {path: curve, hash: md5, md5: eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee.dir, size: 1, nfiles: 1}
"""


def project(prefix: str = "") -> Project:
    files = {f"{prefix}dvc.yaml": PIPELINE, f"{prefix}dvc.lock": LOCK, f"{prefix}.dvc/config": b""}
    return parse_project(files)


def ground(*files: str, special: tuple[str, ...] = ()) -> Ground:
    return Ground(project=project(), files=frozenset(("dvc.yaml", "train.py", *files)), special=frozenset(special))


@pytest.mark.parametrize("path", ["dvc.lock", "metrics.json", "curve/a.csv", "curve/deep/b.csv"])
def test_a_lock_and_what_stages_leave_to_git_may_be_written(path: str) -> None:
    check_paths([path], [], ground(), project())


def evaluation(model: str = "clf", environment: str = "dev") -> bytes:
    found = Evaluation(environment=environment, model=model, live="md5:a", candidate="md5:b")
    return evaluation_json(found).encode()


def test_an_evaluation_of_a_declared_model_may_be_written_and_not_be_removed() -> None:
    path = "evaluations/dev/clf.json"
    check_paths([path], [], ground(), project())
    check_evaluations({path: evaluation(), "m.json": b"{"}, replace(project(), models=MODELS))
    with pytest.raises(IntegrityError, match="an evaluation is never removed"):
        check_paths([], [path], ground(path), project())
    with pytest.raises(IntegrityError, match="would replace a link"):
        check_paths([path], [], ground(special=("evaluations/dev",)), project())


@pytest.mark.parametrize(
    "path",
    [
        "evaluations/clf.json",
        "evaluations/dev/more/clf.json",
        "evaluations/Dev/clf.json",
        "evaluations/dev/clf.yaml",
        "evaluations/dev/-clf.json",
        "sub/evaluations/dev/clf.json",
    ],
)
def test_what_only_looks_like_an_evaluation_is_refused(path: str) -> None:
    with pytest.raises(IntegrityError, match=r"is neither a dvc\.lock nor an output"):
        check_paths([path], [], ground(), project())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{}", "is no evaluation"),
        (b"\xff", "is no evaluation"),
        (evaluation("other"), "of another model, or for another environment"),
        (evaluation(environment="prod"), "of another model, or for another environment"),
    ],
)
def test_a_document_in_its_place_must_be_that_evaluation(data: bytes, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        check_evaluations({"evaluations/dev/clf.json": data}, replace(project(), models=MODELS))
    with pytest.raises(IntegrityError, match=r"of a model that no dvc\.yaml of the head declares"):
        check_evaluations({"evaluations/dev/clf.json": evaluation()}, project())


def test_what_stages_leave_to_git_may_go_and_a_lock_may_not() -> None:
    check_paths([], ["curve/a.csv"], ground("curve/a.csv"), project())
    with pytest.raises(IntegrityError, match="a lock is never removed"):
        check_paths([], ["dvc.lock"], ground("dvc.lock"), project())


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("train.py", "is neither a dvc.lock nor an output"),
        ("model", "is neither a dvc.lock nor an output"),
        ("metrics.json/more", "is neither a dvc.lock nor an output"),
        ("sub/dvc.lock", "is neither a dvc.lock nor an output"),
        ("dvc.yaml", "is not for a run to write"),
        ("curve/.github/x", "is not for a run to write"),
        ("curve/CODEOWNERS", "is not for a run to write"),
        ("curve/x.DVC", "is not for a run to write"),
        ("curve/../dvc.lock", "is not a path"),
        ("/curve", "is not a path"),
        ("curve//a", "is not a path"),
        ("curve/\u202ea", "is not a path"),
        ("curve/a\0", "is not a path"),
    ],
)
def test_any_other_path_is_refused(path: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        check_paths([path], [], ground(), project())


def test_links_submodules_files_and_folders_of_the_head_are_not_replaced() -> None:
    for files, special in ((("curve",), ()), ((), ("curve",)), ((), ("curve/a",)), (("curve/a/b",), ())):
        with pytest.raises(IntegrityError, match="would replace"):
            check_paths(["curve/a"], [], ground(*files, special=special), project())


def test_every_path_that_is_refused_is_named_at_once() -> None:
    with pytest.raises(IntegrityError) as raised:
        check_paths(["dvc.lock", "b.py", "a.py"], [], ground(), project())

    assert [problem.location and problem.location.file for problem in raised.value.problems] == ["a.py", "b.py"]


def test_what_dvc_keeps_is_named_from_its_root_with_its_remote() -> None:
    found = {(one.root, one.path, one.remote, str(one.digest)) for one in kept_outputs(project("sub/"))}

    assert found == {
        ("sub", "model", "", f"md5:{'a' * 32}"),
        ("sub", "other", "cold", f"md5:{'c' * 32}.dir"),
    }


def test_folders_that_git_keeps_are_known() -> None:
    assert uncached_folders(project()) == ("curve",)
    assert (lock_of("dvc.yaml"), lock_of("a/dvc.yaml")) == ("dvc.lock", "a/dvc.lock")
