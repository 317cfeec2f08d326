"""validate over a tree in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from mlops_kit.commands.validate import Validation, validate
from mlops_kit.core.errors import ExitCode, IntegrityError
from mlops_kit.core.types import CommitSha
from mlops_kit.testing.deployer import MemoryDeployers
from tests.bad_input.project import DVC_LOCK, FILES


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The Tree port over a mapping."""

    files: Mapping[str, str]
    commit: CommitSha | None = None

    def list_files(self) -> tuple[str, ...]:
        return tuple(sorted(self.files))

    def list_folder(self, folder: str) -> tuple[str, ...]:
        return tuple(path for path in self.list_files() if path.startswith(f"{folder}/"))

    def list_special(self) -> Mapping[str, str]:
        return {}

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.files[path].encode() for path in paths if path in self.files}


class Guarded(Folder):
    """A tree in which one file is a link."""

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        if "dvc.lock" in list(paths):
            raise IntegrityError("is a link")
        return super().read_files(paths)


def check(**files: str) -> Validation:
    return look(Folder(files=FILES | files))


def look(tree: Folder) -> Validation:
    return validate(tree, config_file=None, default_file="mlops.yaml", open_deployers=lambda _: MemoryDeployers())


def said(found: Validation) -> list[str]:
    return [str(problem) for problem in found.error.problems] if found.error else []


def test_a_lock_cut_at_any_byte_is_refused() -> None:
    accepted = [end for end in range(len(DVC_LOCK)) if said(check(**{"dvc.lock": DVC_LOCK[:end]})) == []]
    assert accepted == []


def test_a_good_tree_has_no_problem() -> None:
    found = check()
    assert (found.error, found.warnings, found.models, found.stages) == (None, (), ("fraud",), 2)


def test_a_deployer_that_cannot_be_opened_is_named_with_its_line() -> None:
    policy = "version: 1\nenvironments:\n  dev: {branch: dev, deploy: {kind: memory}}\n"
    assert said(check(**{"mlops.yaml": policy})) == []
    assert said(check(**{"mlops.yaml": policy.replace("memory", "seldon")})) == [
        "mlops.yaml:3:37 environments.dev.deploy.kind: 'seldon' is not a kind of deployer"
    ]


def test_the_gravest_problem_decides_the_exit_code() -> None:
    conflict = "<<<<<<< a\n=======\n>>>>>>> b\n"
    found = check(**{"mlops.yaml": "version: 2", "dvc.lock": conflict})
    assert found.error is not None
    assert found.error.code is ExitCode.REFUSED
    assert len(found.error.problems) == 2
    guarded = look(Guarded(files=FILES))
    assert guarded.error is not None
    assert guarded.error.code is ExitCode.INTEGRITY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"accuracy": 0.9, "accuracy": 0.1}', "metrics.json:1:19 accuracy: duplicate key 'accuracy', first in line 1"),
        ('{"accuracy": }', "metrics.json:1:14: not JSON: expecting value"),
        ('{"accuracy": ' + "9" * 5000 + "}", "metrics.json:1:14: an integer has more than 4,300 digits"),
        ("[" * 5000 + "]" * 5000, "metrics.json: nested deeper than 64 levels"),
    ],
)
def test_a_broken_metrics_file_is_a_problem(text: str, problem: str) -> None:
    assert said(check(**{"metrics.json": text})) == [problem]


def test_a_stage_that_the_lock_lacks_is_named_by_its_group() -> None:
    grouped = "stages: {train: {foreach: [a, b], do: {cmd: 'x ${item}'}}, report: {cmd: y}}\n"
    lock = "schema: '2.0'\nstages:\n  train@a:\n    cmd: x a\n"
    found = check(**{"dvc.yaml": grouped, "dvc.lock": lock})
    assert said(found) == ["dvc.lock: stages missing from lock: report"]


def test_a_bundle_names_models_that_there_are() -> None:
    config = FILES["mlops.yaml"] + "bundle: {all: [fraud, frud]}\n"
    (problem,) = said(check(**{"mlops.yaml": config}))
    assert "bundle.all.1: no dvc.yaml declares a model 'frud'" in problem


def test_two_models_of_one_name_are_told_although_each_file_is_fine() -> None:
    twin = "artifacts: {sub-fraud: {path: x, type: model}, fraud: {path: y, type: model}}\n"
    problems = said(check(**{"sub/dvc.yaml": twin}))
    assert ["two models of this file are called 'sub-fraud'" in one for one in problems] == [True]


def test_what_cannot_be_scored_beside_the_live_model_is_warned_of() -> None:
    policy = (
        "version: 1\nenvironments: {dev: {branch: dev}}\nevaluate:\n  clf: {stage: train}\n  fraud: {stage: train}\n"
    )
    found = check(**{"mlops.yaml": policy})
    assert said(found) == []
    assert [str(problem) for problem in found.warnings] == [
        "mlops.yaml:4:3 evaluate.clf: no dvc.yaml declares a model 'clf'",
        "mlops.yaml:5:3 evaluate.fraud.stage: stage 'train' does not depend on 'model.pkl', the model fraud",
    ]
    never_run = FILES | {"mlops.yaml": policy.replace("  clf: {stage: train}\n", "")}
    del never_run["dvc.lock"]
    told = [str(problem) for problem in look(Folder(files=never_run)).warnings]
    assert told == ["dvc.lock: no such file: the pipeline has never been run"]
