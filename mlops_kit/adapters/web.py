"""Asks web addresses of serving targets: with a time limit for the whole answer, and no more bytes than are wanted."""

import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from mlops_kit.core.errors import OutsideError
from mlops_kit.core.serving import WebAnswer

SIZE_LIMIT = 16 * 1024 * 1024
_CHUNK_BYTES = 65536


class Requests:
    """The Web port."""

    def ask(self, url: str, *, body: bytes | None = None, timeout_seconds: float) -> WebAnswer:
        """GET, or POST JSON where there is a body; OutsideError where no whole answer comes in time."""
        import requests

        end = time.monotonic() + timeout_seconds
        headers = {"Content-Type": "application/json"} if body is not None else {}
        verb = "GET" if body is None else "POST"
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    verb, url, data=body, headers=headers, timeout=timeout_seconds, allow_redirects=False, stream=True
                )
                with answer:
                    return WebAnswer(status=answer.status_code, body=_read(answer.iter_content(_CHUNK_BYTES), url, end))
        except requests.RequestException as error:
            raise OutsideError(f"{_place(url)} gives no answer: {type(error).__name__}") from error


def _read(chunks: Iterable[bytes], url: str, end: float) -> bytes:
    read = bytearray()
    for chunk in chunks:
        read += chunk
        if len(read) > SIZE_LIMIT or time.monotonic() > end:
            raise OutsideError(f"{_place(url)} answers with too much, or too slowly")
    return bytes(read)


def _place(url: str) -> str:
    """The address without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}{parts.path}"
