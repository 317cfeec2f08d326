"""Commands on this machine: shells, environment, output, groups, and how they are stopped."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_kit.core.errors import InterruptedRunError
from mlops_kit.core.run import CommandEnd, StageCommand
from mlops_kit.core.types import StageName
from mlops_kit.engines.capture import LOG_BYTES, Capture
from mlops_kit.engines.local import LocalEngine, log_name, shell_words, stage_environment

PATIENCE_SECONDS = 30.0


@contextmanager
def engine(folder: Path, lines: list[str], variables: Mapping[str, str] | None = None) -> Iterator[LocalEngine]:
    environment = {"PATH": os.environ["PATH"], **(variables or {})}
    with LocalEngine(
        environment=environment, logs=folder / "logs", on_line=lambda stage, text: lines.append(f"{stage}|{text}")
    ) as made:
        yield made


def command(folder: Path, *lines: str, stage: str = "s", variables: Mapping[str, str] | None = None) -> StageCommand:
    return StageCommand(stage=StageName(stage), lines=lines, folder=folder, variables=variables or {})


def run(folder: Path, *lines: str, variables: Mapping[str, str] | None = None) -> tuple[CommandEnd, list[str]]:
    shown: list[str] = []
    with engine(folder, shown, variables) as made:
        made.start(command(folder, *lines))
        end = made.wait(PATIENCE_SECONDS)
    assert end is not None
    return end, shown


def test_commands_run_one_after_the_other_until_one_fails(tmp_path: Path) -> None:
    end, shown = run(tmp_path, "echo one", "echo two; exit 5", "echo three")
    assert end.status == 5
    assert shown == ["s|> echo one", "s|one", "s|> echo two; exit 5", "s|two"]
    assert end.tail == ("> echo one", "one", "> echo two; exit 5", "two")


def test_both_outputs_reach_the_log(tmp_path: Path) -> None:
    end, _ = run(tmp_path, "echo out; echo err >&2")
    assert end.log is not None
    assert set(end.log.read_text().splitlines()[1:]) == {"out", "err"}


def test_a_command_runs_in_its_folder_with_dvcs_variables(tmp_path: Path) -> None:
    shown: list[str] = []
    with engine(tmp_path, shown) as made:
        (tmp_path / "sub dir").mkdir()
        made.start(command(tmp_path / "sub dir", "pwd; echo $DVC_STAGE", variables={"DVC_STAGE": "sub:s"}))
        made.wait(PATIENCE_SECONDS)
    assert shown[1:] == [f"s|{tmp_path}/sub dir", "s|sub:s"]


def test_a_folder_that_is_not_there_fails_the_stage(tmp_path: Path) -> None:
    shown: list[str] = []
    with engine(tmp_path, shown) as made:
        made.start(command(tmp_path / "nowhere", "true"))
        end = made.wait(PATIENCE_SECONDS)
    assert end is not None
    assert end.status == 127


def test_the_environment_is_the_callers_without_tokens_and_command_files() -> None:
    theirs = {
        "PATH": "/bin", "HOME": "/h", "AWS_SECRET_ACCESS_KEY": "given on purpose", "RUNNER_TRACKING_ID": "r",
        "GITHUB_SHA": "c0ffee", "VIRTUAL_ENV": "/v",
    }  # fmt: skip
    ours = dict.fromkeys(
        ("MLOPS_KIT_TOKEN", "GITHUB_TOKEN", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE",
         "GITHUB_STEP_SUMMARY", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"), "secret",
    )  # fmt: skip
    assert stage_environment({**theirs, **ours}) == theirs


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("/bin/sh", ["/bin/sh", "-c", "x"]),
        ("/usr/bin/bash", ["/usr/bin/bash", "--noprofile", "--norc", "-c", "x"]),
        ("/bin/zsh", ["/bin/zsh", "--no-rcs", "-c", "x"]),
    ],
)
def test_the_users_shell_runs_without_its_start_up_files(shell: str, words: list[str]) -> None:
    assert shell_words(shell, "x") == words


def test_commands_run_side_by_side(tmp_path: Path) -> None:
    with engine(tmp_path, []) as made:
        made.start(command(tmp_path, "until [ -e b ]; do sleep 0.01; done; touch a", stage="one"))
        made.start(command(tmp_path, "touch b; until [ -e a ]; do sleep 0.01; done", stage="two"))
        ends = [made.wait(PATIENCE_SECONDS), made.wait(PATIENCE_SECONDS)]
    assert [end.status for end in ends if end] == [0, 0]


def test_nobody_can_be_asked_for_input(tmp_path: Path) -> None:
    end, shown = run(tmp_path, "read answer; echo got [$answer]")
    assert (end.status, shown[-1]) == (0, "s|got []")


def test_what_a_command_left_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    started = time.monotonic()
    end, shown = run(tmp_path, "sleep 20 & echo $!")
    os.kill(int(shown[-1].removeprefix("s|")), signal.SIGKILL)
    assert end.status == 0
    assert time.monotonic() - started < 10


def test_progress_bars_become_their_last_state(tmp_path: Path) -> None:
    end, _ = run(tmp_path, r"printf '10%%\r50%%\r100%%\n'")
    assert end.tail[-1] == "100%"


def test_a_flood_of_output_stays_within_bounds(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "log", on_line=lambda _: None)
    for _ in range(LOG_BYTES // 60_000 + 50):
        capture.write("x" * 60_000)
    capture.close()
    assert len(capture.tail) == 40
    assert LOG_BYTES <= (tmp_path / "log").stat().st_size < LOG_BYTES + 100_000
    assert (tmp_path / "log").read_bytes().endswith(b"[the rest of the output is not kept]\n")


def test_a_line_without_end_does_not_fill_memory(tmp_path: Path) -> None:
    end, shown = run(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x")
    assert end.status == 0
    assert max(len(line) for line in shown) <= 65_536 + 2


def test_two_stages_never_share_a_log() -> None:
    names = ["a/b", "a-b", "a b", "a@b", "a.b", "../a", "A/b", "a/b/", "x" * 300, "x" * 301]
    assert len({log_name(StageName(name)) for name in names}) == len(names)
    assert all(len(log_name(StageName(name))) < 100 and "/" not in log_name(StageName(name)) for name in names)


def test_a_signal_reaches_every_process_of_a_stage(tmp_path: Path) -> None:
    inner = 'trap "echo inner >> told; exit 9" INT; touch up; sleep 30 & wait'
    script = f"trap 'echo outer >> told; exit 9' INT; sh -c '{inner}'"
    with engine(tmp_path, []) as made:
        made.start(command(tmp_path, script))
        wait_for(tmp_path / "up")
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(InterruptedRunError):
            made.wait(PATIENCE_SECONDS)
        ends = made.stop()
    assert [end.status != 0 for end in ends] == [True]
    assert set((tmp_path / "told").read_text().split()) == {"inner", "outer"}


def test_what_does_not_listen_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    deaf = 'import signal, time, pathlib; signal.signal(15, signal.SIG_IGN); pathlib.Path("up").touch(); time.sleep(60)'
    script = f"{sys.executable} -c '{deaf}'"
    started = time.monotonic()
    with engine(tmp_path, []) as made:
        made.start(command(tmp_path, script))
        wait_for(tmp_path / "up")
        ends = made.stop()
    assert [end.status < 0 for end in ends] == [True]
    assert 5 < time.monotonic() - started < 12


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    with engine(tmp_path, []) as made:
        made.start(command(tmp_path, "trap '' TERM; touch up; while :; do sleep 0.05; done"))
        wait_for(tmp_path / "up")
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(InterruptedRunError):
            made.wait(PATIENCE_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        ends = made.stop()
    assert [end.status for end in ends] == [-signal.SIGKILL]
    assert time.monotonic() - started < 4


def test_a_second_signal_with_no_command_left_ends_the_kits_own_work(tmp_path: Path) -> None:
    with engine(tmp_path, []):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_nothing_starts_after_a_request_to_stop(tmp_path: Path) -> None:
    with engine(tmp_path, []) as made:
        made.start(command(tmp_path, "touch up; sleep 30", "touch second"))
        wait_for(tmp_path / "up")
        made.stop()
        made.start(command(tmp_path, "touch late", stage="late"))
        made.stop()
    assert not (tmp_path / "second").exists()
    assert not (tmp_path / "late").exists()


def test_signal_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with engine(tmp_path, []):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
