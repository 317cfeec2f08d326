"""Every named failpoint, killed or failing on both sides of its effect: what was begun comes to its end."""

import signal
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from tests.faults.canary import Canary
from tests.faults.children import Note, count_trials
from tests.faults.conftest import MlflowServer
from tests.faults.plays import free_experiment, send_rival, stage
from tests.faults.seams import FAILPOINTS, GIT_WRITES, READING_GIT, Failpoint, Play
from tests.faults.traps import Mode
from tests.faults.verdict import tags_of

pytestmark = pytest.mark.faults
WHOLE_MATRIX = 100
"""From so many trials on every failpoint is played in all modes; below that every third one, in one of them."""
PLAYED = FAILPOINTS if count_trials() >= WHOLE_MATRIX else FAILPOINTS[::3]
NOT_WELL = frozenset({ExitCode.REFUSED, ExitCode.DIFFERENCE, ExitCode.OUTSIDE})


def modes_of(failpoint: Failpoint) -> tuple[Mode, ...]:
    """All of them; in a short run one, another for each failpoint."""
    every = tuple(Mode)
    return every if count_trials() >= WHOLE_MATRIX else (every[FAILPOINTS.index(failpoint) % len(every)],)


@pytest.mark.parametrize("failpoint", PLAYED, ids=lambda one: one.name)
def test_what_stops_at_a_failpoint_is_brought_to_its_end(
    tmp_path: Path, mlflow_server: MlflowServer, canary: Canary, failpoint: Failpoint, record_property: Note
) -> None:
    told = []
    for mode in modes_of(failpoint):
        with stage(tmp_path / mode, mlflow_server, canary, failpoint.play) as made:
            free_experiment(made.view)
            if failpoint.play is Play.RIVAL:
                send_rival(made)
            code = made.promote_trapped(failpoint, mode)
            assert made.traps.was_met(), f"{failpoint.name} was not met"
            assert code == (-signal.SIGKILL if mode.kills else 0)
            made.settle(clean=NOT_WELL if failpoint.play is Play.SICK else frozenset({ExitCode.DONE}))
            told.append(f"{mode} {'killed' if code else 'went on'}")
    record_property("trials", f"failpoint {failpoint.name} ({failpoint.play}): {', '.join(told)}, all settled")


def test_every_write_of_every_play_is_a_failpoint(tmp_path: Path, mlflow_server: MlflowServer, canary: Canary) -> None:
    """The table is complete: what is seen on the wire, and every word of git that is no reading, has a row."""
    seen, words = set[str](), set[str]()
    for play in Play:
        with stage(tmp_path / play.name, mlflow_server, canary, play) as made:
            free_experiment(made.view)
            if play is Play.RIVAL:
                send_rival(made)
            made.promote_freely()
            seen |= {*made.traps.writes(), "git.fetch"}
            words |= {command for command in map(git_command, made.traps.git_calls()) if command}
    names = {one.name for one in FAILPOINTS}
    assert seen <= names, f"these writes have no row: {sorted(seen - names)}"
    twice = {"mlflow.upload-last", "mlflow.move-alias"}
    assert names - seen == twice, f"these rows are never written: {sorted(names - seen - twice)}"
    written = {one.words.split()[1] if " " in one.words else "" for one in GIT_WRITES}
    assert words <= READING_GIT | written, sorted(words - READING_GIT - written)


def git_command(call: list[str]) -> str:
    """The command among git's words; empty for a call of something else."""
    if not call or call[0] != "-c":
        return ""
    rest = iter(call)
    for word in rest:
        if word not in {"-c", "-C"}:
            return word
        next(rest, None)
    return ""


def test_a_rivals_version_is_the_canonical_one(tmp_path: Path, mlflow_server: MlflowServer, canary: Canary) -> None:
    with stage(tmp_path / "rival", mlflow_server, canary, Play.RIVAL) as made:
        send_rival(made)
        made.promote_freely()
        made.settle()
        found = made.view.read_versions()[str(made.digest("a"))]
        assert [one["version"] for one in found] == ["1", "2"]
        assert tags_of(found[1])["mlops.duplicate_of"] == "1"
