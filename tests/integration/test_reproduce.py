"""`reproduce` on real DVC projects: what is restored, pulled, kept and refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.lock import make_lock

from mlops_kit import wiring
from mlops_kit.adapters.last_run import read_last_run
from mlops_kit.commands.reproduce import Manner, reproduce
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError
from mlops_kit.core.pipeline.schedule import OnFailure
from mlops_kit.core.run import Selection, StageState
from mlops_kit.testing.pipeline import MemoryProgress
from tests.integration.dvc_project import Project, make_project

COPY = """
stages:
  first:
    cmd: echo run >> first.log; cat in > mid
    deps: [in]
    outs: [mid]
  second:
    cmd: echo run >> second.log; cat mid > end; wc -c < mid > size.json
    deps: [mid]
    outs: [end]
    metrics:
      - size.json: {cache: false}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {"dvc.yaml": COPY, "in": "1"}, site=tmp_path / "site")


def runs(project: Project) -> str:
    """How often each command ran."""
    counts = [len(project.read(log).splitlines()) for log in ("first.log", "second.log")]
    return " ".join(str(count) for count in counts)


def test_an_earlier_state_comes_back_from_the_run_cache(project: Project) -> None:
    project.run_kit()
    project.commit()
    project.write({"in": "2"})
    project.run_kit()
    project.git("checkout", "--quiet", "--", "in", "dvc.lock", "size.json")
    done = project.run_kit()
    assert project.states(done) == "first=restored second=restored"
    assert project.read("end") == "1"
    assert runs(project) == "2 2"
    assert not project.status()


def test_missing_outputs_come_back_from_the_cache(project: Project) -> None:
    project.run_kit()
    (project.root / "mid").unlink()
    (project.root / "end").unlink()
    assert project.states(project.run_kit()) == "first=restored second=restored"
    assert (project.read("mid"), project.read("end")) == ("1", "1")
    assert runs(project) == "1 1"


def test_missing_added_data_comes_back_from_the_cache(project: Project) -> None:
    with project.opened() as repo:
        project.git("rm", "--quiet", "--cached", "in")
        repo.add(["in"])
    project.run_kit()
    (project.root / "in").unlink()
    assert project.states(project.run_kit()) == "first=cached in.dvc=restored second=cached"
    assert project.read("in") == "1"


def test_added_data_that_is_nowhere_fails_its_stage_and_names_it(project: Project) -> None:
    with project.opened() as repo:
        project.git("rm", "--quiet", "--cached", "in")
        repo.add(["in"])
        (project.root / "in").unlink()
        repo.cache.local.clear()
    done = project.run_kit()
    assert project.states(done) == "first=skipped in.dvc=failed second=skipped"
    assert "in" in done.failed[0].message
    assert "missing" in done.failed[0].message


def test_force_runs_what_did_not_change(project: Project) -> None:
    project.run_kit()
    assert project.states(project.run_kit(force=True)) == "first=ran second=ran"
    assert runs(project) == "2 2"


def test_an_output_can_be_named_as_target(project: Project) -> None:
    assert project.states(project.run_kit("mid")) == "first=ran"


def test_a_failed_stage_leaves_the_finished_ones_and_its_old_outputs(project: Project) -> None:
    project.run_kit()
    changed = COPY.replace("echo run >> second.log;", "echo run >> second.log; echo sorry; exit 3;")
    project.write({"in": "22", "dvc.yaml": changed})
    done = project.run_kit()
    assert project.states(done) == "first=ran second=failed"
    assert done.failed[0].message == "exit status 3"
    assert (project.read("mid"), project.read("end"), project.read("size.json")) == ("22", "1", "1\n")
    assert "sorry" in Path(done.failed[0].log).read_text()
    with project.opened() as repo:
        assert set(repo.status()) == {"second"}


@pytest.mark.parametrize("ending", ["exit 3", "rm end; true"], ids=["failed", "without one of its outputs"])
def test_what_a_failed_stage_wrote_lies_elsewhere_and_its_earlier_outputs_are_back(
    project: Project, ending: str
) -> None:
    project.run_kit()
    changed = COPY.replace("wc -c < mid > size.json", f"echo half > end; echo 9 > size.json; {ending}")
    project.write({"dvc.yaml": changed})
    done = project.run_kit()
    assert (project.read("end"), project.read("size.json")) == ("1", "1\n")
    left = Path(done.failed[0].message.rpartition("what it wrote is in ")[2])
    found = {path.name: path.read_text() for path in left.rglob("*") if path.is_file()}
    assert found == ({"end": "half\n"} if ending == "exit 3" else {}) | {"size.json": "9\n"}
    project.write({"dvc.yaml": COPY})
    assert project.states(project.run_kit()) == "first=cached second=cached"
    assert not left.exists()


def test_what_a_failed_stage_wrote_stays_where_there_is_nothing_earlier(project: Project) -> None:
    project.write({"dvc.yaml": COPY.replace("wc -c < mid > size.json", "exit 3")})
    done = project.run_kit()
    assert done.failed[0].message == "exit status 3"
    assert project.read("end") == "1"


def test_a_checkpoint_that_persists_stays_after_a_failure(project: Project) -> None:
    project.write({"dvc.yaml": "stages:\n  t:\n    cmd: echo 1 >> c\n    outs: [c: {persist: true}]\n"})
    project.run_kit()
    project.write({"dvc.yaml": project.read("dvc.yaml").replace(">> c", ">> c; exit 1")})
    project.run_kit()
    assert project.read("c") == "1\n1\n"


def test_a_stage_without_its_output_fails_and_names_it(project: Project) -> None:
    project.write({"dvc.yaml": COPY.replace("> mid", "> mud")})
    done = project.run_kit()
    assert project.states(done) == "first=failed second=skipped"
    assert "'mid' does not exist" in done.failed[0].message


def test_a_missing_dependency_fails_the_stage_before_its_outputs_go(project: Project) -> None:
    project.run_kit()
    (project.root / "in").unlink()
    done = project.run_kit()
    assert project.states(done) == "first=failed second=skipped"
    assert "'in' does not exist" in done.failed[0].message
    assert project.read("mid") == "1"


def test_keep_going_runs_what_does_not_need_the_failed_stage(project: Project) -> None:
    apart = "  apart:\n    cmd: echo a > apart\n    outs: [apart]\n"
    project.write({"dvc.yaml": COPY.replace("cat in > mid", "exit 1") + apart})
    done = project.run_kit("dvc.yaml", jobs=1, on_failure=OnFailure.KEEP_GOING)
    assert project.states(done) == "apart=ran first=failed second=skipped"


def test_a_mutex_of_the_pipeline_file_keeps_stages_apart(project: Project) -> None:
    lock = "if ! mkdir held; then exit 9; fi; sleep 0.2; rmdir held; echo > {name}"
    stages = "".join(
        f"  {name}:\n    cmd: {lock.format(name=name)}\n    outs: [{name}]\n    meta: {{mlops: {{mutex: [db]}}}}\n"
        for name in ("a", "b", "c")
    )
    project.write({"dvc.yaml": f"stages:\n{stages}"})
    assert project.states(project.run_kit(jobs=3)) == "a=ran b=ran c=ran"


def test_a_mutex_that_is_no_list_of_names_is_an_input_error(project: Project) -> None:
    project.write({"dvc.yaml": COPY + "    meta: {mlops: {mutex: {db: 1}}}\n"})
    with pytest.raises(InputError, match=r"dvc\.yaml stages\.second\.meta\.mlops\.mutex"):
        project.run_kit()


def test_a_stage_may_call_dvc_itself(project: Project) -> None:
    dvc = Path(sys.executable).parent / "dvc"
    project.write({"dvc.yaml": f"stages: {{a: {{cmd: {dvc} add -q x; cp x y, outs: [y]}}}}", "x": "1"})
    assert project.states(project.run_kit()) == "a=ran"
    assert "md5" in project.read("x.dvc")


def test_results_travel_over_a_remote_with_run_cache_and_uncached_metrics(project: Project, tmp_path: Path) -> None:
    config = project.read(".dvc/config") + f"    remote = store\n['remote \"store\"']\n    url = {tmp_path / 'store'}\n"
    project.write({".dvc/config": config, "in": "33"})
    project.run_kit(push=True)
    project.git("add", "in", ".dvc/config")
    project.git("commit", "--quiet", "--message", "without the lock")
    subprocess.run(["git", "clone", "--quiet", project.root, tmp_path / "clone"], check=True)
    clone = Project(root=tmp_path / "clone")
    assert clone.states(clone.run_kit(pull=True)) == "first=restored second=restored"
    assert (clone.read("end"), clone.read("size.json")) == ("33", "2\n")
    assert not clone.status()


def test_the_last_run_is_left_for_the_report(project: Project) -> None:
    done = project.run_kit()
    assert read_last_run(project.root) == done.stages
    assert [stage.state for stage in done.stages] == [StageState.RAN, StageState.RAN]
    assert all(stage.seconds > 0 for stage in done.stages)
    (project.root / ".dvc/tmp/mlops-kit/run.json").write_text("{")
    assert read_last_run(project.root) == ()


def test_what_a_killed_run_put_aside_is_dropped_and_nothing_new_is_left(project: Project) -> None:
    project.write({".dvc/tmp/mlops-kit/aside/99999999/x": "left"})
    project.run_kit()
    project.write({"in": "2"})
    project.run_kit()
    assert not list((project.root / ".dvc/tmp/mlops-kit/aside").iterdir())


def test_changed_files_are_staged_where_dvc_is_told_to(project: Project) -> None:
    project.write({".dvc/config": project.read(".dvc/config") + "    autostage = true\n"})
    project.run_kit()
    assert {line[:2] for line in project.git("status", "--short").splitlines() if "dvc.lock" in line} == {"A "}


def test_ignored_outputs_stand_in_dvcs_order_whichever_ends_first(project: Project) -> None:
    slow = "  slow:\n    cmd: sleep 0.5; mkdir -p d; echo > d/slow\n    outs: [d/slow]\n"
    quick = "  quick:\n    cmd: mkdir -p d; echo > d/quick\n    outs: [d/quick]\n"
    project.write({"dvc.yaml": f"stages:\n{slow}{quick}"})
    project.run_kit()
    assert project.read("d/.gitignore") == "/slow\n/quick\n"


SPOILERS = """
stages:
  maker:
    cmd: mkdir -p d && echo 1 > d/a && echo 1 > f
    outs: [d, f]
  spoiler:
    cmd: while ! test -f d/a; do sleep 0.05; done; sleep 1; echo 2 > d/b; echo 2 > g
    outs: [g]
  bystander:
    cmd: mkdir -p e && echo 3 > e/a
    outs: [e]
"""


def test_a_command_that_writes_into_anothers_output_is_noticed(project: Project) -> None:
    project.write({"dvc.yaml": SPOILERS})
    progress = MemoryProgress()
    with wiring.open_workshop(project.root, os.environ, progress) as workshop:
        reproduce(workshop, Selection(), Manner(jobs=3))
    noticed = [text for text in progress.told if "changed after it was noted" in text]
    assert len(noticed) == 1
    assert noticed[0].startswith("note d of maker changed after it was noted")
    assert "mutex" in noticed[0]


def test_a_folder_that_many_stages_read_is_looked_at_again_after_a_command(project: Project) -> None:
    """The command writes there without saying so, as DVC lets it: the stages after it must see that."""
    readers = "".join(
        f"  r{number}:\n    cmd: cat src/* > r{number}\n    deps: [src, {dep}]\n    outs: [r{number}]\n"
        for number, dep in enumerate(("in", "in", "made", "made"))
    )
    maker = "  maker:\n    cmd: cat in > made; cat in >> src/code\n    deps: [in]\n    outs: [made]\n"
    project.write({"dvc.yaml": f"stages:\n{maker}{readers}", "src/code": "0"})
    project.run_kit(jobs=1)
    project.run_kit(jobs=1)
    assert project.states(project.run_kit(jobs=1)) == "maker=cached r0=cached r1=cached r2=cached r3=cached"
    project.write({"in": "2"})
    done = project.run_kit(jobs=1)
    assert project.states(done) == "maker=ran r0=ran r1=ran r2=ran r3=ran"
    assert project.read("r2") == project.read("src/code")
    assert project.read("r3") == project.read("src/code")


def test_no_mark_of_a_lock_is_left_behind(project: Project) -> None:
    project.run_kit()
    assert not (project.root / ".dvc/tmp/rwlock").exists()


@pytest.mark.parametrize("marks", ["", "{", "[]", '{"write": {"/x": {"pid": 99999999, "cmd": "dvc repro"}}}'])
def test_marks_that_a_killed_process_left_are_cleared(project: Project, marks: str) -> None:
    project.write({".dvc/tmp/rwlock": marks})
    assert project.states(project.run_kit()) == "first=ran second=ran"


def test_marks_of_a_living_process_stop_the_run_and_name_it(project: Project) -> None:
    marks = f'{{"write": {{"{project.root}/mid": {{"pid": {os.getppid()}, "cmd": "dvc repro"}}}}}}'
    project.write({".dvc/tmp/rwlock": marks, "mid": "old"})
    with pytest.raises(OutsideError, match=f"in use here by process {os.getppid()}"):
        project.run_kit()
    assert project.read("mid") == "old"


def test_another_holder_of_dvcs_lock_stops_the_run(project: Project) -> None:
    folder = project.root / ".dvc/tmp"
    folder.mkdir(exist_ok=True)
    with make_lock(str(folder / "lock")), pytest.raises(OutsideError, match=f"by process {os.getpid()}"):
        project.run_kit()


def test_a_folder_without_a_pipeline_is_an_input_error(project: Project) -> None:
    (project.root / "empty").mkdir()
    with pytest.raises(InputError, match=r"no dvc\.yaml in .*empty"):
        project.run_kit(folder="empty")


@pytest.mark.parametrize("text", ["", "stages: {}\n", "# nothing\n", "artifacts: {m: {path: in}}\n"])
def test_a_pipeline_without_stages_is_an_input_error(project: Project, text: str) -> None:
    project.write({"dvc.yaml": text})
    with pytest.raises(InputError, match=r"dvc\.yaml: no stages"):
        project.run_kit()


def test_outputs_that_overlap_are_an_input_error(project: Project) -> None:
    project.write({"dvc.yaml": "stages: {a: {cmd: a, outs: [d]}, b: {cmd: b, outs: [d/x]}}"})
    with pytest.raises(InputError, match="overlap"):
        project.run_kit()


@pytest.mark.parametrize("path", ["../outside.txt", "/tmp/outside.txt", "d/../../outside.txt"])
def test_an_output_outside_of_the_repository_is_refused_before_anything_runs(project: Project, path: str) -> None:
    project.write({"dvc.yaml": f"stages: {{a: {{cmd: touch ran, outs: [{path}]}}}}"})
    with pytest.raises(IntegrityError, match=r"outside\.txt.*lies outside of the repository"):
        project.run_kit()
    assert not (project.root / "ran").exists()


def test_pushing_without_a_remote_is_an_input_error_and_keeps_the_run(project: Project) -> None:
    done = project.run_kit(push=True)
    assert isinstance(done.unsent, InputError)
    assert "no remote" in str(done.unsent)
    assert "first:" in project.read("dvc.lock")


def test_a_cloud_that_cannot_be_reached_is_an_outside_error_and_keeps_the_run(project: Project) -> None:
    closed = "endpointurl = http://127.0.0.1:9\n    access_key_id = a\n    secret_access_key = b"
    project.write({".dvc/config": f"[core]\n    remote = r\n['remote \"r\"']\n    url = s3://models\n    {closed}\n"})
    done = project.run_kit(push=True)
    assert isinstance(done.unsent, OutsideError)
    assert "the DVC remote failed: Could not connect to the endpoint URL" in str(done.unsent)
    assert "first:" in project.read("dvc.lock")


def test_a_date_among_the_params_is_an_input_error_that_names_it(project: Project) -> None:
    project.write({"params.yaml": "day: 2024-01-01\n"})
    with pytest.raises(InputError, match=r"Unsupported value of type 'date' in 'params.yaml:day'"):
        project.run_kit()


def test_an_unknown_target_is_an_input_error(project: Project) -> None:
    with pytest.raises(InputError, match="nonsense"):
        project.run_kit("nonsense")


def test_a_folder_without_dvc_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not inside a DVC repository"):
        Project(root=tmp_path).run_kit()


def test_a_stage_that_reads_the_root_folder_runs_after_all_that_write_there(project: Project) -> None:
    (project.root / ".dvcignore").unlink()  # DVC refuses a dependency that holds one
    project.write({"whole/dvc.yaml": "stages:\n  w:\n    wdir: ..\n    cmd: test -f size.json\n    deps: [.]\n"})
    done = project.run_kit("whole/dvc.yaml:w")
    assert project.states(done) == "first=ran second=ran whole/dvc.yaml:w=ran"


def test_neither_git_nor_dvc_sees_the_kits_logs(project: Project) -> None:
    project.run_kit()
    logs = list((project.root / ".mlops" / "runs").glob("*/first-*.log"))
    assert [log.read_text().splitlines()[0] for log in logs] == ["> echo run >> first.log; cat in > mid"]
    assert ".mlops" not in project.git("status", "--porcelain", "--untracked-files=all")
    with project.opened() as repo:
        seen = [name for folder, _, names in repo.dvcignore.walk(repo.fs, repo.root_dir) for name in (folder, *names)]
    assert "dvc.lock" in seen
    assert not [name for name in seen if name.endswith(".log") and "first-" in name]
