"""`reproduce --engine ray` on a real Ray cluster of two nodes, with a real S3 server between them."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.dvc_project import Project
from tests.integration.ray_cluster import Cluster, start_cluster, wait_until_gone
from tests.integration.ray_project import RayProject, drop_data, make_ray_project, node_environment, put_under_dvc
from tests.integration.s3_server import S3Server, serve_s3

CHAIN = """
stages:
  split:
    cmd: mkdir parts && head -n ${lines} data > parts/head && tail -n 1 data > parts/tail
    deps: [data]
    params: [lines]
    outs: [parts]
  count:
    cmd: cat parts/head parts/tail > all; wc -l < all > size.json
    deps: [parts]
    outs: [all]
    metrics: [size.json: {cache: false}]
  judge:
    cmd: cat size.json parts/tail > verdict
    deps: [size.json, parts/tail]
    outs: [verdict]
"""
PLACES = """
stages:
  far:
    cmd: echo "$RAY_RAYLET_PID gpu=$CUDA_VISIBLE_DEVICES $DRIVER_ONLY" > far
    outs: [far: {cache: false}]
    meta: {mlops: {gpus: 1, resources: {far: 1}}}
  near:
    cmd: echo "$RAY_RAYLET_PID gpu=$CUDA_VISIBLE_DEVICES $DRIVER_ONLY" > near
    outs: [near: {cache: false}]
    meta: {mlops: {resources: {near: 1}}}
"""
FAILS = """
stages:
  good:
    cmd: echo good > good
    outs: [good]
  bad:
    cmd: echo again >> ${seen}; echo sorry; exit 3
    deps: [good]
    outs: [bad]
"""
LASTS = """
stages:
  quick:
    cmd: echo quick > quick
    outs: [quick]
  slow:
    cmd: sleep 3000 & echo $! > ${seen}; wait
    deps: [quick]
    outs: [slow]
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a test makes its project."""

    folder: Path
    cluster: Cluster
    s3: S3Server

    def make(self, dvc_yaml: str, files: Mapping[str, str] | None = None) -> RayProject:
        """A committed project with this dvc.yaml."""
        return make_ray_project(self.folder, {"dvc.yaml": dvc_yaml, **(files or {})}, self.cluster, self.s3)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def cluster(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(node_environment(tmp_path_factory.mktemp("home"), s3)) as found:
        found.add_node(cpus=2, resources={"near": 1})
        found.add_node(cpus=2, gpus=1, resources={"far": 1})
        yield found


@pytest.fixture
def site(cluster: Cluster, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    return Site(folder=tmp_path, cluster=cluster, s3=s3)


def copy_of(found: RayProject) -> Project:
    """The same repository, for a run on this machine alone."""
    root = found.root.parent / "alone" / "p"
    shutil.copytree(found.root, root, symlinks=True)
    return Project(root=root)


def test_a_run_leaves_what_a_local_run_leaves_without_any_data_here(site: Site) -> None:
    found = site.make(CHAIN, {"params.yaml": "lines: 2\n"})
    put_under_dvc(found.project, "data", "a\nb\nc\n")
    alone = copy_of(found)
    assert alone.states(alone.run_kit(pull=True)) == "count=ran data.dvc=restored judge=ran split=ran"
    code, output, errors = found.run()
    assert code == 0, errors
    assert "3 ran" in output
    assert not (found.root / "data").exists()
    assert found.project.read("size.json") == "3\n"
    assert found.project.read("dvc.lock") == alone.read("dvc.lock")
    assert found.project.read(".gitignore") == alone.read(".gitignore")
    assert "4 cached" in found.run()[1]
    with found.project.opened() as repo:
        repo.pull()
    assert not found.project.status()
    assert found.project.picture() == alone.picture()


def test_a_stage_runs_where_its_resources_are_with_its_gpu_and_its_nodes_environment(site: Site) -> None:
    found = site.make(PLACES)
    code, _, errors = found.run()
    assert code == 0, errors
    near, far = site.cluster.nodes
    assert found.project.read("far") == f"{far.raylet} gpu=0 \n"
    assert found.project.read("near") == f"{near.raylet} gpu= \n"


def test_a_failing_stage_runs_once_and_shows_its_last_lines(site: Site) -> None:
    seen = site.folder / "seen"
    found = site.make(FAILS, {"params.yaml": f"seen: {seen}\n"})
    code, _, errors = found.run()
    assert code == 7, errors
    assert "stage 'bad' failed: exit status 3" in errors
    assert "bad | sorry" in errors
    assert seen.read_text() == "again\n"
    assert "good:" in found.project.read("dvc.lock")
    assert "bad:" not in found.project.read("dvc.lock")
    (log,) = (found.root / ".mlops" / "runs").glob("*/bad-*.log")
    assert log.read_text().splitlines()[-1] == "sorry"


@pytest.mark.parametrize("want", ["gpus: 2", "cpus: 3", "resources: {far: 1, near: 1}", "resources: {nowhere: 1}"])
def test_wanting_more_than_any_node_has_is_refused_before_anything_runs(site: Site, want: str) -> None:
    found = site.make(PLACES.replace("gpus: 1, resources: {far: 1}", want))
    code, _, errors = found.run()
    assert code == 2
    assert "dvc.yaml stages.far.meta.mlops: wants" in errors
    assert not (found.root / "near").exists()


def test_a_change_that_is_not_committed_is_refused(site: Site) -> None:
    found = site.make(CHAIN, {"params.yaml": "lines: 1\n", "data": "a\nb\nc\n"})
    found.project.write({"data": "z\n"})
    code, _, errors = found.run()
    assert (code, "not committed: data" in errors) == (2, True), errors


def test_data_that_is_not_in_the_remote_fails_its_reader_and_is_named(site: Site) -> None:
    found = site.make(CHAIN, {"params.yaml": "lines: 1\n"})
    found.project.write({"data": "a\n"})
    with found.project.opened() as repo:
        repo.add(["data"])
    found.project.commit()
    drop_data(found.project, "data")
    code, _, errors = found.run()
    assert code == 7
    assert "stage 'split' failed: not in the DVC remote: 'data'" in errors


def test_an_interrupt_ends_what_runs_on_the_nodes_and_keeps_what_was_finished(site: Site) -> None:
    seen = site.folder / "seen"
    found = site.make(LASTS, {"params.yaml": f"seen: {seen}\n"})
    with found.started() as process:
        while not (seen.exists() and seen.read_text()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    wait_until_gone(int(seen.read_text()))
    assert "quick:" in found.project.read("dvc.lock")
    assert "slow:" not in found.project.read("dvc.lock")


def test_a_driver_outside_of_the_cluster_uses_its_client(site: Site) -> None:
    found = site.make(FAILS.replace("exit 3", "echo bad > bad"), {"params.yaml": f"seen: {site.folder / 'seen'}\n"})
    code, output, errors = found.run(engine=f"ray://127.0.0.1:{site.cluster.client_port}")
    assert (code, "2 ran" in output) == (0, True), errors


def test_a_cluster_that_does_not_answer_is_an_error_that_names_it(site: Site) -> None:
    found = site.make(PLACES)
    for engine, address in (("ray:127.0.0.1:1", "127.0.0.1:1"), ("ray://127.0.0.1:1", "ray://127.0.0.1:1")):
        code, _, errors = found.run(engine=engine)
        assert (code, f"no Ray cluster answers at {address}: Connection refused" in errors) == (5, True), errors


def test_without_ray_the_engine_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['ray'] = None; from mlops_kit.engines.ray_session import import_ray; import_ray()"
    )
    words = [sys.executable, "-I", "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1] == "mlops_kit.core.errors.InputError: the Ray engine needs ray"


def test_the_trials_of_a_sweep_run_on_the_cluster_each_with_its_own_params(site: Site) -> None:
    stage = "stages: {head: {cmd: 'head -n ${lines} data > top; wc -l < top > size.json', deps: [data], outs: [top]"
    found = site.make(f"{stage}, metrics: [size.json: {{cache: false}}]}}}}", {"params.yaml": "lines: 2\n"})
    put_under_dvc(found.project, "data", "a\nb\nc\n")
    code, output, errors = found.run("--sweep", "lines=1,3", "--format", "json")
    assert code == 0, errors
    rows = json.loads(output)["trials"]
    assert [(row["params"][0]["value"], row["metrics"][0]["value"]) for row in rows] == [(1, 1), (3, 3)]
    assert found.project.git("status", "--porcelain") == ""
    head = found.project.git("rev-parse", "HEAD").strip()
    found.project.git("checkout", "--quiet", f"refs/exps/{head[:2]}/{head[2:]}/{rows[1]['name']}")
    with found.project.opened() as repo:
        repo.pull()
    assert not found.project.status()
    assert found.project.read("top") == "a\nb\nc\n"
