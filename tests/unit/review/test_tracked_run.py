"""core/review/tracked_run.py: what a reproduce tells, under which key, and the way back to it."""

from dataclasses import replace

import pytest

from mlops_kit.core.pipeline.masking import Mask
from mlops_kit.core.pipeline.project import Project, parse_project
from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.report import TrackedRun
from mlops_kit.core.review.tracked_run import (
    STAGES_LIMIT,
    VALUES_LIMIT,
    Ran,
    Teller,
    as_tracked,
    describe_run,
    tracking_url,
)
from mlops_kit.core.run import StageResult, StageState, Usage
from mlops_kit.core.tracking import Checkout, RunAddress, RunRecord, RunStatus
from mlops_kit.core.types import StageName

PIPELINE = b"""
stages:
  prep: {cmd: p, deps: [raw], outs: [data]}
  train: {cmd: t, deps: [data], params: [lr], outs: [model], metrics: [m.json: {cache: false}]}
artifacts: {clf: {path: model, type: model}}
"""
LOCK = b"""
schema: '2.0'
stages:
  prep: {cmd: p, deps: [{path: raw, hash: md5, md5: aa}], outs: [{path: data, hash: md5, md5: bb}]}
  train:
    cmd: t
    deps: [{path: data, hash: md5, md5: bb}]
    params: {params.yaml: {lr: 1}}
    outs: [{path: m.json, hash: md5, md5: cc}, {path: model, hash: md5, md5: dd}]
"""
TELLER = Teller(began=1_000, ended=5_000)
USED = Usage(cpu_seconds=1.25, memory_bytes=2048, gpu_memory_bytes=4096)


def stage(name: str, state: StageState = StageState.RAN) -> StageResult:
    return StageResult(name=StageName(name), state=state, seconds=2.0 if state is StageState.RAN else 0.0)


RAN = Ran(
    checkout=Checkout(commit="c" * 40, branch="feature"),
    root="",
    project=parse_project({"dvc.yaml": PIPELINE, "dvc.lock": LOCK}),
    metrics=(ValueFile(path="m.json", values={"acc": 0.5}),),
    params=(ValueFile(path="params.yaml", values={"lr": 1}),),
    stages=(stage("prep", StageState.CACHED), replace(stage("train"), usage=USED)),
)


def describe(ran: Ran = RAN, teller: Teller = TELLER) -> RunRecord:
    return describe_run(ran, teller, experiment="churn", hide=Mask().hide)


def test_a_run_tells_params_metrics_models_and_times() -> None:
    record = describe()
    (model,) = RAN.project.models
    assert (record.name, record.status, record.began, record.ended) == (
        "feature@cccccccc",
        RunStatus.FINISHED,
        1_000,
        5_000,
    )
    assert record.results.params == {"lr": "1"}
    assert record.results.metrics == {"acc": 0.5}
    assert record.results.tags == {
        "mlops.key": record.key,
        "mlops.commit": "c" * 40,
        "mlops.lock": record.results.tags["mlops.lock"],
        "mlops.digest.clf": "md5:dd",
        "mlops.recipe.clf": model.recipe,
    }
    assert record.circumstances.metrics == {
        "stage.train.seconds": 2.0,
        "stage.train.cpu_seconds": 1.25,
        "stage.train.memory_bytes": 2048.0,
        "stage.train.gpu_memory_bytes": 4096.0,
    }
    assert record.circumstances.tags == {
        "mlops.stage.prep": "cached",
        "mlops.stage.train": "ran",
        "mlops.branch": "feature",
        "mlflow.source.name": "mlops-kit reproduce",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": "c" * 40,
        "mlflow.source.git.branch": "feature",
    }


def test_a_workflow_run_is_named_by_branch_actor_and_page() -> None:
    page = "https://github.com/acme/churn/actions/runs/7/attempts/1"
    record = describe(teller=replace(TELLER, repository="acme/churn", actor="ada", branch="topic", workflow_run=page))
    assert record.name == "topic@cccccccc"
    assert record.results.tags["mlops.repository"] == "acme/churn"
    wanted = {"mlops.actor": "ada", "mlops.workflow_run": page, "mlflow.user": "ada", "mlflow.source.type": "JOB"}
    assert wanted.items() <= record.circumstances.tags.items()


def test_the_same_commit_lock_and_params_have_one_key_whatever_the_circumstances() -> None:
    later = replace(TELLER, began=9, ended=10, actor="bob")
    dirty = replace(RAN, checkout=replace(RAN.checkout, branch="other", dirty=True), stages=())
    assert describe(dirty, later).key == describe().key
    assert describe(dirty, later).circumstances.tags["mlops.dirty"] == "true"


OTHERS = {
    "commit": replace(RAN, checkout=Checkout(commit="d" * 40)),
    "root": replace(RAN, root="sub"),
    "param": replace(RAN, params=(ValueFile(path="params.yaml", values={"lr": 2}),)),
    "output": replace(RAN, project=parse_project({"dvc.yaml": PIPELINE, "dvc.lock": LOCK.replace(b"dd", b"ee")})),
    "locked command": replace(
        RAN, project=parse_project({"dvc.yaml": PIPELINE, "dvc.lock": LOCK.replace(b"cmd: t", b"cmd: u")})
    ),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_commit_root_lock_or_param_is_another_key(other: Ran) -> None:
    assert describe(other).key != describe().key


def test_the_form_of_the_lock_is_not_in_the_key() -> None:
    text = LOCK.replace(b"hash: md5, ", b"").replace(b"md5: aa", b"md5:   aa")
    with_hash = LOCK.replace(b"md5: aa", b"md5:   aa")
    assert describe(replace(RAN, project=parse_project({"dvc.yaml": PIPELINE, "dvc.lock": with_hash}))).key == (
        describe().key
    )
    legacy = replace(RAN, project=parse_project({"dvc.yaml": PIPELINE, "dvc.lock": text}))
    assert describe(legacy).key != describe().key  # md5-dos2unix: other bytes


@pytest.mark.parametrize("state", [StageState.FAILED, StageState.SKIPPED])
def test_what_a_stage_did_not_make_now_is_not_told(state: StageState) -> None:
    message = "stage train failed: exit status 3"
    failed = replace(RAN, stages=(stage("prep"), stage("train", state)), message=message)
    record = describe(failed)
    assert record.status is RunStatus.FAILED
    assert record.results.metrics == {}
    assert [name for name in record.results.tags if "clf" in name] == []
    assert record.circumstances.tags["mlops.stage.train"] == state.value
    assert record.circumstances.tags["mlops.message"] == message
    assert record.results.params == {"lr": "1"}


def test_a_stage_that_was_not_looked_at_is_not_vouched_for() -> None:
    partial = describe(replace(RAN, stages=(stage("prep"),)))
    assert (partial.results.metrics, partial.key) == ({}, describe().key)


def test_a_metric_that_no_stage_makes_is_told() -> None:
    assert describe(replace(RAN, project=Project(), stages=())).results.metrics == {"acc": 0.5}


def test_what_is_no_finite_number_is_a_tag() -> None:
    values: dict[str, Value] = {
        "a": float("nan"),
        "b": float("inf"),
        "c": -float("inf"),
        "d": "text",
        "e": True,
        "f": 10**400,
        "g": 3,
    }
    record = describe(replace(RAN, metrics=(ValueFile(path="m.json", values=values),)))
    assert record.results.metrics == {"g": 3.0}
    told = {
        name.removeprefix("mlops.metric."): text for name, text in record.results.tags.items() if ".metric." in name
    }
    assert told == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": "text", "e": "true", "f": "1" + "0" * 400}


def test_keys_that_several_files_have_carry_their_file() -> None:
    files = (ValueFile(path="a.json", values={"acc": 1, "": 5}), ValueFile(path="b/c.json", values={"acc": 2, "n": 3}))
    record = describe(replace(RAN, metrics=files))
    assert record.results.metrics == {"a.json": 5.0, "a.json:acc": 1.0, "b/c.json:acc": 2.0, "n": 3.0}


def test_what_is_spelled_otherwise_or_left_out_is_said() -> None:
    long = "x" * 300
    values: dict[str, Value] = {
        long: 1,
        "ü$": "v" * 7_000,
        **{f"p{number:05}": number for number in range(VALUES_LIMIT)},
    }
    record = describe(replace(RAN, params=(ValueFile(path="params.yaml", values=values),)))
    assert len(record.results.params) == VALUES_LIMIT
    assert record.results.tags["mlops.left_out"] == "2 params and metrics"
    few = describe(replace(RAN, params=(ValueFile(path="params.yaml", values={"ü$": "v" * 7_000}),)))
    ((name, value),) = few.results.params.items()
    assert name.startswith("ü_-")
    assert (len(value), value[-1]) == (6_000, "…")
    assert few.results.tags["mlops.spelling"] == f"{name} is ü$; {name} is cut"


def test_of_very_many_stages_those_that_failed_or_ran_are_told_first() -> None:
    many = [stage(f"s{number:04}", StageState.CACHED) for number in range(STAGES_LIMIT + 10)]
    record = describe(replace(RAN, stages=(*many, stage("z"), stage("y", StageState.FAILED))))
    told = [name for name in record.circumstances.tags if name.startswith("mlops.stage.")]
    assert len(told) == STAGES_LIMIT
    assert {"mlops.stage.y", "mlops.stage.z", "mlops.stage.s0000"} <= set(told)


def test_no_secret_is_told() -> None:
    secret = "canary-s3cret"
    dirty = replace(
        RAN,
        checkout=Checkout(commit="c" * 40, branch=f"b-{secret}"),
        params=(ValueFile(path="params.yaml", values={"url": f"http://u:{secret}@host/x", "key": secret}),),
        metrics=(ValueFile(path="m.json", values={"note": f"is {secret}"}),),
        message=f"stage train failed: {secret}",
        stages=(stage("train"),),
    )
    record = describe_run(dirty, replace(TELLER, actor=secret), experiment="churn", hide=Mask([secret]).hide)
    assert record.results.params == {"url": "http://***@host/x", "key": "***"}
    assert secret not in str(record)


RUN = TrackedRun(experiment_id="3", run_id="ab" * 16)
PAGE = f"/#/experiments/3/runs/{'ab' * 16}"
URLS = {
    "https://mlflow.example.org": f"https://mlflow.example.org{PAGE}",
    "http://127.0.0.1:5000/": f"http://127.0.0.1:5000{PAGE}",
    "https://ada:s3cret@mlflow.example.org/team-a/ui": f"https://mlflow.example.org/team-a/ui{PAGE}",
    "https://ada:s3@cret@host": f"https://host{PAGE}",
    "https://host/x?token=s3cret#y": f"https://host/x{PAGE}",
    "https://[::1]:5000": f"https://[::1]:5000{PAGE}",
    "sqlite:///mlflow.db": "",
    "databricks": "",
    "javascript://host/%0aalert(1)": "",
    "https://host/)[x](https://evil": "",
    "https://ho st": "",
    "https://host\n": f"https://host{PAGE}",
    "https://": "",
    "": "",
}


@pytest.mark.parametrize(("uri", "url"), URLS.items())
def test_a_page_is_on_the_callers_own_server_without_credentials(uri: str, url: str) -> None:
    assert tracking_url(uri, RUN) == url
    assert tracking_url(uri, None) == ""


@pytest.mark.parametrize(("experiment", "run"), [("../x", "ab" * 16), ("1", "x"), ("1", "AB" * 16), ("", "ab" * 16)])
def test_ids_that_mlflow_does_not_give_are_no_tracked_run(experiment: str, run: str) -> None:
    assert as_tracked(RunAddress(experiment_id=experiment, run_id=run)) is None
    assert as_tracked(RunAddress(experiment_id="3", run_id="ab" * 16)) == RUN
