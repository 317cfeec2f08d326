"""A real Ray cluster on this machine, a node per `ray start`; each node can be killed with all that runs on it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

RAY = Path(sys.executable).parent / "ray"
START_SECONDS = 300.0
GONE_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node: the process of `ray start`, and what it started in turn."""

    process: subprocess.Popen[bytes]

    @property
    def raylet(self) -> int:
        """The process number that stages on the node find in RAY_RAYLET_PID."""
        return next(pid for pid in descendants(self.process.pid) if "raylet/raylet" in read_title(pid))

    def kill(self) -> None:
        """SIGKILL the raylet, its workers and what they run, as when a machine is gone."""
        pids = [self.process.pid, *descendants(self.process.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + START_SECONDS
        while left := [pid for pid in pids if _is_running(pid)]:
            assert time.monotonic() < deadline, f"processes stay: {left}"
            time.sleep(0.02)


@dataclass(kw_only=True)
class Cluster:
    """The nodes, the head first. `folder` is Ray's own, with a short name for its sockets."""

    folder: Path
    port: int
    client_port: int
    environment: Mapping[str, str]
    nodes: list[Node] = field(default_factory=list)

    @property
    def address(self) -> str:
        """For drivers on this machine."""
        return f"127.0.0.1:{self.port}"

    def add_node(self, *, cpus: int, gpus: int = 0, resources: Mapping[str, float] | None = None) -> Node:
        """Start a node; the first one is the head. It is ready when this returns."""
        wanted = [f"--num-cpus={cpus}", f"--num-gpus={gpus}", f"--resources={json.dumps(dict(resources or {}))}"]
        memory = [f"--object-store-memory={100 * 1024 * 1024}"]
        file = self.folder / f"node-{uuid4().hex}.log"
        with file.open("wb") as log:
            process = subprocess.Popen(
                [RAY, "start", "--block", *self._role(), *wanted, *memory],
                env=dict(self.environment), cwd=self.folder, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.nodes.append(Node(process=process))
        self._wait_for(b"Ray runtime started.", file, process)
        return self.nodes[-1]

    def _role(self) -> list[str]:
        if self.nodes:
            return [f"--address={self.address}"]
        fixed = ["--head", "--include-dashboard=false", "--disable-usage-stats", "--node-ip-address=127.0.0.1"]
        return [
            *fixed,
            f"--port={self.port}",
            f"--ray-client-server-port={self.client_port}",
            f"--temp-dir={self.folder}",
        ]

    def _wait_for(self, text: bytes, log: Path, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while text not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


@contextlib.contextmanager
def start_cluster(environment: Mapping[str, str]) -> Iterator[Cluster]:
    """A cluster without nodes; all nodes are killed at the end, and nothing of Ray stays."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    port, client_port = _free_ports(2)
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(folder), "RAY_DISABLE_IMPORT_WARNING": "1"}
    patient = {"RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "60"}
    cluster = Cluster(
        folder=folder, port=port, client_port=client_port, environment={**environment, **quiet, **patient}
    )
    try:
        yield cluster
    finally:
        for node in reversed(cluster.nodes):
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def descendants(pid: int) -> list[int]:
    """Everything that a process started, directly or not, and that still has its parent."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = children.get(pid, [])
    for child in found:
        found.extend(children.get(child, []))
    return found


def wait_until_gone(pid: int) -> None:
    """What a node runs is killed a moment after its driver has left."""
    deadline = time.monotonic() + GONE_SECONDS
    while _is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} stays"
        time.sleep(0.05)


def read_title(pid: int) -> str:
    """What a process calls itself, or its words; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]
