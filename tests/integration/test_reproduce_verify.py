"""`reproduce --verify`: damage that DVC does not see is found, mended, or refused."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_kit.core.errors import IntegrityError, OutsideError
from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project
from tests.integration.remote_project import PIPELINE, folder_remote, listing, make_remote_project, md5, ran

FILE, MEMBER = md5("firstsecondlr: 1\n"), md5("firstsecond")
DIRECTORY = listing({"all": "firstsecond", "sub/a": "first"})
WHERE = {FILE: "model", MEMBER: "prepared/all", DIRECTORY: "prepared"}
Damage = Callable[[Path], None]


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    overwrite(path, bytes(data))


def cut(path: Path) -> None:
    overwrite(path, path.read_bytes()[:-1])


def empty(path: Path) -> None:
    overwrite(path, b"")


def overwrite(path: Path, data: bytes) -> None:
    """As a disk does it: same inode, same mode, same time."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES = pytest.mark.parametrize("damage", [flip_a_bit, cut, empty])
MODES = pytest.mark.parametrize("mode", [0o444, 0o644])
OBJECTS = pytest.mark.parametrize("value", [FILE, MEMBER, DIRECTORY], ids=["file", "member", "listing"])
LINKS = pytest.mark.parametrize("link", ["copy", "hardlink", "symlink"])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_remote_project(tmp_path, folder_remote(tmp_path / "store"))


def relink(project: Project, link: str) -> None:
    """All outputs checked out again by this kind of link."""
    project.write({".dvc/config": project.read(".dvc/config") + f"[cache]\n    type = {link}\n"})
    with project.opened() as repo:
        repo.checkout(relink=True)


def cached(project: Project, value: str) -> Path:
    return project.root / ".dvc/cache/files/md5" / value[:2] / value[2:]


def stored(project: Project, value: str) -> Path:
    return project.root.parent / "store/files/md5" / value[:2] / value[2:]


def quarantined(project: Project, value: str) -> list[Path]:
    return list((project.root / ".dvc/tmp/mlops-kit/quarantine").glob(f"{value}-*"))


def forget_remote(project: Project) -> None:
    project.write({".dvc/config": project.read(".dvc/config").replace("remote = store\n", "\n")})


@LINKS
@OBJECTS
@MODES
@DAMAGES
def test_a_damaged_object_is_moved_aside_and_comes_back(
    project: Project, link: str, value: str, mode: int, damage: Damage
) -> None:
    relink(project, link)
    cached(project, value).chmod(mode)
    damage(cached(project, value))
    told: list[str] = []
    done = project.run_kit(verify=True, told=told)
    assert done.damaged is None
    assert {stage.state for stage in done.stages} == {StageState.CACHED}
    assert project.read(WHERE[value] if value != DIRECTORY else "prepared/all").startswith("firstsecond")
    assert len(quarantined(project, value)) >= 1
    assert [text for text in told if f"md5:{value}: the cache had other bytes" in text]
    again: list[str] = []
    assert project.run_kit(verify=True, told=again).damaged is None
    assert [text for text in again if text.startswith("note")] == []
    assert not project.status()


@OBJECTS
def test_without_a_remote_an_object_is_made_again_from_a_good_workspace(project: Project, value: str) -> None:
    forget_remote(project)
    cut(cached(project, value))
    assert project.run_kit(verify=True).damaged is None
    assert {stage.state for stage in project.run_kit(verify=True).stages} == {StageState.CACHED}


@OBJECTS
@DAMAGES
def test_what_nobody_has_is_refused_before_anything_runs(project: Project, value: str, damage: Damage) -> None:
    relink(project, "hardlink")
    forget_remote(project)
    if value == DIRECTORY:
        (project.root / "prepared/all").unlink()
    damage(cached(project, value))
    project.write({"dvc.yaml": PIPELINE.replace("cat model side.bin", "touch started; cat model side.bin")})
    with pytest.raises(IntegrityError) as caught:
        project.run_kit(verify=True)
    assert f"expected md5:{value}, found md5:" in str(caught.value)
    assert WHERE[value].partition("/")[0] in str(caught.value)
    assert not (project.root / "started").exists()


def test_what_was_refused_is_made_anew_once_it_is_removed(project: Project) -> None:
    relink(project, "hardlink")
    forget_remote(project)
    flip_a_bit(cached(project, FILE))
    with pytest.raises(IntegrityError):
        project.run_kit(verify=True)
    (project.root / "model").unlink()
    assert "train=ran" in project.states(project.run_kit(verify=True))


@OBJECTS
@DAMAGES
def test_a_damaged_remote_fails_its_stage_and_is_exit_six_before_its_bytes_are_checked_out(
    project: Project, tmp_path: Path, value: str, damage: Damage
) -> None:
    clone = project.clone(tmp_path / "clone")
    damage(stored(project, value))
    clone.write({"dvc.yaml": PIPELINE.replace("cat model side.bin", "cat side.bin model")})
    if value != FILE:
        clone.write({"params.yaml": "lr: 2\n"})
    done = clone.run_kit(pull=True, verify=True)
    assert isinstance(done.damaged, IntegrityError)
    assert f"expected md5:{value}, found md5:" in str(done.damaged) or f"object {value} is" in str(done.damaged)
    assert done.failed
    assert not (clone.root / WHERE[value]).exists()
    assert value not in clone.objects()
    assert ran(clone) == set()


def test_a_damaged_object_of_a_later_wave_fails_its_stage_and_is_exit_six(project: Project, tmp_path: Path) -> None:
    clone = project.clone(tmp_path / "clone")
    flip_a_bit(stored(project, md5("more")))
    clone.write({"params.yaml": "lr: 2\n"})
    done = clone.run_kit(pull=True, verify=True)
    assert "evaluate=skipped" in clone.states(done)
    assert "side=failed" in clone.states(done)
    assert isinstance(done.damaged, IntegrityError)
    assert f"expected md5:{md5('more')}" in str(done.damaged)


def test_damage_of_the_workspace_that_dvc_does_not_see_comes_back_from_the_cache(project: Project) -> None:
    flip_a_bit(project.root / "model")
    assert {stage.state for stage in project.run_kit().stages} == {StageState.CACHED}
    told: list[str] = []
    done = project.run_kit(verify=True, told=told)
    assert {stage.state for stage in done.stages} == {StageState.CACHED}
    assert project.read("model") == "firstsecondlr: 1\n"
    assert "note model: was not what the lock says; brought back from the cache" in told


def test_a_change_of_an_output_that_dvc_sees_is_left_to_dvc(project: Project) -> None:
    (project.root / "model").unlink()
    project.write({"model": "mine"})
    assert "train=restored" in project.states(project.run_kit(verify=True))
    assert project.read("model") == "firstsecondlr: 1\n"
    (project.root / "extra").unlink()
    project.write({"extra": "other"})
    states = project.states(project.run_kit(verify=True))
    assert "extra.dvc=ran" in states
    assert "side=ran" in states
    assert project.read("extra") == "other"


def test_an_edit_is_never_overwritten_although_the_cache_is_damaged(project: Project) -> None:
    flip_a_bit(cached(project, md5("more")))
    (project.root / "extra").unlink()
    project.write({"extra": "edited"})
    project.run_kit(verify=True)
    assert project.read("extra") == "edited"


def test_a_file_that_a_later_stage_spoilt_comes_back_after_the_run(project: Project) -> None:
    project.write({"dvc.yaml": PIPELINE.replace("cat model side.bin", "rm -f model; echo > model; cat side.bin")})
    told: list[str] = []
    done = project.run_kit(verify=True, told=told)
    assert "evaluate=ran" in project.states(done)
    assert done.damaged is None
    assert project.read("model") == "firstsecondlr: 1\n"


def test_a_metric_that_git_keeps_and_a_later_stage_spoilt_is_refused(project: Project) -> None:
    project.write({"dvc.yaml": PIPELINE.replace("cat model side.bin", "echo 0 > size.json; cat side.bin")})
    done = project.run_kit(verify=True, push=True)
    assert isinstance(done.damaged, IntegrityError)
    assert str(done.damaged).startswith("size.json: expected md5:")
    assert done.unsent is None


def test_more_files_than_the_listing_names_are_moved_aside_after_the_run(project: Project) -> None:
    project.write({"dvc.yaml": PIPELINE.replace("cat model side.bin", "echo > prepared/more; cat model side.bin")})
    assert project.run_kit(verify=True).damaged is None
    assert not (project.root / "prepared/more").exists()
    assert not project.status()


def test_a_legacy_cache_is_verified_too(project: Project) -> None:
    lock = project.read("dvc.lock")
    project.write({"dvc.lock": lock.replace("      hash: md5\n", "")})
    shutil.copytree(project.root / ".dvc/cache/files/md5", project.root / ".dvc/cache", dirs_exist_ok=True)
    shutil.copytree(project.root.parent / "store/files/md5", project.root.parent / "store", dirs_exist_ok=True)
    damaged = project.root / ".dvc/cache" / FILE[:2] / FILE[2:]
    flip_a_bit(damaged)
    done = project.run_kit("train", verify=True)
    assert "train=cached" in project.states(done)
    assert damaged.read_text() == "firstsecondlr: 1\n"


def test_a_remote_that_fails_while_an_object_is_fetched_again_is_an_outside_error(project: Project) -> None:
    relink(project, "hardlink")
    closed = "endpointurl = http://127.0.0.1:9\n    access_key_id = a\n    secret_access_key = b"
    place = f"url = {project.root.parent / 'store'}"
    project.write({".dvc/config": project.read(".dvc/config").replace(place, f"url = s3://gone\n    {closed}")})
    flip_a_bit(cached(project, FILE))
    with pytest.raises(OutsideError, match="Could not connect"):
        project.run_kit(verify=True)
