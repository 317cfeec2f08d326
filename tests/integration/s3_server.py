"""A real S3 server on loopback (SeaweedFS), for DVC remotes; nothing of it stays when its block is left."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WEED = Path(sys.executable).parent / "weed"
START_SECONDS = 60.0
_KEY, _SECRET = "test-key", "test-secret"


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where the server listens. Buckets come into being when something is written to them."""

    url: str

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs in its environment to write here."""
        return {
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def config(self, bucket: str) -> str:
        """The part of `.dvc/config` that makes a bucket the default remote."""
        return (
            f"[core]\n    remote = s3\n['remote \"s3\"']\n    url = s3://{bucket}/dvc\n    endpointurl = {self.url}\n"
        )


@contextlib.contextmanager
def serve_s3(folder: Path) -> Iterator[S3Server]:
    """A server with its data in `folder`, ready when the block begins."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": _KEY, "secretKey": _SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    port, words = _words(folder)
    with (folder / "weed.log").open("wb") as log:
        server = subprocess.Popen(
            words, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=_environment(folder)
        )
        try:
            _wait_until_ready(server, port, folder / "weed.log")
            yield S3Server(url=f"http://127.0.0.1:{port}")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _words(folder: Path) -> tuple[int, list[str]]:
    """The port of the S3 interface, and the command; every part of the server gets ports that are free now."""
    names = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    options = [f"-{name}={port}" for name, port in ports.items()]
    fixed = ["-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={folder / 's3.json'}", f"-dir={folder}"]
    more = [
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=0",
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
    ]
    return ports["s3.port"], [str(WEED), "server", *fixed, *options, *more]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder)}


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until the S3 interface takes a bucket: it answers before the volumes behind it do."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"no S3 server after {START_SECONDS:g} s: {log.read_text(errors='replace')[-2000:]}")
