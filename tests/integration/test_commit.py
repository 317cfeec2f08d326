"""`reproduce --hand-over` and `commit`: what a runner reproduced goes back to the branch, with real git and DVC."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account
from tests.integration.counter import FOLDER, Counter, as_fork, make_counter
from tests.integration.desk import TOKEN, git
from tests.integration.remote_project import md5
from tests.integration.s3_server import serve_s3


@pytest.fixture
def counter(github: FakeGitHub, tmp_path: Path) -> Counter:
    return make_counter(github, tmp_path)


def test_what_was_reproduced_is_committed_and_pulled_by_a_reviewer(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.hand_over_and_commit() is ExitCode.DONE

    commit = counter.branch()
    assert counter.outputs() == {"lock": "committed-quietly", "commit": commit}
    assert counter.changed() == ["curve/rate", "dvc.lock"]
    assert git(counter.origin, "rev-parse", f"{commit}^") == counter.head
    reviewer = counter.pull()
    assert reviewer.status() == {}
    assert reviewer.read("model").endswith("rate: 2\n")
    assert "for whose commits GitHub starts no workflow" in capsys.readouterr().out


def test_a_later_run_of_the_same_head_finds_the_first_ones_commit(counter: Counter) -> None:
    counter.hand_over_and_commit()
    made = counter.branch()

    assert counter.commit(GITHUB_RUN_ID="6") is ExitCode.DONE
    assert (counter.branch(), counter.outputs()["commit"]) == (made, made)


def test_a_run_of_the_new_head_has_nothing_to_do(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    counter.hand_over_and_commit()
    made = counter.branch()

    assert counter.at_new_head().hand_over_and_commit() is ExitCode.DONE
    assert (counter.branch(), counter.outputs()["lock"]) == (made, "unchanged")
    assert "nothing to do" in capsys.readouterr().out


def test_a_stage_that_gives_something_else_each_time_cannot_make_it_go_on_for_ever(counter: Counter) -> None:
    counter.hand_over_and_commit()
    made = counter.branch()
    again = counter.at_new_head()
    again.runner.write({"noise": "x"})
    assert again.reproduce("--force") is ExitCode.DONE
    again.carry()

    assert again.commit() is ExitCode.DONE
    assert (counter.branch(), again.outputs()["lock"]) == (made, "unstable")


def test_an_apps_token_starts_workflows_and_says_nothing_of_it(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.github.accounts[TOKEN] = Account(login="churn-kit[bot]")

    assert counter.hand_over_and_commit() is ExitCode.DONE
    assert counter.outputs()["lock"] == "committed"
    assert "starts no workflow" not in capsys.readouterr().out
    author = git(counter.origin, "show", "--no-patch", "--format=%an <%ae> %cn", "refs/heads/feature")
    assert author == "churn-kit[bot] <churn-kit[bot]@users.noreply.github.com> churn-kit[bot]"


def test_a_fork_gets_nothing(counter: Counter) -> None:
    counter.reproduce()
    counter.carry()
    fork = as_fork(counter)
    before = fork.stored()

    assert fork.commit() is ExitCode.DONE
    assert (fork.outputs()["lock"], fork.branch(), fork.stored()) == ("fork", fork.head, before)


def test_a_branch_that_moved_meanwhile_is_left_alone_and_nothing_is_uploaded(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.reproduce()
    counter.carry()
    newer, before = counter.move_on(), counter.stored()

    assert counter.commit() is ExitCode.CONFLICT
    assert (counter.branch(), counter.outputs()["lock"], counter.stored()) == (newer, "moved", before)
    assert f"is at {newer[:12]}" in capsys.readouterr().err


def test_a_branch_that_is_deleted_is_not_made_again(counter: Counter) -> None:
    counter.reproduce()
    counter.carry()
    git(counter.origin, "update-ref", "-d", "refs/heads/feature")

    assert counter.commit() is ExitCode.CONFLICT
    assert git(counter.origin, "for-each-ref", "refs/heads/feature") == ""


def test_a_push_that_rules_refuse_is_a_refusal(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    counter.reproduce()
    counter.carry()
    hook = counter.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n")
    hook.chmod(0o755)

    assert counter.commit() is ExitCode.REFUSED
    assert (counter.branch(), counter.outputs()["lock"]) == (counter.head, "refused")
    assert "takes no commit from this token" in capsys.readouterr().err


def test_files_of_a_folder_come_and_go_as_the_run_made_them(counter: Counter) -> None:
    counter.runner.write({"extra": "1"})
    counter.hand_over_and_commit()
    assert counter.changed() == ["curve/extra", "curve/rate", "dvc.lock"]
    again = counter.at_new_head()
    again.runner.write({"params.yaml": "rate: 3\n"})
    again.runner.git("rm", "-q", "--cached", "extra", "--ignore-unmatch")
    (again.runner.root / "extra").unlink()
    again.runner.git("commit", "--quiet", "--all", "--message", "another rate")
    again.runner.git("push", "--quiet", "origin", "HEAD:refs/heads/feature")
    third = again.at_new_head()

    assert third.hand_over_and_commit() is ExitCode.DONE
    assert third.changed() == ["curve/extra", "curve/rate", "dvc.lock"]
    assert third.pull().status() == {}
    assert not (third.folder / "reviewer/curve/extra").exists()


@pytest.mark.parametrize("words", [["--most-objects", "0"], ["--most-mib", "0"]])
def test_objects_that_are_too_much_are_left_out_and_the_lock_is_not_committed_without_them(
    counter: Counter, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.reproduce(*words) is ExitCode.DONE
    counter.carry()

    assert counter.commit() is ExitCode.REFUSED
    assert "1 objects of 14 bytes are too much to be handed over; reproduce --push sends" in capsys.readouterr().err
    assert (counter.branch(), counter.outputs()["lock"]) == (counter.head, "no-bytes")


@pytest.mark.parametrize("folder", [".", "src", "dvc.yaml", "link"])
def test_a_folder_with_something_else_in_it_is_never_emptied(
    counter: Counter, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.runner.write({"src/train.py": "import churn\n"})
    (counter.runner.root / "link").symlink_to(counter.folder / "elsewhere")

    assert counter.reproduce("--hand-over", folder) is ExitCode.INPUT
    assert "is not empty, and not what was handed over before" in capsys.readouterr().err
    assert counter.runner.read("src/train.py") == "import churn\n"


def test_a_runner_that_pushes_itself_hands_over_no_objects(counter: Counter) -> None:
    assert counter.reproduce("--push") is ExitCode.DONE
    assert not (counter.carry() / "objects").exists()

    assert counter.commit() is ExitCode.DONE
    assert counter.pull().status() == {}


def test_a_lock_that_its_author_committed_and_forgot_to_push_gets_its_bytes(counter: Counter) -> None:
    counter.hand_over_and_commit()
    shutil.rmtree(counter.folder / "store")

    again = counter.at_new_head()
    assert again.hand_over_and_commit() is ExitCode.DONE
    assert again.outputs()["lock"] == "unchanged"
    assert md5("abcdefrate: 2\n") in again.stored()


def test_a_base_that_cannot_be_read_only_makes_more_be_handed_over(counter: Counter) -> None:
    assert counter.reproduce("--hand-over-base", "f" * 40) is ExitCode.DONE
    counter.carry()

    assert counter.commit() is ExitCode.DONE
    assert counter.pull().status() == {}


def test_a_base_without_a_remote_keeps_no_lock_whose_bytes_are_nowhere(
    github: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counter = make_counter(github, tmp_path, remote="[core]\n    autostage = false\n")

    assert counter.hand_over_and_commit() is ExitCode.REFUSED
    assert (counter.branch(), counter.outputs()["lock"]) == (counter.head, "refused")
    assert "there is no DVC remote to keep the outputs" in capsys.readouterr().err


def test_with_commit_none_an_old_lock_is_refused_and_nothing_is_written(github: FakeGitHub, tmp_path: Path) -> None:
    counter = make_counter(github, tmp_path, policy="version: 1\nreview: {commit: none}\n")
    before = counter.stored()

    assert counter.hand_over_and_commit() is ExitCode.REFUSED
    assert (counter.branch(), counter.outputs()["lock"], counter.stored()) == (counter.head, "outdated", before)


def test_a_pull_request_cannot_allow_itself_a_commit_that_the_base_does_not(github: FakeGitHub, tmp_path: Path) -> None:
    counter = make_counter(github, tmp_path, policy="version: 1\nreview: {commit: none}\n")
    counter.runner.write({"mlops.yaml": "version: 1\n"})

    assert counter.hand_over_and_commit() is ExitCode.REFUSED
    assert counter.branch() == counter.head


def test_a_merge_group_has_no_branch(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    group = {"head_sha": counter.head, "base_sha": counter.base, "base_ref": "refs/heads/main"}
    file = counter.folder / "group.json"
    file.write_text(json.dumps({"merge_group": group}))

    assert counter.commit(GITHUB_EVENT_PATH=str(file)) is ExitCode.DONE
    assert "a merge group has no branch" in capsys.readouterr().out


def test_the_same_on_s3_and_nothing_is_committed_without_access(
    github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve_s3(tmp_path / "s3") as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        S3FileSystem(endpoint_url=server.url, skip_instance_cache=True).mkdir("lock")
        counter = make_counter(github, tmp_path / "work", remote=server.config("lock"))
        assert counter.reproduce() is ExitCode.DONE
        counter.carry()

        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        assert counter.commit() is ExitCode.OUTSIDE
        assert (counter.branch(), counter.outputs()["lock"]) == (counter.head, "failed")
        assert "the DVC remote failed" in capsys.readouterr().err

        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.variables["AWS_SECRET_ACCESS_KEY"])
        assert counter.commit() is ExitCode.DONE
        assert counter.pull().status() == {}


KILLING = """#!{python}
import os, signal, subprocess, sys
pushing = "push" in sys.argv
if pushing and {before}:
    os.kill(os.getppid(), signal.SIGKILL)
    sys.exit(1)
done = subprocess.run([{git!r}, *sys.argv[1:]])
if pushing:
    os.kill(os.getppid(), signal.SIGKILL)
sys.exit(done.returncode)
"""


@pytest.mark.parametrize("before", [True, False])
def test_killed_before_or_after_the_push_the_next_run_ends_the_same(counter: Counter, *, before: bool) -> None:
    counter.reproduce()
    counter.carry()
    program = counter.folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(KILLING.format(python=sys.executable, before=before, git=shutil.which("git")))
    program.chmod(0o755)
    variables = {**counter.variables, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    words = [sys.executable, "-m", "mlops_kit", "commit", FOLDER]
    killed = subprocess.run(
        words, cwd=counter.trusted.root, env=variables, capture_output=True, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    assert md5("abcdefrate: 2\n") in counter.stored()
    assert (counter.branch() == counter.head) is before

    assert counter.commit() is ExitCode.DONE
    assert git(counter.origin, "rev-parse", "refs/heads/feature^") == counter.head
    assert counter.outputs() == {"lock": "committed-quietly", "commit": counter.branch()}
    assert counter.pull().status() == {}
