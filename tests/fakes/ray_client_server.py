"""Ray's client server as its clients see it, in Ray's own messages: it gives up some clients before it takes one."""

import contextlib
import json
import platform
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass
from typing import Any

import grpc
import ray
from ray.core.generated import ray_client_pb2 as messages

REASON = "RuntimeError: Proxy failed to Connect to backend!"
_TRACEBACK = f'Traceback (most recent call last):\n  File "proxier.py", line 784, in Datapath\n{REASON}\n'


@dataclass(kw_only=True)
class RayClientServer:
    """The first `refusals` clients are given up, as by a head node that cannot start their processes in time."""

    refusals: int
    port: int = 0
    clients: int = 0

    def speak(self, requests: Iterator[Any], _context: object) -> Iterator[Any]:
        """One client's requests, from its first to its last."""
        self.clients += 1
        taken = self.clients > self.refusals
        for request in requests:
            kind = request.WhichOneof("type")
            yield messages.DataResponse(req_id=request.req_id, **{kind: self._answer(kind, taken=taken)})

    def log(self, requests: Iterator[Any], _context: object) -> Iterator[Any]:
        """Nothing to tell, for as long as the client listens."""
        for _ in requests:
            yield from ()

    def _answer(self, kind: str, *, taken: bool) -> object:
        if kind == "init":
            return messages.InitResponse(ok=taken, msg="" if taken else _TRACEBACK)
        if kind == "connection_info":
            versions = {"ray_version": ray.__version__, "ray_commit": ray.__commit__}
            return messages.ConnectionInfoResponse(python_version=platform.python_version(), **versions)
        return messages.ConnectionCleanupResponse()


@contextlib.contextmanager
def serve_ray_client(*, refusals: int) -> Iterator[RayClientServer]:
    """A server on a free port of this machine."""
    found = RayClientServer(refusals=refusals)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers(_handlers(found))
    found.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield found
    finally:
        server.stop(grace=None).wait()


def _handlers(found: RayClientServer) -> tuple[object, ...]:
    data = grpc.stream_stream_rpc_method_handler(
        found.speak,
        request_deserializer=messages.DataRequest.FromString,
        response_serializer=messages.DataResponse.SerializeToString,
    )
    driver = {
        "ClusterInfo": _always(messages.ClusterInfoResponse(json=json.dumps({})).SerializeToString()),
        "KVPut": _always(messages.KVPutResponse(already_exists=False).SerializeToString()),
    }
    return (
        grpc.method_handlers_generic_handler("ray.rpc.RayletDriver", driver),
        grpc.method_handlers_generic_handler("ray.rpc.RayletDataStreamer", {"Datapath": data}),
        grpc.method_handlers_generic_handler(
            "ray.rpc.RayletLogStreamer", {"Logstream": grpc.stream_stream_rpc_method_handler(found.log)}
        ),
    )


def _always(answer: bytes) -> object:
    return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)
