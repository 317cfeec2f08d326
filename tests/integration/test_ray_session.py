"""Connecting through Ray's client to a head node that gives up on clients."""

import subprocess
import sys

from tests.fakes.ray_client_server import REASON, serve_ray_client

PROGRAM = """
import sys
from mlops_kit.core.errors import OutsideError
from mlops_kit.engines.ray_session import connect, import_ray
ray = import_ray()
try:
    connect(ray, sys.argv[1])
except OutsideError as error:
    sys.exit(str(error))
print("connected")
ray.shutdown()
"""


def connect(address: str) -> tuple[str, str]:
    """What a process says that connects, and its last words where it cannot: it leaves Ray's threads to the process."""
    words = [sys.executable, "-c", PROGRAM, address]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip(), done.stderr.strip()


def test_a_client_that_the_head_node_gave_up_comes_again() -> None:
    with serve_ray_client(refusals=2) as server:
        output, errors = connect(f"ray://127.0.0.1:{server.port}")
        assert (output, server.clients) == ("connected", 3), errors


def test_a_head_node_that_gives_up_every_time_is_left_after_some_tries_with_its_reason() -> None:
    with serve_ray_client(refusals=100) as server:
        address = f"ray://127.0.0.1:{server.port}"
        _, errors = connect(address)
        assert errors == f"no Ray cluster answers at {address}: {REASON}"
        assert server.clients == 3
