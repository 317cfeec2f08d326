"""A node, or one worker, of a Ray cluster is killed while a stage runs on it: the stage runs again, the run succeeds.

The cluster, its nodes and the S3 server are real processes on this machine.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_kit.adapters.process import is_alive
from tests.integration.dvc_project import Project
from tests.integration.ray_cluster import Cluster, Node, descendants, read_title, start_cluster, wait_until_gone
from tests.integration.ray_project import RayProject, make_ray_project, node_environment
from tests.integration.s3_server import S3Server, serve_s3

WAIT_SECONDS = 300.0
STAGES = """
stages:
  before:
    cmd: echo before > before
    outs: [before]
  held:
    cmd: echo "$RAY_RAYLET_PID $$" >> ${seen}; until [ -e ${gate} ]; do sleep 0.1; done; cat before > held
    deps: [before]
    outs: [held]
    meta: {mlops: {resources: {far: 1}}}
  after:
    cmd: cat held > after; wc -c < held > size
    deps: [held]
    outs: [after]
    metrics: [size: {cache: false}]
"""


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def head(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A head alone."""
    with start_cluster(node_environment(tmp_path_factory.mktemp("home"), s3)) as found:
        found.add_node(cpus=2)
        yield found


@pytest.fixture
def cluster(head: Cluster) -> Cluster:
    """A head, and two nodes that could each run the held stage: what an earlier test left alive, and new ones."""
    while len(head.nodes) < 3:
        head.add_node(cpus=1, resources={"far": 1})
    return head


@pytest.fixture
def held(tmp_path: Path, cluster: Cluster, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> RayProject:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)
    params = f"seen: {tmp_path / 'seen'}\ngate: {tmp_path / 'gate'}\n"
    return make_ray_project(tmp_path, {"dvc.yaml": STAGES, "params.yaml": params}, cluster, s3)


def wait_for_start(folder: Path, run: subprocess.Popen[str], count: int) -> tuple[int, int]:
    """The raylet and the shell of the stage's start of that number."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        lines = (folder / "seen").read_text().splitlines() if (folder / "seen").exists() else []
        if len(lines) >= count:
            raylet, shell = lines[count - 1].split()
            return int(raylet), int(shell)
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    raise AssertionError(f"the stage did not start {count} times")


def finish(folder: Path, run: subprocess.Popen[str]) -> str:
    """Let the stage end; what the run told, which ended well."""
    (folder / "gate").touch()
    output, errors = run.communicate(timeout=WAIT_SECONDS)
    assert run.returncode == 0, errors
    assert "3 ran" in output
    assert "(raylet)" not in output + errors
    return errors


def node_of(cluster: Cluster, raylet: int) -> Node:
    return next(node for node in cluster.nodes if node.raylet == raylet)


@pytest.mark.faults
def test_a_stage_of_a_killed_node_runs_again_on_another(held: RayProject, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "p"
    shutil.copytree(held.root, alone, symlinks=True)
    with held.started() as run:
        first, shell = wait_for_start(tmp_path, run, 1)
        node = node_of(held.cluster, first)
        node.kill()
        held.cluster.nodes.remove(node)
        wait_until_gone(shell)
        second, _ = wait_for_start(tmp_path, run, 2)
        errors = finish(tmp_path, run)
    assert first != second
    assert "held: its node was lost; it starts again (1 of at most 3 times)" in errors
    Project(root=alone).run_kit()
    assert held.project.read("dvc.lock") == Project(root=alone).read("dvc.lock")
    assert held.project.read("size") == "7\n"


@pytest.mark.faults
def test_a_killed_worker_takes_its_stage_along_before_it_runs_again(held: RayProject, tmp_path: Path) -> None:
    with held.started() as run:
        raylet, shell = wait_for_start(tmp_path, run, 1)
        (worker,) = (pid for pid in descendants(raylet) if read_title(pid).startswith("ray::mlops-kit held"))
        os.kill(worker, signal.SIGKILL)
        _, again = wait_for_start(tmp_path, run, 2)
        wait_until_gone(shell)
        assert is_alive(again)
        assert "held: its worker was lost; it starts again (1 of at most 3 times)" in finish(tmp_path, run)


@pytest.mark.faults
def test_a_stage_that_no_node_is_left_for_fails_instead_of_waiting(held: RayProject, tmp_path: Path) -> None:
    with held.started() as run:
        wait_for_start(tmp_path, run, 1)
        for node in held.cluster.nodes[1:]:
            node.kill()
        del held.cluster.nodes[1:]
        _, errors = run.communicate(timeout=WAIT_SECONDS)
    assert run.returncode == 7, errors
    assert "stage 'held' failed: no node of the cluster has what it wants any longer" in errors
    assert "before:" in held.project.read("dvc.lock")


@pytest.mark.faults
def test_a_killed_driver_leaves_nothing_running_and_the_next_run_goes_on(held: RayProject, tmp_path: Path) -> None:
    with held.started() as run:
        _, shell = wait_for_start(tmp_path, run, 1)
        run.kill()
    wait_until_gone(shell)
    (tmp_path / "gate").touch()
    code, output, errors = held.run()
    assert code == 0, errors
    assert "1 cached, 2 ran" in output or "2 ran, 1 cached" in output
