"""Traps at named failpoints: a call is noted, and the process that makes it is killed, or told an error, there.

A trap lies in a folder: `armed` holds the mode for a failpoint's name until it is met, `met` is there afterwards, `pid`
names the process to kill. Programs and proxies look into the same folder.
"""

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.fakes.github import Fault
from tests.fakes.watched_proxy import HttpCall
from tests.faults.seams import DEPLOY_WRITES, GIT_WRITES, Failpoint, HttpWrite, is_write, name_call

_NOTE_AND_ACT = """#!/bin/sh
# Stands before a program: notes what writes, and stops its caller where a trap lies.
traps={traps}
name=
case "{subject}" in
{cases}
esac
mode=
printf '%s\\n' "{subject}" >>"$traps/calls"
if [ -n "$name" ]; then
  echo "$name" >>"$traps/writes"
  if mv "$traps/armed/$name" "$traps/met" 2>/dev/null; then read -r mode <"$traps/met"; fi
fi
case "$mode" in
  kill-before) kill -9 "$(cat "$traps/pid")"; exit 1 ;;
  error-before) exit 1 ;;
esac
{program}
code=$?
case "$mode" in
  kill-after) kill -9 "$(cat "$traps/pid")"; exit 1 ;;
  error-after) exit 1 ;;
esac
exit $code
"""


class Mode(StrEnum):
    """What happens at a failpoint, before or after the outside system does what it is asked."""

    KILL_BEFORE = "kill-before"
    KILL_AFTER = "kill-after"
    ERROR_BEFORE = "error-before"
    ERROR_AFTER = "error-after"

    @property
    def kills(self) -> bool:
        """Whether the process is gone afterwards."""
        return self in {Mode.KILL_BEFORE, Mode.KILL_AFTER}

    @property
    def moment(self) -> str:
        """On which side of the effect."""
        return "before" if self in {Mode.KILL_BEFORE, Mode.ERROR_BEFORE} else "after"


@dataclass
class Traps:
    """The traps of one trial, and everything that was written in it, by name."""

    folder: Path
    failpoint: Failpoint | None = None
    mode: Mode = Mode.KILL_BEFORE
    requests: list[str] = field(default_factory=list)
    passed: int = 0

    def lay_out(self) -> None:
        """An empty folder, and a git that looks into it."""
        (self.folder / "armed").mkdir(parents=True, exist_ok=True)
        cases = "\n".join(f"  {_escape(one.words)}) name={one.name} ;;" for one in GIT_WRITES)
        self.write_program("git", subject=" $* ", cases=cases, program=f'{shutil.which("git")} "$@"')

    def write_program(self, program_name: str, *, subject: str, cases: str, program: str) -> Path:
        """A program that runs another between a trap's two moments; where it lies."""
        path = self.folder / "bin" / program_name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _NOTE_AND_ACT.format(traps=f"'{self.folder}'", subject=subject, cases=cases, program=program)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def write_command(self, command: str, program: str) -> Path:
        """A deploy command; a failpoint where the table has one."""
        cases = "\n".join(f"  *) name={one.name} ;;" for one in DEPLOY_WRITES if one.words == command)
        return self.write_program(command, subject=command, cases=cases, program=program)

    def arm(self, failpoint: Failpoint, mode: Mode) -> None:
        """Lay a trap for the next promotion."""
        self.failpoint, self.mode, self.passed = failpoint, mode, 0
        (self.folder / "met").unlink(missing_ok=True)
        (self.folder / "armed" / failpoint.name).write_text(f"{mode}\n")

    def was_met(self) -> bool:
        """Whether the trap did its work."""
        return (self.folder / "met").exists()

    def writes(self) -> list[str]:
        """Every write so far by its name, in no order between kinds; fetching brings things here, not out."""
        return [*self.requests, *self.command_writes()]

    def command_writes(self) -> list[str]:
        """Those of git and of deploy commands, in their order."""
        return [name for name in self._read_lines("writes") if name != "git.fetch"]

    def git_calls(self) -> list[list[str]]:
        """The words of every call of git."""
        return [line.split() for line in self._read_lines("calls")]

    def watch(self, call: HttpCall, when: str) -> Fault | None:
        """The proxies' watcher."""
        if when == "before" and is_write(call):
            self.requests.append(name_call(call))
        if not isinstance(self.failpoint, HttpWrite) or not self.failpoint.fits(call) or self.was_met():
            return None
        self.passed += when == "before"
        if self.passed != self.failpoint.nth or when != self.mode.moment:
            return None
        return self._spring(self.failpoint)

    def _spring(self, failpoint: Failpoint) -> Fault | None:
        try:
            (self.folder / "armed" / failpoint.name).rename(self.folder / "met")
        except FileNotFoundError:
            return None
        if self.mode.kills:
            with suppress(ProcessLookupError):
                os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
            return Fault(method="", path="", reset=True)
        return Fault(method="", path="", status=503 if self.mode is Mode.ERROR_BEFORE else 502, raw="<html>")

    def _read_lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []


def _escape(pattern: str) -> str:
    """A pattern of `case` in which only the stars mean something."""
    return "*".join(f"'{part}'" if part else "" for part in pattern.split("*"))
