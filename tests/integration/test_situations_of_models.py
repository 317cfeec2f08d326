"""Locks that nobody ran, odd bytes, odd names: what promotion makes of them, with real git."""

import json
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.types import Digest, ModelName
from tests.faults.stage import git
from tests.integration.situation import Team
from tests.unit.promotion.scene import CHURN, DEV, ONE, digest_of

PIPELINE = """
stages:
  prepare:
    cmd: prepare
    outs: [data.csv]
  evaluate:
    cmd: evaluate
    outs: [unrelated.txt]
  train:
    cmd: train
    deps: [data.csv]
    outs: [models/churn.bin]
artifacts:
  churn: {path: models/churn.bin, type: model}
"""
LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: prepare
    outs:
    - path: data.csv
      hash: md5
      md5: PREPARED
      size: 3
  evaluate:
    cmd: evaluate
    outs:
    - path: unrelated.txt
      hash: md5
      md5: cccccccccccccccccccccccccccccccc
      size: 3
  train:
    cmd: train
    deps:
    - path: data.csv
      hash: md5
      md5: READ
      size: 3
    outs:
    - path: models/churn.bin
      hash: md5
      md5: MODEL
      size: 3
"""


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


def write(team: Team, branch: str, files: dict[str, str]) -> None:
    for path, text in files.items():
        (team.work / path).parent.mkdir(parents=True, exist_ok=True)
        (team.work / path).write_text(text)
    team.git("add", "-A")
    team.git("commit", "-q", "-m", f"on {branch}")
    team.push(branch)


def lock(*, prepared: str, read: str, model: str) -> str:
    text = LOCK
    for word, letter in (("PREPARED", prepared), ("READ", read), ("MODEL", model)):
        text = text.replace(word, digest_of(letter).value)
    return text


def named(name: str, entry: object, *, path: str = "models/churn.bin") -> dict[str, str]:
    """A project whose one model has this name and this entry in the lock."""
    definition = {
        "stages": {"train": {"cmd": "train", "outs": [path]}},
        "artifacts": {name: {"path": path, "type": "model"}},
    }
    stages = {"train": {"cmd": "train", "outs": [{"path": path, **dict(entry)}]}}  # type: ignore[call-overload]
    return {
        ".dvc/config": "",
        "mlops.yaml": ONE,
        "dvc.yaml": json.dumps(definition),
        "dvc.lock": json.dumps({"schema": "2.0", "stages": stages}),
    }


def test_a_clean_merge_of_two_locks_can_be_one_that_nobody_ran(team: Team) -> None:
    team.git("checkout", "-q", "-b", "dev")
    both = {".dvc/config": "", "mlops.yaml": team.scene.config, "dvc.yaml": PIPELINE}
    write(team, "dev", {**both, "dvc.lock": lock(prepared="c", read="c", model="a")})
    team.reconcile()
    team.git("checkout", "-q", "-b", "retrained")
    write(team, "retrained", {"dvc.lock": lock(prepared="c", read="c", model="b")})
    team.git("checkout", "-q", "dev")
    write(team, "dev", {"dvc.lock": lock(prepared="d", read="c", model="a")})
    team.git("merge", "-q", "--no-ff", "-m", "clean", "retrained")
    team.push("dev")
    (blocked,) = team.blocked("dev")
    assert blocked.reason.startswith("lock inconsistent: train data.csv: ")
    assert "mlops-kit reproduce" in blocked.hint
    assert team.story() == "1 bootstrap a"


def test_bytes_that_are_nowhere_block_and_leave_no_trace(team: Team) -> None:
    team.scene.artifacts.missing.add(digest_of("a"))
    team.commit("dev", churn="a")
    (blocked,) = team.blocked("dev")
    assert digest_of("a").value in blocked.reason
    assert "dvc push" in blocked.hint
    assert (team.story(), team.scene.writes) == ("", 0)


def test_a_lock_entry_of_dvc_2_is_a_legacy_digest(team: Team) -> None:
    team.git("checkout", "-q", "-b", "dev")
    write(team, "dev", named("churn", {"md5": "a" * 32, "size": 3}))
    team.reconcile("dev")
    assert team.records()[0].digest == Digest(algorithm="md5-dos2unix", value="a" * 32)


def test_a_folder_and_a_file_with_one_name_are_two_versions(team: Team) -> None:
    team.git("checkout", "-q", "-b", "dev")
    write(team, "dev", named("churn", {"hash": "md5", "md5": f"{'a' * 32}.dir", "size": 9, "nfiles": 3}))
    team.reconcile("dev")
    write(team, "dev", named("churn", {"hash": "md5", "md5": "a" * 32, "size": 3}))
    team.reconcile("dev")
    assert [str(found.digest) for found in team.records()] == [f"md5:{'a' * 32}.dir", f"md5:{'a' * 32}"]


def several(names: list[str]) -> dict[str, str]:
    """A project with a model of each name, of bytes of its own."""
    definition = {
        "stages": {f"train{n}": {"cmd": "train", "outs": [f"{n}.bin"]} for n in range(len(names))},
        "artifacts": {name: {"path": f"{n}.bin", "type": "model"} for n, name in enumerate(names)},
    }
    stages = {
        f"train{n}": {
            "cmd": "train",
            "outs": [{"path": f"{n}.bin", "hash": "md5", "md5": digest_of(str(n)).value, "size": 3}],
        }
        for n in range(len(names))
    }
    lock = json.dumps({"schema": "2.0", "stages": stages})
    return {".dvc/config": "", "mlops.yaml": ONE, "dvc.yaml": json.dumps(definition), "dvc.lock": lock}


def test_models_whose_names_differ_by_a_slash_or_a_colon_never_meet(team: Team) -> None:
    names = ["team/churn", "team:churn", "team=2Fchurn", "Team-churn"]
    team.git("checkout", "-q", "-b", "dev")
    write(team, "dev", several(names))
    team.reconcile("dev")
    team.world.git.fetch()
    found = {record.model: record.digest for record in team.world.log.read_records()}
    assert found == {ModelName(name.replace("/", "-")): digest_of(str(n)) for n, name in enumerate(names)}
    assert all(team.scene.registry.read_alias(model, DEV).version for model in found)
    assert len(git(team.runner, "tag", "-l").splitlines()) == len(names)


def test_two_models_that_would_share_a_name_are_refused(team: Team) -> None:
    team.git("checkout", "-q", "-b", "dev")
    write(team, "dev", several(["team/churn", "team-churn"]))
    (outcome,) = team.reconcile("dev")
    assert outcome.code is ExitCode.INPUT
    assert "are called 'team-churn'" in outcome.failures[0].problem.message
    assert team.records() == ()


@pytest.mark.parametrize(
    "name",
    ["$(touch PWNED)", "`touch PWNED`", "a b", "-rf", "--upload-pack=touch PWNED", "a\nb", "..", "@{-1}", "x.lock"],
)
def test_a_malicious_name_is_only_a_name(team: Team, name: str) -> None:
    branch = "feat/$(touch${IFS}PWNED)`id`;x"
    team.scene.config = ONE.replace("branch: dev", f"branch: {json.dumps(branch)}")
    team.git("checkout", "-q", "-b", branch)
    files = named(name, {"hash": "md5", "md5": "a" * 32, "size": 3})
    write(team, branch, {**files, "mlops.yaml": team.scene.config})
    (outcome,) = team.reconcile("dev")
    assert outcome.code is ExitCode.DONE, outcome
    (record,) = team.records(model=ModelName(name))
    assert (record.model, record.digest.value) == (name, "a" * 32)
    assert not list(team.folder.rglob("PWNED"))
    assert team.reconcile("dev")[0].done == ()
    assert team.records() == () or name == CHURN


def test_a_branch_and_a_tag_of_one_name_are_told_apart(team: Team) -> None:
    team.scene.config = ONE
    old = team.commit("main", churn="z")
    team.git("tag", "dev", old)
    team.git("push", "-q", "origin", "refs/tags/dev")
    team.git("checkout", "-q", "-b", "dev")
    files = named("churn", {"hash": "md5", "md5": digest_of("a").value, "size": 3})
    for path, text in files.items():
        (team.work / path).write_text(text)
    team.git("commit", "-q", "-am", "on the branch")
    team.git("push", "-q", "origin", "refs/heads/dev:refs/heads/dev")
    team.git("push", "-q", "origin", f"{old}:refs/heads/refs/heads/dev", f"{old}:refs/heads/refs/remotes/origin/dev")
    team.reconcile("dev")
    assert team.story() == "1 bootstrap a"
