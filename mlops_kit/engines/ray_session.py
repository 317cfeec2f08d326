"""A connection to a Ray cluster: bounded in time, quiet, its failures in the kit's words."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from types import ModuleType
from urllib.parse import urlsplit

from mlops_kit import DISTRIBUTION
from mlops_kit.core.errors import InputError, OutsideError

_CLIENT = "ray://"
_CONNECT_SECONDS = 10.0
_CONNECT_TRIES = 3
_PAUSE_SECONDS = 1.0
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1"}
_INSTALL_HINT = "mlops-kit has to be installed on every node of the cluster, in this version"


def import_ray() -> ModuleType:
    """Ray, told not to phone home; InputError where it is not installed."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise InputError("the Ray engine needs ray", hint=f'pip install "{DISTRIBUTION}[ray]"') from error
    return ray


def connect(ray: ModuleType, address: str) -> None:
    """Connect to a cluster; an empty address is one that runs on this machine, or else a new one.

    OutsideError where nothing answers there in time.
    """
    _knock(address)
    try:
        _enter(ray, address)
    except ImportError as error:
        raise InputError("Ray's client needs grpcio", hint=f'pip install "{DISTRIBUTION}[ray]"') from error
    except ConnectionAbortedError as error:
        raise _unreachable(address, _lines(error)[-1]) from error  # of the head node's traceback
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreachable(address, _lines(error)[0]) from error
    ray._private.worker._worker_logs_enabled = False  # noqa: SLF001 - else it tells of lost nodes on standard output


def read_nodes(ray: ModuleType) -> tuple[Mapping[str, float], ...]:
    """What each living node has in all, by resource."""
    with ray_errors():
        return tuple(node["Resources"] for node in ray.nodes() if node["Alive"])


@contextlib.contextmanager
def ray_errors() -> Iterator[None]:
    """OutsideError where Ray itself fails; what it says of one task, cancelled or lost, passes."""
    from ray import exceptions

    of_tasks: tuple[type[Exception], ...] = (exceptions.TaskCancelledError, *losses())
    try:
        yield
    except of_tasks:
        raise
    except (exceptions.RayError, OSError) as error:
        raise OutsideError(f"Ray failed: {_lines(error)[-1]}", hint=_INSTALL_HINT) from error


def losses() -> tuple[type[Exception], ...]:
    """What Ray raises where not the task failed but what it ran on."""
    from ray import exceptions

    return (
        exceptions.NodeDiedError,
        exceptions.WorkerCrashedError,
        exceptions.LocalRayletDiedError,
        exceptions.ObjectLostError,
        exceptions.OutOfMemoryError,
    )


def describe_loss(error: Exception) -> str:
    """A loss in words."""
    match type(error).__name__:
        case "NodeDiedError" | "LocalRayletDiedError":
            return "its node was lost"
        case "OutOfMemoryError":
            return "its worker was killed because the node ran out of memory"
        case _:
            return "its worker was lost"


def _enter(ray: ModuleType, address: str) -> None:
    """Ray's client server starts a process per client: a busy head node gives up on one, and manages the next."""
    options = {} if address.startswith(_CLIENT) else {"include_dashboard": False}
    for tries_left in reversed(range(_CONNECT_TRIES)):
        try:
            ray.init(address or None, logging_level="CRITICAL", log_to_driver=False, **options)
        except ConnectionAbortedError:
            if not tries_left:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _knock(address: str) -> None:
    """Ray itself waits minutes for a cluster that is not there."""
    place = urlsplit(address if "//" in address else f"//{address}")
    try:
        if place.hostname and place.port:
            socket.create_connection((place.hostname, place.port), timeout=_CONNECT_SECONDS).close()
    except ValueError as error:
        raise InputError(f"{address!r} is not an address", hint="HOST:PORT, or ray://HOST:PORT") from error
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from error


def _unreachable(address: str, why: str) -> OutsideError:
    where = address or "this machine"
    return OutsideError(f"no Ray cluster answers at {where}: {why}", hint="on its head node, see it with: ray status")


def _lines(error: Exception) -> list[str]:
    """What an error says, never nothing."""
    return [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
