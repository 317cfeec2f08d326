"""`mlops-kit reproduce` with a tracking server: real git, real DVC, a real MLflow behind a proxy that counts."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlops_kit.adapters.last_run import read_tracked_run
from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.review.report import parse_report
from mlops_kit.core.review.tracked_run import tracking_url
from mlops_kit.core.tracking import DUPLICATE_TAG
from tests.fakes.github import Fault
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.integration.dvc_project import Project, make_project

if TYPE_CHECKING:
    from mlflow.entities import Run

SECRET = "canary-s3cret"
TRAIN = """
import json, pathlib, sys
lr = float(pathlib.Path("params.yaml").read_text().split()[1])
pathlib.Path("model").write_text(f"weights {lr}")
pathlib.Path("m.json").write_text(json.dumps({"acc": 1 - lr, "loss": float("nan")}))
sys.exit(lr > 1)
"""
PIPELINE = """
stages:
  prep: {cmd: cat raw > data, deps: [raw], outs: [data]}
  train:
    cmd: python train.py
    deps: [train.py, data]
    params: [lr]
    outs: [model]
    metrics: [m.json: {cache: false}]
artifacts: {clf: {path: model, type: model}}
"""
WORKFLOW = {
    "GITHUB_SERVER_URL": "https://github.example.org",
    "GITHUB_REPOSITORY": "acme/churn",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_ACTOR": "ada",
    "GITHUB_HEAD_REF": "topic",
    "GITHUB_REF_NAME": "7/merge",
}


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """A pipeline with an experiment of the test's own."""
    files = {"dvc.yaml": PIPELINE, "train.py": TRAIN, "params.yaml": "lr: 0.1\n", "raw": "1"}
    config = f"version: 1\ntracking: {{experiment: {json.dumps(request.node.name)}}}\n"
    return make_project(tmp_path / "p", {**files, "mlops.yaml": config}, site=tmp_path / "site")


def call(
    project: Project, *words: str, uri: str = "", code: int = 0, variables: Mapping[str, str] = {}
) -> tuple[str, str]:
    """Run the kit and expect an exit code; what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "GITHUB", "USER"))}
    if uri:
        inherited["MLFLOW_TRACKING_URI"] = uri
    inputs = parse_inputs({**inherited, **variables}, folder=project.root, terminal=False)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        found = run([*words], inputs)
    assert found == code, err.getvalue()
    return out.getvalue(), err.getvalue()


def runs(server: str, experiment: str) -> "list[Run]":
    """All runs of an experiment as MLflow's own client reads them, the first one first."""
    from mlflow import MlflowClient

    client = MlflowClient(server)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return []
    return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"]))


def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def test_the_first_reproduce_is_one_run_with_everything(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    _, err = call(project, "reproduce", uri=proxy.url, variables=WORKFLOW)
    (found,) = runs(server, name(request))
    commit = project.git("rev-parse", "HEAD").strip()
    assert f"tracked in {name(request)}: {proxy.url}/#/experiments/{found.info.experiment_id}/runs/" in err
    assert (found.info.run_name, found.info.status) == (f"topic@{commit[:8]}", "FINISHED")
    assert found.info.start_time < found.info.end_time
    assert found.data.params == {"lr": "0.1"}
    assert found.data.metrics["acc"] == 0.9
    stages = {
        f"stage.{stage}.{kind}" for stage in ("prep", "train") for kind in ("seconds", "cpu_seconds", "memory_bytes")
    }
    assert found.data.metrics.keys() == {"acc", *stages}
    assert found.data.metrics["stage.train.seconds"] > 0
    tags = found.data.tags
    assert (tags["mlops.commit"], tags["mlops.repository"], tags["mlops.branch"], tags["mlops.actor"]) == (
        commit,
        "acme/churn",
        "topic",
        "ada",
    )
    assert tags["mlops.workflow_run"] == "https://github.example.org/acme/churn/actions/runs/77/attempts/2"
    assert (tags["mlops.stage.prep"], tags["mlops.stage.train"]) == ("ran", "ran")
    assert tags["mlops.metric.loss"] == "NaN"
    assert tags["mlops.digest.clf"].startswith("md5:")
    assert len(tags["mlops.recipe.clf"]) == 64
    assert "mlops.dirty" not in tags


def test_a_reproduce_with_nothing_to_do_writes_nothing(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    call(project, "reproduce", uri=proxy.url)
    assert "runs/create" in proxy.writes()
    before = runs(server, name(request))[0].to_dictionary()
    proxy.log.clear()
    call(project, "reproduce", uri=proxy.url)
    assert (proxy.writes(), len(proxy.log)) == ([], 2)
    assert [found.to_dictionary() for found in runs(server, name(request))] == [before]


def test_a_changed_param_is_another_run_and_says_that_it_is_not_committed(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    call(project, "reproduce", uri=proxy.url)
    project.write({"params.yaml": "lr: 0.2\n"})
    call(project, "reproduce", uri=proxy.url)
    first, second = runs(server, name(request))
    assert (first.data.params["lr"], second.data.params["lr"]) == ("0.1", "0.2")
    assert (first.data.metrics["acc"], second.data.metrics["acc"]) == (0.9, 0.8)
    assert ("mlops.dirty" in first.data.tags, second.data.tags["mlops.dirty"]) == (False, "true")
    assert first.data.tags["mlops.key"] != second.data.tags["mlops.key"]


def test_a_failed_stage_is_a_failed_run_without_the_metrics_of_before(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    call(project, "reproduce", uri=proxy.url)
    project.write({"params.yaml": "lr: 2\n"})
    for _ in range(2):
        call(project, "reproduce", uri=proxy.url, code=7)
    _, failed = runs(server, name(request))
    assert failed.info.status == "FAILED"
    assert failed.data.params == {"lr": "2"}
    assert {key for key in failed.data.metrics if not key.startswith("stage.")} == set()
    assert failed.data.tags["mlops.stage.train"] == "failed"
    assert failed.data.tags["mlops.message"].startswith("stage train failed: exit status 1")
    assert "mlops.digest.clf" not in failed.data.tags


def test_a_server_that_is_down_is_a_warning_without_credentials(project: Project) -> None:
    address = f"http://ada:{SECRET}@127.0.0.1:9"
    out, err = call(project, "reproduce", uri=address, variables={"MLFLOW_TRACKING_TOKEN": f"{SECRET}-t"})
    assert out.endswith("2 ran\n")
    assert "mlops-kit: warning: the run was not tracked: MLflow at http://127.0.0.1:9 did not answer" in err
    assert SECRET not in out + err
    assert read_tracked_run(project.root) is None


def test_a_create_whose_answer_is_lost_is_one_run(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    proxy.fail(Fault(method="POST", path="runs/create", when="after", status=502))
    call(project, "reproduce", uri=proxy.url)
    (found,) = runs(server, name(request))
    assert (found.info.status, found.data.metrics["acc"]) == ("FINISHED", 0.9)
    assert proxy.log.count("runs/create") == 1


def test_a_report_names_the_run_and_the_caller_s_own_address_makes_the_link(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    call(project, "reproduce", uri=proxy.url)
    (found,) = runs(server, name(request))
    out, _ = call(project, "report", "--base", "HEAD", "--format", "json")
    tracked = parse_report(out.encode(), file="report.json").tracked
    assert tracked is not None
    assert (tracked.experiment_id, tracked.run_id) == (found.info.experiment_id, found.info.run_id)
    assert tracking_url("https://u:p@mlflow.example.org", tracked).endswith(f"/runs/{found.info.run_id}")
    text, _ = call(project, "report", "--base", "HEAD")
    assert f"tracked as run {tracked.run_id} of experiment {tracked.experiment_id}" in text.splitlines()
    assert server not in out + text


def test_a_report_of_another_lock_or_of_a_forged_record_names_no_run(project: Project, proxy: MlflowProxy) -> None:
    call(project, "reproduce", uri=proxy.url)
    place = project.root / ".dvc/tmp/mlops-kit/run.json"
    known = read_tracked_run(project.root)
    assert known is not None
    place.write_text(place.read_text().replace(known.run_id, "x/../../evil"))
    out, _ = call(project, "report", "--base", "HEAD", "--format", "json")
    assert json.loads(out)["tracked"] is None
    call(project, "reproduce", "--no-track", uri=proxy.url)
    assert read_tracked_run(project.root) is None


@pytest.mark.parametrize("how", ["no address", "no-track", "kind: none"])
def test_what_nobody_asked_for_is_not_tracked(project: Project, proxy: MlflowProxy, how: str) -> None:
    if how == "kind: none":
        project.write({"mlops.yaml": "version: 1\ntracking: {kind: none}\n"})
    words = ["--no-track"] if how == "no-track" else []
    _, err = call(project, "reproduce", *words, uri="" if how == "no address" else proxy.url)
    assert "track" not in err
    assert (proxy.log, (project.root / "mlflow.db").exists()) == ([], False)


def test_a_broken_configuration_is_a_warning(project: Project, proxy: MlflowProxy) -> None:
    project.write({"mlops.yaml": "version: 1\ntracking: {kind: wandb}\n"})
    _, err = call(project, "reproduce", uri=proxy.url)
    assert "mlops-kit: warning: the run was not tracked: mlops.yaml:2" in err
    assert proxy.log == []


def test_the_experiment_is_the_repository_s_name_or_the_folder_s(project: Project, server: str) -> None:
    project.write({"mlops.yaml": "version: 1\n"})
    call(project, "reproduce", uri=server, variables={"GITHUB_REPOSITORY": "acme/of-the-repository"})
    project.write({"params.yaml": "lr: 0.3\n"})
    call(project, "reproduce", uri=server)
    assert len(runs(server, "of-the-repository")) == len(runs(server, project.root.name)) == 1


def test_a_folder_below_the_top_tells_its_own_pipeline(
    project: Project, server: str, proxy: MlflowProxy, request: pytest.FixtureRequest
) -> None:
    sub = {f"sub/{path}": project.read(path) for path in ("dvc.yaml", "train.py", "raw", ".dvc/config")}
    project.write({**sub, "sub/params.yaml": "lr: 0.5\n"})
    project.commit()
    folder = Project(root=project.root / "sub")
    call(folder, "reproduce", uri=proxy.url)
    (found,) = runs(server, name(request))
    assert (found.data.params, found.data.metrics["acc"], found.data.tags["mlops.root"]) == ({"lr": "0.5"}, 0.5, "sub")
    assert {tag for tag in found.data.tags if tag.startswith("mlops.stage.")} == {
        "mlops.stage.sub/dvc.yaml:prep",
        "mlops.stage.sub/dvc.yaml:train",
    }
    out, _ = call(project, "report", "--base", "HEAD", "--format", "json")
    assert json.loads(out)["tracked"]["run_id"] == found.info.run_id


def test_no_secret_reaches_the_server_or_the_terminal(
    project: Project, server: str, request: pytest.FixtureRequest
) -> None:
    project.write({"params.yaml": f"lr: 0.1\nkey: {SECRET}\nurl: http://ada:{SECRET}@host\n"})
    project.git("checkout", "--quiet", "-b", f"branch-{SECRET}")
    address = server.replace("http://", f"http://ada:{SECRET}@")
    out, err = call(project, "reproduce", uri=address, variables={"API_TOKEN": SECRET, "GITHUB_ACTOR": SECRET})
    (found,) = runs(server, name(request))
    assert found.data.params == {"lr": "0.1", "key": "***", "url": "http://***@host"}
    assert SECRET not in json.dumps(found.to_dictionary())
    assert SECRET not in out + err
    assert SECRET not in (project.root / ".dvc/tmp/mlops-kit/run.json").read_text()


def test_tracking_over_http_does_not_import_mlflow(project: Project, server: str) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server}
    code = (
        "import sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs\n"
        "code = run(['reproduce'], read_inputs())\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & {'mlflow', 'sklearn', 'pyarrow'}))\n"
        "sys.exit(code)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tracked in" in done.stderr
    assert done.stdout.splitlines()[-1] == ""


def test_a_database_is_a_tracker_too(project: Project, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    database = f"sqlite:///{tmp_path}/tracked.db"
    for _ in range(2):
        call(project, "reproduce", uri=database)
    (found,) = runs(database, name(request))
    assert (found.info.status, found.data.metrics["acc"]) == ("FINISHED", 0.9)


def test_two_clones_that_reproduce_one_commit_at_once_are_one_canonical_run(
    project: Project, server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clones = [project.clone(tmp_path / name) for name in ("one", "two")]
    environment: Mapping[str, str] = {**os.environ, "MLFLOW_TRACKING_URI": server}
    kit = Path(sys.executable).parent / "mlops-kit"
    started = [
        subprocess.Popen([kit, "reproduce"], cwd=clone.root, env=environment, stderr=subprocess.PIPE, text=True)
        for clone in clones
    ]
    for process in started:
        _, err = process.communicate(timeout=300)
        assert (process.returncode, "tracked in" in err) == (0, True), err
    canonical = [found for found in runs(server, name(request)) if DUPLICATE_TAG not in found.data.tags]
    assert len(canonical) == 1
    assert (canonical[0].info.status, canonical[0].data.metrics["acc"]) == ("FINISHED", 0.9)
    known = {read_tracked_run(clone.root) for clone in clones}
    assert {found.run_id for found in known if found} == {canonical[0].info.run_id}
