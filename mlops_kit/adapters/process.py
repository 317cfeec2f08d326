"""Starts tools (git, DVC's reader and fetcher) and returns what they said; the one place that does in adapters.

Never a shell, always a timeout, never the caller's full command line in a message. Stage commands are not started
here: that is an engine's work.
"""

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlops_kit.core.errors import InputError, OutsideError

_log = logging.getLogger(__name__)
_STOP_SECONDS = 2.0
_READ_BYTES = 65536
_GROUP_SECONDS = 10.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How a tool ended and what it printed."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """Standard output as text without the last line end."""
        return self.output.decode("utf-8", "replace").rstrip("\n")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a tool: its words, where it runs, what it reads, and how long it may take.

    `title` is what a log or a message may say of it; without one, the tool's name.
    """

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    stdin: bytes = b""
    timeout_seconds: float = 60.0
    title: str = ""


def run(call: Call) -> Completed:
    """Run a tool to its end; InputError where it is not installed, OutsideError where it takes too long."""
    name, started = call.words[0], time.monotonic()
    try:
        done = subprocess.run(
            list(call.words),
            cwd=call.folder,
            env=dict(call.environment),
            input=call.stdin,
            capture_output=True,
            timeout=call.timeout_seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(f"{name} is not installed or not on PATH", hint=f"install {name}") from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"{call.title or name} gave no answer within {call.timeout_seconds:g} s") from error
    _log.info("%s: exit %d after %.3f s", call.title or name, done.returncode, time.monotonic() - started)
    return Completed(code=done.returncode, output=done.stdout, errors=done.stderr.decode("utf-8", "replace"))


class Background:
    """A tool that runs beside its caller, in a process group of its own, and prints lines.

    Its standard input stays open after `call.stdin`: the end of it tells the tool that its caller is gone. The call's
    time limit does not count.
    """

    def __init__(self, call: Call) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self._process = subprocess.Popen(
            list(call.words),
            cwd=call.folder,
            env=dict(call.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._rest = b""
        self._output = self._process.stdout.fileno() if self._process.stdout else -1
        os.set_blocking(self._output, False)
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(call.stdin)
                self._process.stdin.flush()

    def read_lines(self) -> tuple[str, ...]:
        """The whole lines that it printed since they were last read; never waits."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._output, _READ_BYTES):
                self._rest += chunk
        *lines, self._rest = self._rest.split(b"\n")
        return tuple(line.decode("utf-8", "replace") for line in lines)

    @property
    def code(self) -> int | None:
        """Its exit status, None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "no message"

    def stop(self) -> None:
        """End it with all that it started, politely and then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_STOP_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class Dialogue:
    """A tool that answers requests, one after the other, for as long as somebody holds this value.

    Its standard input ends with the value, or with this process, and with its input it ends itself. A request must fit
    into a pipe (4 kB at least, 64 kB on Linux) where its answer does not. The call's time limit is that of each answer.
    """

    def __init__(self, call: Call) -> None:
        self._name = call.title or call.words[0]
        self._seconds = call.timeout_seconds
        self._process = _start_dialogue(call)
        self._rest = b""
        self._end = weakref.finalize(self, _end_dialogue, self._process)

    def send(self, data: bytes) -> None:
        """Hand it a request; OutsideError where it has ended."""
        try:
            os.write(_number(self._process.stdin), data)
        except BrokenPipeError as error:
            raise self._broken() from error

    def read_line(self) -> bytes:
        """The next line of its answer without the line end; OutsideError where it ends or takes too long."""
        while (end := self._rest.find(b"\n")) < 0:
            self._read_more()
        line, self._rest = self._rest[:end], self._rest[end + 1 :]
        return line

    def read_bytes(self, count: int) -> bytes:
        """The next so many bytes of its answer; OutsideError where it ends or takes too long."""
        chunks = [self._rest]
        missing = count - len(self._rest)
        while missing > 0:
            self._rest = b""
            self._read_more()
            chunks.append(self._rest)
            missing -= len(self._rest)
        data = b"".join(chunks)
        self._rest = data[count:]
        return data[:count]

    def close(self) -> None:
        """End it."""
        self._end()

    def _read_more(self) -> None:
        output = _number(self._process.stdout)
        ready, _, _ = select.select([output], [], [], self._seconds)
        if not ready:
            raise OutsideError(f"{self._name} gave no answer within {self._seconds:g} s")
        chunk = os.read(output, _READ_BYTES)
        if not chunk:
            raise self._broken()
        self._rest += chunk

    def _broken(self) -> OutsideError:
        return OutsideError(f"{self._name} ended before it answered")


def _start_dialogue(call: Call) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            list(call.words),
            cwd=call.folder,
            env=dict(call.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except FileNotFoundError as error:
        raise InputError(f"{call.words[0]} is not installed or not on PATH", hint=f"install {call.words[0]}") from error


def _end_dialogue(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _number(stream: IO[bytes] | None) -> int:
    return stream.fileno() if stream else -1


_GATE = (
    "import os, sys\n"
    "os.setsid()\n"
    "os.chdir(sys.argv[1])\n"
    "if os.read(0, 1):\n"
    "    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)\n"
    "    os.execvp(sys.argv[2], sys.argv[2:])\n"
)
"""Waits for a word on standard input, and becomes the command; ends where the input ends without one."""


@contextlib.contextmanager
def start_detached(call: Call, output: Path) -> Iterator[int]:
    """The number of a process, in a session of its own, that becomes the call's command when the block ends well.

    It outlives this one; what it prints goes to the file. Where the block fails, or this process is killed within it,
    the command never begins.
    """
    behind, before = os.pipe()
    printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    streams = [(os.POSIX_SPAWN_DUP2, behind, 0), (os.POSIX_SPAWN_DUP2, printed, 1), (os.POSIX_SPAWN_DUP2, printed, 2)]
    words = [sys.executable, "-I", "-c", _GATE, str(call.folder), *call.words]
    try:
        yield os.posix_spawn(sys.executable, words, dict(call.environment), file_actions=streams)
        os.write(before, b".")
    finally:
        for number in (behind, before, printed):
            os.close(number)


def end_group(leader: int) -> None:
    """End a process with all of its group, politely and then not; OutsideError where it does not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)
        end = time.monotonic() + _GROUP_SECONDS
        while time.monotonic() < end:
            reap(leader)
            if not _has_members(leader):
                return
            time.sleep(_POLL_SECONDS)
    if is_alive(leader):
        raise OutsideError(f"process {leader} does not end", hint="end it by hand, then run again")


def _has_members(group: int) -> bool:
    """Whether a process group has any process left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def reap(pid: int) -> None:
    """Take note of the end of a child of this process; nothing for those of other processes."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs here."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
