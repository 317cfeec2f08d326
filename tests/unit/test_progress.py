"""What a run prints, and that a stage's output cannot steer the runner."""

import re
from io import StringIO

from rich.console import Console

from mlops_kit.cli.live_progress import LiveProgress
from mlops_kit.cli.progress import ActionsProgress, PlainProgress
from mlops_kit.core.render.run import render_run_table
from mlops_kit.core.run import StageResult, StageState, Usage, Wait
from mlops_kit.core.types import StageName

TRAIN = StageName("train")


def result(state: StageState, *, seconds: float = 3.21, message: str = "") -> StageResult:
    return StageResult(name=TRAIN, state=state, seconds=seconds, message=message)


def test_plain_lines_tell_start_output_and_end() -> None:
    lines: list[str] = []
    progress = PlainProgress(lines.append)
    progress.start(TRAIN, "")
    progress.line(TRAIN, "epoch \x1b[31m1\x1b[0m")
    progress.end(result(StageState.RAN), ("epoch 1",))
    assert lines == ["train: started", "train | epoch 1", "train: ran (3.2 s)"]


def test_a_failure_shows_its_last_lines_in_one_piece() -> None:
    lines: list[str] = []
    PlainProgress(lines.append).end(result(StageState.FAILED, message="exit status 1"), ("one", "two"))
    assert lines == ["train: failed (3.2 s): exit status 1", "--- last lines of train", "one", "two", "---"]


def test_on_actions_output_stands_in_one_group_between_stop_tokens() -> None:
    lines: list[str] = []
    progress = ActionsProgress(lines.append)
    progress.start(TRAIN, "")
    progress.line(TRAIN, "epoch 1")
    progress.end(result(StageState.RAN), ())
    token = lines[2].removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert lines == [
        "train: started",
        "::group::train: ran (3.2 s)",
        f"::stop-commands::{token}",
        "epoch 1",
        f"::{token}::",
        "::endgroup::",
    ]


def test_on_actions_a_failed_stages_output_is_not_folded() -> None:
    lines: list[str] = []
    progress = ActionsProgress(lines.append)
    progress.line(TRAIN, "boom")
    progress.end(result(StageState.FAILED, message="exit status 1"), ("boom",))
    assert "::group::" not in "".join(lines)
    assert "boom" in lines


def test_a_stage_cannot_give_the_runner_a_command() -> None:
    lines: list[str] = []
    progress = ActionsProgress(lines.append)
    hostile = StageName("x::error::y")
    for text in (
        "::set-output name=gate::pass",
        "  ::stop-commands::",
        "see ##[error]this",
        "a\r::add-mask::b",
        ":::::x::",
        "###[x]",
    ):
        progress.line(hostile, text)
    progress.note("::warning::z")
    progress.end(StageResult(name=hostile, state=StageState.FAILED, message="::error::w"), ())
    token = next(line for line in lines if line.startswith("::stop-commands::")).removeprefix("::stop-commands::")
    own = {f"::stop-commands::{token}", f"::{token}::"}
    assert not [line for line in lines if line not in own and ("::" in line or "##[" in line)]


def test_a_flood_of_lines_keeps_the_last_ones() -> None:
    lines: list[str] = []
    progress = ActionsProgress(lines.append)
    for number in range(10_000):
        progress.line(TRAIN, str(number))
    progress.end(result(StageState.RAN), ())
    assert len(lines) == 2000 + 4
    assert lines[-3] == "9999"


def test_the_live_display_prints_lines_ends_and_the_last_words_of_a_failure() -> None:
    screen = StringIO()
    progress = LiveProgress(Console(file=screen, force_terminal=False, width=80))
    progress.begin([TRAIN, StageName("next")])
    progress.start(TRAIN, "")
    progress.line(TRAIN, "epoch [bold]1[/bold] \x1b[2J")
    progress.end(result(StageState.FAILED, message="exit status 1"), ("boom",))
    progress.note("a remark")
    progress.close()
    lines = [line.rstrip() for line in screen.getvalue().splitlines()]
    assert lines[:2] == ["train | epoch [bold]1[/bold]", "train: failed (3.2 s): exit status 1"]
    assert "last lines of train" in lines[2]
    assert lines[3] == "boom"
    assert lines[5] == "a remark"


def test_the_table_lists_stages_and_counts_states() -> None:
    stages = [
        StageResult(name=StageName("prepare"), state=StageState.CACHED),
        StageResult(
            name=StageName("train@a"),
            state=StageState.RAN,
            seconds=12.34,
            usage=Usage(cpu_seconds=23.4, memory_bytes=2_000_000),
        ),
        StageResult(name=StageName("train@b"), state=StageState.RAN, seconds=0.07),
    ]
    assert render_run_table(stages) == (
        "stage    state   seconds  used\n"
        "prepare  cached\n"
        "train@a  ran        12.3  23.4 s CPU, 1.91 MiB\n"
        "train@b  ran         0.1\n"
        "\n"
        "2 ran, 1 cached"
    )


def test_a_stage_that_is_tried_again_shows_why_without_ending_the_run() -> None:
    lines: list[str] = []
    failed = result(StageState.FAILED, message="exit status 1")
    PlainProgress(lines.append).retry(failed, ("boom",))
    assert lines == [
        "train: attempt 1 failed (3.2 s), trying again: exit status 1",
        "--- last lines of train",
        "boom",
        "---",
    ]
    lines.clear()
    progress = ActionsProgress(lines.append)
    progress.line(TRAIN, "::set-output name=x::y")
    progress.retry(failed, ())
    assert lines[0] == "::group::train: attempt 1 failed (3.2 s), trying again: exit status 1"
    assert lines[-1] == "::endgroup::"


def test_the_live_display_says_where_stages_run_and_what_others_wait_for() -> None:
    out = StringIO()
    progress = LiveProgress(Console(file=out, width=100, force_terminal=True, color_system=None))
    progress.begin([StageName(f"s{number}") for number in range(9)])
    progress.start(TRAIN, "GPU 0, 1")
    progress.waits(
        (Wait(stage=StageName("tune"), obstacle="2 GPUs", count=3), Wait(stage=StageName("x"), obstacle="db"))
    )
    progress.close()
    shown = out.getvalue()
    assert "train  0 s  GPU 0, 1" in shown
    assert "tune and 2 more wait for 2 GPUs" in shown
    assert "x waits for db" in shown
    assert "0 of 9 stages, 4 wait for others" in shown
