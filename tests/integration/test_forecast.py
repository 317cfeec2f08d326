"""What a forecast says, and what a run right after it does, on real DVC projects."""

import hashlib
import random
import shutil
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.reasons import DvcForecaster
from mlops_kit.commands.forecast import forecast
from mlops_kit.commands.reproduce import Reproduction
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.forecast import Cause, Fate, Forecast
from mlops_kit.core.run import Selection, StageState
from tests.integration.dvc_project import Project, make_project
from tests.integration.scenario import adding, nothing
from tests.integration.scenario_files import COPY, RESTLESS
from tests.integration.scenarios import SCENARIOS
from tests.integration.test_reproduce_equals_dvc import random_pipeline

UNFORESEEABLE = "a stage that writes into another's output"
"""Whether the folder is another one after the run, nobody can know before."""

POSSIBLE = {
    Fate.RUN: {StageState.RAN},
    Fate.NOTE: {StageState.RAN},
    Fate.RESTORE: {StageState.RESTORED},
    Fate.KEEP: {StageState.CACHED},
    Fate.MAY_RUN: {StageState.RAN, StageState.RESTORED, StageState.CACHED},
    Fate.ABSENT: set(StageState),
}


def look(project: Project, *targets: str, folder: str = "", **wishes: bool) -> Forecast:
    """What `reproduce --dry-run` finds; it changed nothing."""
    before = snapshot(project.root)
    with DvcForecaster(project.root / folder) as forecaster:
        found = forecast(forecaster, Selection(targets=targets, **wishes))
    assert snapshot(project.root) == before
    return found


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the project, of git and of DVC, by path; but for DVC's own notes, which it writes when opened."""
    notes = root / ".dvc" / "tmp"
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_relative_to(notes))
    return {str(path): (path.lstat().st_mtime_ns, path.read_bytes()) for path in files}


def fates(found: Forecast) -> str:
    return " ".join(sorted(f"{stage.name}={stage.fate.value}" for stage in found.stages))


def surprises(found: Forecast, done: Reproduction) -> list[str]:
    """The stages that did what the forecast ruled out.

    One that was said to run may be restored: after what it reads from ran, or where a stage of the same name in another
    file does the same and was done before it began.
    """
    states = {stage.name: stage.state for stage in done.stages}
    ran = [name.rpartition(":")[2] for name, state in states.items() if state is StageState.RAN]
    return [
        f"{stage.name}: {stage.fate.value}, {states[stage.name].value}"
        for stage in found.stages
        if states[stage.name] not in POSSIBLE[stage.fate]
        and not (
            states[stage.name] is StageState.RESTORED
            and (
                stage.name.rpartition(":")[2] in ran or any(reason.cause is Cause.UPSTREAM for reason in stage.reasons)
            )
        )
    ]


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != UNFORESEEABLE])
def test_a_run_does_what_was_forecast(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    project = make_project(tmp_path / "p", dict(scenario.files), site=tmp_path / "site")
    for change in (*scenario.changes, nothing):
        change(project)
        found = look(project, *scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        done = project.run_kit(*scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        assert [stage.name for stage in found.stages] == [stage.name for stage in done.stages]
        assert surprises(found, done) == []
    assert look(project, *scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything).up_to_date


CHAIN = """
stages:
  first:
    cmd: cat in > mid
    deps: [in]
    params: [lr, nested]
    outs: [mid]
  second:
    cmd: cat mid > end; wc -c < mid > size.json
    deps: [mid]
    outs: [end]
    metrics:
      - size.json: {cache: false}
  third:
    cmd: cat end > last
    deps: [end]
    outs: [last]
"""
PARAMS = "lr: 0.1\nnested: {depth: 3, words: [a, b]}\n"


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    files = {"dvc.yaml": CHAIN, "in": "1", "params.yaml": PARAMS}
    project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    project.run_kit()
    project.commit()
    return project


def why(found: Forecast, name: str) -> list[str]:
    (stage,) = (stage for stage in found.stages if stage.name == name)
    return [
        " ".join(str(part) for part in (reason.cause, reason.subject, reason.key, reason.old, reason.new, reason.note))
        for reason in stage.reasons
    ]


def test_nothing_changed(chain: Project) -> None:
    found = look(chain)
    assert fates(found) == "first=keep second=keep third=keep"
    assert [why(found, stage.name) for stage in found.stages] == [[], [], []]
    assert found.up_to_date


def test_before_the_first_run_everything_runs_for_that_reason_alone(tmp_path: Path) -> None:
    files = {"dvc.yaml": CHAIN, "in": "1", "params.yaml": PARAMS}
    found = look(make_project(tmp_path / "p", files, site=tmp_path / "site"))
    assert fates(found) == "first=run second=run third=run"
    assert why(found, "first") == ["never-ran   None None "]
    assert why(found, "second") == ["never-ran   None None ", "upstream first  None None "]


def test_a_changed_input_and_param_and_command_are_shown_with_both_sides(chain: Project) -> None:
    chain.write({"in": "2", "params.yaml": "lr: 0.2\nnested: {depth: 4, words: [a, b]}\n"})
    chain.write({"dvc.yaml": CHAIN.replace("cat in > mid", "cat in in > mid")})
    found = look(chain)
    assert fates(found) == "first=run second=may-run third=may-run"
    assert why(found, "first") == [
        "command   cat in > mid cat in in > mid ",
        "dependency in  md5:c4ca4238a0b923820dcc509a6f75849b md5:c81e728d9d4c2f636f067f89cc14862c ",
        "param params.yaml lr 0.1 0.2 ",
        "param params.yaml nested.depth 3 4 ",
    ]
    assert why(found, "second") == ["upstream first  None None "]
    assert not found.up_to_date


def test_a_new_a_removed_and_a_retyped_param(chain: Project) -> None:
    chain.write({"params.yaml": "nested: {words: [a], more: .nan}\n"})
    assert why(look(chain), "first") == [
        "param params.yaml lr 0.1 None gone",
        "param params.yaml nested.depth 3 None gone",
        "param params.yaml nested.more None NaN new",
        "param params.yaml nested.words ['a', 'b'] ['a'] ",
    ]


def test_a_whole_chain_that_comes_back_from_the_run_cache_is_known_to_its_end(chain: Project) -> None:
    chain.write({"in": "2"})
    chain.run_kit()
    chain.write({"in": "1"})
    found = look(chain)
    assert fates(found) == "first=restore second=restore third=restore"
    assert [line.split()[:2] for line in why(found, "third")] == [["dependency", "end"]]
    assert surprises(found, chain.run_kit()) == []


def test_a_result_whose_input_is_an_executable_is_found(tmp_path: Path) -> None:
    files = {"dvc.yaml": CHAIN.replace("cat in > mid", "cat in > mid; chmod +x mid"), "params.yaml": PARAMS}
    project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    for text in ("1", "2"):
        project.write({"in": text})
        project.run_kit()
    project.write({"in": "1"})
    (project.root / "mid").unlink()
    found = look(project)
    assert fates(found) == "first=restore second=restore third=restore"
    assert surprises(found, project.run_kit()) == []


def test_an_older_commit_is_restored_to_its_end(chain: Project) -> None:
    chain.write({"in": "2"})
    chain.run_kit()
    chain.git("checkout", "--quiet", "--", ".")
    found = look(chain)
    assert fates(found) == "first=restore second=restore third=restore"
    assert found.stages[0].reasons[0].cause is Cause.OUTPUT
    assert surprises(found, chain.run_kit()) == []


def drop_data(project: Project, *, cache: bool) -> None:
    """A fresh clone: no outputs, and no cache either."""
    for name in ("mid", "end", "last"):
        (project.root / name).unlink()
    if cache:
        shutil.rmtree(project.root / ".dvc" / "cache")


def test_missing_outputs_that_the_cache_has_are_restored(chain: Project) -> None:
    drop_data(chain, cache=False)
    found = look(chain)
    assert fates(found) == "first=restore second=restore third=restore"
    assert found.up_to_date
    assert surprises(found, chain.run_kit()) == []


def test_a_clone_without_data_is_up_to_date_and_says_what_is_absent(chain: Project) -> None:
    drop_data(chain, cache=True)
    found = look(chain)
    assert fates(found) == "first=absent second=absent third=absent"
    assert why(found, "first") == ["missing mid  None None not in the cache"]
    assert why(found, "second") == ["missing mid  None None a dependency", "missing end  None None not in the cache"]
    assert found.up_to_date


def test_a_clone_without_data_still_sees_a_change(chain: Project) -> None:
    drop_data(chain, cache=True)
    chain.write({"params.yaml": PARAMS.replace("0.1", "0.3")})
    found = look(chain)
    assert fates(found) == "first=run second=may-run third=may-run"
    assert not found.up_to_date


def test_a_lock_that_two_branches_made_is_seen_without_data(chain: Project) -> None:
    drop_data(chain, cache=True)
    lock = chain.read("dvc.lock")
    head, second, rest = lock.partition("  second:")
    chain.write({"dvc.lock": head + second + rest.replace(md5("1"), md5("9"), 1)})
    found = look(chain)
    assert fates(found) == "first=absent second=run third=may-run"
    assert why(found, "second")[0] == f"dependency mid  md5:{md5('9')} md5:{md5('1')} "


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_with_pull_absent_data_comes_where_a_stage_that_runs_needs_it(chain: Project, tmp_path: Path) -> None:
    (tmp_path / "remote").mkdir()
    with chain.opened() as repo:
        with repo.config.edit("local") as config:
            config["remote"] = {"r": {"url": str(tmp_path / "remote")}}
            config["core"] = {"remote": "r"}
        repo.push(run_cache=True)
    drop_data(chain, cache=True)
    found = look(chain, pull=True)
    assert fates(found) == "first=absent second=absent third=absent"
    assert found.up_to_date
    assert surprises(found, chain.run_kit(pull=True)) == []
    assert not (chain.root / "mid").exists()
    chain.write({"dvc.yaml": chain.read("dvc.yaml").replace("cat end", "cat -n end")})
    found = look(chain, pull=True)
    assert fates(found) == "first=absent second=restore third=run"
    assert surprises(found, chain.run_kit(pull=True)) == []


def test_force_runs_all(chain: Project) -> None:
    found = look(chain, force=True)
    assert fates(found) == "first=run second=run third=run"
    assert not found.up_to_date
    assert surprises(found, chain.run_kit(force=True)) == []


def test_stages_that_run_every_time_leave_the_lock_up_to_date(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": RESTLESS}, site=tmp_path / "site")
    project.run_kit()
    found = look(project)
    assert fates(found) == "after=may-run always=run callback=run"
    assert found.up_to_date


def test_added_data_that_changed_is_noted_and_its_reader_runs(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": COPY}, site=tmp_path / "site")
    adding("in", "1")(project)
    project.run_kit()
    project.write({"in": "2"})
    found = look(project)
    assert fates(found) == "copy=run in.dvc=note"
    assert surprises(found, project.run_kit()) == []


def test_a_dependency_on_another_machine_is_not_asked_for(tmp_path: Path) -> None:
    text = "stages: {far: {cmd: echo 1 > out, deps: ['s3://no-such-bucket/key'], outs: [out]}}"
    lock = (
        "schema: '2.0'\nstages:\n  far:\n    cmd: echo 1 > out\n"
        "    deps:\n    - path: s3://no-such-bucket/key\n      etag: abc\n"
        f"    outs:\n    - path: out\n      hash: md5\n      md5: {md5('1')}\n"
    )
    project = make_project(tmp_path / "p", {"dvc.yaml": text, "dvc.lock": lock}, site=tmp_path / "site")
    found = look(project)
    assert fates(found) == "far=may-run"
    assert why(found, "far")[0] == "unseen s3://no-such-bucket/key  None None "
    assert found.up_to_date


def test_a_params_file_that_cannot_be_read_is_named(chain: Project) -> None:
    chain.write({"params.yaml": "lr: [\n"})
    with pytest.raises(InputError, match=r"params\.yaml"):
        look(chain)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_history_goes_as_forecast(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311
    files = {"dvc.yaml": random_pipeline(chance, stages=9), "params.yaml": "p: 1\n"}
    project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    for _ in range(8):
        found = look(project)
        assert surprises(found, project.run_kit()) == [], fates(found)
        chance.choice((edit_command, edit_back, remove_output, spoil_output, lambda *_: None))(project, chance)
        project.git("add", "--all")
        project.git("commit", "--quiet", "--allow-empty", "--message", "state")


def edit_command(project: Project, chance: random.Random) -> None:
    number = chance.randrange(9)
    text = project.read("dvc.yaml")
    project.write({"dvc.yaml": text.replace(f"echo {number} >>", f"echo {number}{chance.randrange(3)} >>")})


def edit_back(project: Project, _chance: random.Random) -> None:
    if project.git("rev-list", "--count", "HEAD").strip() != "1":
        project.git("checkout", "--quiet", "HEAD~1", "--", "dvc.yaml")


def remove_output(project: Project, chance: random.Random) -> None:
    shutil.rmtree(project.root / f"o{chance.randrange(9)}")


def spoil_output(project: Project, chance: random.Random) -> None:
    project.write({f"o{chance.randrange(9)}/f": "spoilt"})
