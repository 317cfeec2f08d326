"""`reproduce --pull`: what is fetched, when, and what happens where it cannot be."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from mlops_kit.adapters.dvc.pipeline import DvcPipeline
from mlops_kit.core.errors import StageFailedError
from mlops_kit.core.run import Selection, StageCommand, StageState
from mlops_kit.core.types import StageName
from tests.integration.dvc_project import Project
from tests.integration.remote_project import (
    PIPELINE,
    PREPARED,
    SIDE,
    folder_remote,
    listing,
    make_remote_project,
    md5,
    ran,
)

PATIENCE_SECONDS = 60.0


@pytest.fixture
def origin(tmp_path: Path) -> Project:
    return make_remote_project(tmp_path, folder_remote(tmp_path / "store"))


@pytest.fixture
def clone(origin: Project, tmp_path: Path) -> Project:
    return origin.clone(tmp_path / "clone")


def lost(tmp_path: Path, value: str) -> None:
    (tmp_path / "store" / "files" / "md5" / value[:2] / value[2:]).unlink()


@contextmanager
def opened(project: Project) -> Iterator[DvcPipeline]:
    with DvcPipeline(project.root, os.environ, print) as pipeline:
        yield pipeline


def wait_for(pipeline: DvcPipeline, *names: str) -> None:
    """Until these arrived, in this order and no others before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    arrived: tuple[str, ...] = ()
    while len(arrived) < len(names):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        arrived += pipeline.arrivals()
    assert arrived == names


def test_nothing_is_fetched_where_nothing_changed(clone: Project) -> None:
    told: list[str] = []
    done = clone.run_kit(pull=True, told=told)
    assert {stage.state for stage in done.stages} == {StageState.CACHED}
    assert clone.objects() == set()
    assert told[-1] == (
        "note outputs of 7 unchanged stages are not here, because nothing needed them; fetch them with: dvc pull"
    )
    assert clone.git("status", "--short") == ""


def test_a_changed_param_runs_its_stage_and_fetches_only_its_inputs(clone: Project) -> None:
    clone.write({"params.yaml": "lr: 2\n"})
    done = clone.run_kit(pull=True)
    assert clone.states(done) == (
        "data.dvc=cached evaluate=ran extra.dvc=cached prepare=restored side=restored sum=cached train=ran"
    )
    assert ran(clone) == {"train", "evaluate"}
    model = "firstsecondlr: 2\n"
    assert clone.objects() == PREPARED | SIDE | {md5(model), md5(f"{len(model)}\n"), md5(f"{model}more")}


def test_a_changed_command_at_the_end_fetches_what_it_reads_and_not_what_that_was_made_of(clone: Project) -> None:
    clone.write({"dvc.yaml": PIPELINE.replace("cat side.bin side.bin", "cat -n side.bin")})
    assert "side=restored sum=ran train=cached" in clone.states(clone.run_kit(pull=True))
    assert ran(clone) == {"sum"}
    assert clone.objects() >= SIDE
    assert clone.objects() & (PREPARED | {md5("firstsecondlr: 1\n")}) == set()


def test_old_outputs_in_the_cache_are_not_taken_for_those_of_a_changed_param(clone: Project, origin: Project) -> None:
    shutil.copytree(origin.root / ".dvc/cache", clone.root / ".dvc/cache")
    clone.write({"params.yaml": "lr: 2\n"})
    assert "train=ran" in clone.states(clone.run_kit(pull=True))
    assert clone.read("model") == "firstsecondlr: 2\n"


def test_data_is_on_its_way_when_the_plan_is_made_the_first_stages_first(clone: Project) -> None:
    clone.write({"params.yaml": "lr: 2\n"})
    with opened(clone) as pipeline:
        planned = pipeline.plan(Selection(pull=True))
        assert [stage.name for stage in planned if stage.awaits_data] == ["prepare", "side"]
        wait_for(pipeline, "prepare", "side")
        assert clone.objects() == PREPARED | SIDE
        assert pipeline.arrivals() == ()
        assert pipeline.prepare(StageName("side")) is StageState.RESTORED
    assert clone.read("side.bin") == "more"


def test_force_fetches_what_nobody_makes(clone: Project) -> None:
    done = clone.run_kit(pull=True, force=True)
    assert clone.states(done) == ("data.dvc=ran evaluate=ran extra.dvc=ran prepare=ran side=ran sum=ran train=ran")


def test_an_input_that_nobody_foresaw_is_fetched_when_its_stage_is_looked_at(clone: Project) -> None:
    with opened(clone) as pipeline:
        pipeline.plan(Selection(pull=True))
        clone.write({"params.yaml": "lr: 3\n"})
        assert pipeline.prepare(StageName("prepare")) is StageState.CACHED
        assert isinstance(pipeline.prepare(StageName("train")), StageCommand)
    assert clone.read("prepared/sub/a") == "first"


def test_a_whole_directory_comes_where_a_stage_reads_one_file_of_it(origin: Project, tmp_path: Path) -> None:
    part = "  part:\n    cmd: cat prepared/sub/a > part\n    deps: [prepared/sub/a]\n    outs: [part]\n"
    origin.write({"dvc.yaml": PIPELINE + part})
    origin.commit()
    clone = origin.clone(tmp_path / "clone")
    assert "part=ran prepare=restored" in clone.states(clone.run_kit(pull=True))
    assert clone.read("prepared/all") == "firstsecond"
    assert "prepare=cached" in clone.states(clone.run_kit(pull=True))


def test_outputs_that_are_in_the_cache_are_checked_out_as_without_pull(clone: Project, origin: Project) -> None:
    shutil.copytree(origin.root / ".dvc/cache", clone.root / ".dvc/cache")
    done = clone.run_kit(pull=True)
    assert {stage.state for stage in done.stages} == {StageState.RESTORED}
    assert not clone.status()


def test_cached_metrics_and_plots_come_also_where_nothing_runs(origin: Project, tmp_path: Path) -> None:
    origin.write({"dvc.yaml": PIPELINE.replace("outs: [summary]", "plots: [summary]")})
    origin.run_kit(push=True)
    origin.commit()
    clone = origin.clone(tmp_path / "clone")
    assert "score" not in clone.states(clone.run_kit(pull=True))
    assert (clone.root / "summary").exists()
    assert clone.objects() == {md5("moremore")}


def test_without_a_lock_everything_comes_back_from_the_run_cache(origin: Project, tmp_path: Path) -> None:
    origin.git("rm", "--quiet", "--cached", "dvc.lock", "size.json")
    origin.git("commit", "--quiet", "--message", "without")
    clone = origin.clone(tmp_path / "clone")
    done = clone.run_kit(pull=True)
    assert {stage.state for stage in done.stages} == {StageState.RESTORED}
    assert ran(clone) == set()
    assert not clone.status()


def test_an_output_that_the_remote_lost_is_made_again_and_named(clone: Project, tmp_path: Path) -> None:
    lost(tmp_path, md5("firstsecond"))
    clone.write({"params.yaml": "lr: 2\n"})
    told: list[str] = []
    done = clone.run_kit(pull=True, told=told)
    assert "prepare=ran side=restored sum=cached train=ran" in clone.states(done)
    assert f"note prepare: neither the cache nor the remote has md5:{md5('firstsecond')}: it is made again" in told
    assert clone.read("data/b") == "second"


def test_data_that_the_remote_lost_fails_its_stage_and_is_named(clone: Project, tmp_path: Path) -> None:
    lost(tmp_path, listing({"a": "first", "b": "second"}))
    clone.write({"dvc.yaml": PIPELINE.replace("cat data/a data/b >", "cat data/b data/a >")})
    done = clone.run_kit("prepare", pull=True)
    assert clone.states(done) == "data.dvc=failed prepare=skipped"
    assert f"has md5:{listing({'a': 'first', 'b': 'second'})}" in done.failed[0].message


def test_a_later_wave_that_cannot_be_fetched_fails_the_stages_that_awaited_it(origin: Project, tmp_path: Path) -> None:
    other = f"['remote \"other\"']\n    url = {tmp_path / 'other'}\n"
    origin.write({".dvc/config": origin.read(".dvc/config") + other})
    origin.write({"dvc.yaml": PIPELINE.replace("outs: [side.bin]", "outs: [side.bin: {remote: other}]")})
    origin.run_kit(push=True)
    origin.commit()
    clone = origin.clone(tmp_path / "clone")
    closed = "endpointurl = http://127.0.0.1:9\n    access_key_id = a\n    secret_access_key = b"
    moved = origin.read(".dvc/config").replace(f"url = {tmp_path / 'other'}", f"url = s3://gone\n    {closed}")
    clone.write({"params.yaml": "lr: 2\n", ".dvc/config": moved})
    with opened(clone) as pipeline:
        pipeline.plan(Selection(pull=True))
        wait_for(pipeline, "prepare", "side")
        assert pipeline.prepare(StageName("prepare")) is StageState.RESTORED
        with pytest.raises(StageFailedError, match="could not be fetched: the DVC remote failed: Could not connect"):
            pipeline.prepare(StageName("side"))


def test_a_fetcher_that_is_killed_is_no_hang(clone: Project) -> None:
    clone.write({"params.yaml": "lr: 2\n"})
    with opened(clone) as pipeline:
        pipeline.plan(Selection(pull=True))
        fetcher().kill()
        wait_for(pipeline, "prepare", "side")
        with pytest.raises(StageFailedError, match="ended with exit code -9"):
            pipeline.prepare(StageName("side"))


def test_the_fetcher_ends_with_the_run(clone: Project) -> None:
    clone.write({"params.yaml": "lr: 2\n"})
    with opened(clone) as pipeline:
        pipeline.plan(Selection(pull=True))
        process = fetcher()
    assert not process.is_running()


def test_the_fetcher_ends_with_its_caller(clone: Project) -> None:
    """A caller that is killed cannot stop anything; the end of its pipe does."""
    words = [sys.executable, "-I", "-m", "mlops_kit.adapters.dvc.fetching", str(clone.root)]
    endless = [[0, [{"remote": None, "digests": [f"md5:{number:032x}"]} for number in range(100_000)]]]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write(json.dumps(endless).encode() + b"\n")
    process.stdin.flush()
    time.sleep(1.0)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(PATIENCE_SECONDS) == 1


def fetcher() -> psutil.Process:
    """The process that fetches for this one."""
    name = "mlops_kit.adapters.dvc.fetching"
    return next(found for found in psutil.Process().children() if name in found.cmdline())
