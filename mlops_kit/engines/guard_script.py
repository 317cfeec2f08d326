"""The guard's own program; runs by its path in an isolated interpreter, so it imports the standard library only.

Starts commands that the kit asks for over a socket, tells how each ended, and ends those that are left when the kit is
gone: politely, and after six seconds not. It is small, so that a command's peak memory is its own: the system counts
what a process was before it became the command.

A message is its length in eight bytes, then JSON. The request to start a command comes with a file descriptor for its
output; the one to forget a command says that what it may have left in the background is left alone.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Any

GRACE_SECONDS = 6.0
POLL_SECONDS = 0.05
HEADER = struct.Struct("!Q")


class Keeper:
    """The commands that run, by process group, and the socket to the kit."""

    def __init__(self, kit: socket.socket) -> None:
        self._kit = kit
        self._lock = threading.Lock()
        self._groups: set[int] = set()

    def serve(self) -> None:
        """Start what is asked for until the kit is gone."""
        while (request := receive_request(self._kit)) is not None:
            message, handles = request
            if handles:
                self._start(message, handles[0])
            else:
                self._groups.discard(message["forget"])

    def end_all(self) -> None:
        """End every command that is left, and all that it started."""
        self._send_to_groups(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(is_alive(group) for group in self._groups) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._send_to_groups(signal.SIGKILL)

    def _start(self, request: dict[str, Any], output: int) -> None:
        try:
            process = subprocess.Popen(
                request["words"],
                cwd=request["folder"],
                env=request["environment"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            self._tell({"id": request["id"], "error": error.strerror or "no reason given"})
            return
        finally:
            os.close(output)
        self._groups.add(process.pid)
        self._tell({"id": request["id"], "pid": process.pid})
        threading.Thread(target=self._wait, args=(request["id"], process), daemon=True).start()

    def _wait(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = used.ru_utime + used.ru_stime
        self._tell({"id": number, "status": process.returncode, "cpu": seconds, "resident": used.ru_maxrss})

    def _tell(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        with self._lock:
            try:
                self._kit.sendall(HEADER.pack(len(body)) + body)
            except OSError:
                return

    def _send_to_groups(self, number: signal.Signals) -> None:
        for group in self._groups:
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                continue


def receive_request(kit: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request and the file descriptors that came with it; None where the kit is gone."""
    try:
        header, handles, _, _ = socket.recv_fds(kit, HEADER.size, 1)
    except ConnectionResetError:
        return None
    rest = receive(kit, HEADER.size - len(header)) if header else None
    if rest is None:
        return None
    body = receive(kit, HEADER.unpack(header + rest)[0])
    return None if body is None else (json.loads(body), handles)


def receive(kit: socket.socket, size: int) -> bytes | None:
    """That many bytes; None where the kit is gone before."""
    parts = []
    while size:
        part = kit.recv(min(size, 65536))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def is_alive(group: int) -> bool:
    """Whether a group has members."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    """Serve the kit at the other end of standard input's socket."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # a handler and not "ignore", which commands would inherit
    kit = socket.socket(fileno=sys.stdin.fileno())
    keeper = Keeper(kit)
    keeper.serve()
    keeper.end_all()


if __name__ == "__main__":
    main()
