"""Commands on this machine: shells, environment, output, groups, and how they are stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.core.errors import InterruptedRunError
from mlops_kit.core.pipeline.masking import MASKED, Mask, secret_values
from mlops_kit.core.run import CommandEnd, StageCommand, Wants
from mlops_kit.core.types import StageName
from mlops_kit.engines.capture import LOG_BYTES, Capture
from mlops_kit.engines.local import LocalEngine, Surroundings
from mlops_kit.engines.shell import gpu_variables, log_name, shell_words, stage_environment
from tests.integration.processes import wait_until_gone

PATIENCE_SECONDS = 30.0


@contextmanager
def engine(folder: Path, lines: list[str], variables: Mapping[str, str] | None = None) -> Iterator[LocalEngine]:
    environment = {"PATH": os.environ["PATH"], **(variables or {})}
    around = Surroundings(environment=environment, logs=folder / "logs", mask=Mask(secret_values(environment)))
    with LocalEngine(around, on_line=lambda stage, text: lines.append(f"{stage}|{text}")) as made:
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
         "GITHUB_STEP_SUMMARY", "INPUT_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"), "secret",
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
    capture = Capture(tmp_path / "log", mask=Mask(), on_line=lambda _: None)
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


def test_a_stage_over_its_time_is_stopped_and_says_so(tmp_path: Path) -> None:
    started = time.monotonic()
    limited = replace(command(tmp_path, "sleep 30", "touch second"), wants=Wants(timeout_seconds=0.3))
    with engine(tmp_path, []) as made:
        made.start(limited)
        end = made.wait(PATIENCE_SECONDS)
    assert end is not None
    assert end.timed_out
    assert end.status == -signal.SIGTERM
    assert end.tail[-1] == "mlops-kit: timeout of 0.3 s, stopping the stage"
    assert not (tmp_path / "second").exists()
    assert time.monotonic() - started < 4


def test_what_ignores_its_timeout_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & echo $! > inner; wait; wait"
    limited = replace(command(tmp_path, script), wants=Wants(timeout_seconds=0.3))
    with engine(tmp_path, []) as made:
        made.start(limited)
        end = made.wait(PATIENCE_SECONDS)
    assert end is not None
    assert end.status == -signal.SIGKILL
    wait_until_gone(read_pids(tmp_path / "inner"), seconds=5)


def test_usage_counts_the_work_and_the_memory_of_every_command(tmp_path: Path) -> None:
    work = f"{sys.executable} -I -S -c 'data = bytearray(80_000_000); sum(range(4_000_000))'"
    end, _ = run(tmp_path, "true", work, "true")
    assert 0.02 < end.usage.cpu_seconds < 5
    assert 80_000_000 < end.usage.memory_bytes < 400_000_000
    assert end.usage.gpu_memory_bytes is None


@pytest.mark.parametrize(
    ("gpus", "environment", "shown"),
    [
        (None, {}, {}),
        ((), {}, {"CUDA_VISIBLE_DEVICES": "", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}),
        (("0", "3"), {}, {"CUDA_VISIBLE_DEVICES": "0,3", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}),
        (
            ("GPU-1",),
            {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"},
            {"CUDA_VISIBLE_DEVICES": "GPU-1", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"},
        ),
    ],
)
def test_a_stage_sees_the_gpus_it_holds(
    gpus: tuple[str, ...] | None, environment: dict[str, str], shown: dict[str, str]
) -> None:
    assert gpu_variables(gpus, environment) == shown


def test_the_most_gpu_memory_that_was_in_use_is_kept(tmp_path: Path) -> None:
    readings = iter([{"0": 10, "1": 5, "2": 999}, {"0": 30, "1": 5, "2": 999}])
    around = Surroundings(
        environment={"PATH": os.environ["PATH"]},
        logs=tmp_path / "logs",
        read_gpu_memory=lambda: next(readings, {"0": 1, "1": 1}),
    )
    with LocalEngine(around, on_line=lambda *_: None) as made:
        made.start(replace(command(tmp_path, "sleep 1.3"), gpus=("0", "1")))
        end = made.wait(PATIENCE_SECONDS)
    assert end is not None
    assert end.usage.gpu_memory_bytes == 35


def test_no_secret_reaches_the_log_the_lines_or_the_tail(tmp_path: Path) -> None:
    secrets = {"API_TOKEN": "canary-one-1234", "DB_PASSWORD": "canary-two-1234", "MODEL_TOKENS": "512000"}
    line = (
        "echo $API_TOKEN; echo x$DB_PASSWORD; echo https://me:pass@host/; echo ghp_0123456789abcdefghij $MODEL_TOKENS"
    )
    end, shown = run(tmp_path, line, variables=secrets)
    assert end.log is not None
    assert end.tail[1:] == (MASKED, f"x{MASKED}", f"https://{MASKED}@host/", f"{MASKED} 512000")
    for text in ("\n".join(shown), end.log.read_text()):
        assert "canary" not in text
        assert "me:pass" not in text


KILLED_KIT = """
import os, pathlib, sys, time
sys.path[:0] = {path!r}
from mlops_kit.core.run import StageCommand
from mlops_kit.engines.local import LocalEngine, Surroundings
folder = pathlib.Path({folder!r})
around = Surroundings(environment=dict(os.environ), logs=folder / "logs")
with LocalEngine(around, on_line=lambda *_: None) as engine:
    for number in range(3):
        line = f"sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 0.1; done' & echo $$ >> pids; wait"
        engine.start(StageCommand(stage=f"s{{number}}", lines=(line,), folder=folder, variables={{}}))
    (folder / "up").touch()
    time.sleep(60)
"""


def test_where_the_kit_is_killed_its_stages_end_within_ten_seconds(tmp_path: Path) -> None:
    script = KILLED_KIT.format(path=sys.path, folder=str(tmp_path))
    kit = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    wait_for(tmp_path / "up")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(read_pids(tmp_path / "pids")) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    started = read_pids(tmp_path / "pids")
    assert len(started) == 6
    kit.kill()
    kit.wait()
    wait_until_gone(started, seconds=10)


def read_pids(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
