"""A secret that must be nowhere but in the requests' own header: what every fault test is watched with."""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.fakes.github import FakeGitHub

SECRET = "ghs_" + "CaNaRy0123456789" * 2 + "abcd"
"""In the form of a workflow's token."""
VARIABLES = ("GITHUB_TOKEN", "MLOPS_KIT_TOKEN")
FILE_LIMIT = 4 * 2**20
"""Bytes of a file that are looked at: floods and full disks are not read to their end."""


def disguises(secret: str) -> tuple[str, ...]:
    """A secret as itself, percent-encoded, and in base64 wherever it may begin in what is encoded."""
    data = secret.encode()
    inner = [base64.b64encode(b"x" * skip + data).decode()[4 if skip else 0 :] for skip in range(3)]
    whole = [text[: len(text) // 4 * 4 - 4] for text in inner]  # the last group depends on what follows
    encoded = [base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()]
    return tuple(dict.fromkeys([secret, quote(secret, safe=""), *encoded, *whole]))


_FORMS = tuple(form.encode() for form in disguises(SECRET))


@dataclass(kw_only=True)
class Canary:
    """Where the secret could come out during one test."""

    folder: Path
    servers: list[FakeGitHub] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def tell(self, error: BaseException) -> None:
        """Look at an error, and at what caused it."""
        seen: BaseException | None = error
        while seen is not None:
            self.texts.append(f"{seen!r} {seen} {getattr(seen, 'hint', '')}")
            seen = seen.__cause__ or seen.__context__

    def find(self) -> list[str]:
        """Every place where the secret is."""
        places = [*self._texts(), *self._files(), *self._servers()]
        return [place for place, data in places if any(form in data for form in _FORMS)]

    def _texts(self) -> Iterator[tuple[str, bytes]]:
        yield from ((f"text {text[:40]!r}", text.encode()) for text in self.texts)

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for path in self.folder.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            with suppress(OSError), path.open("rb") as stream:
                yield f"file {path}", stream.read(FILE_LIMIT)

    def _servers(self) -> Iterator[tuple[str, bytes]]:
        for github in self.servers:
            for name in (
                "log",
                "comments",
                "statuses",
                "check_runs",
                "refs",
                "deployments",
                "deployment_statuses",
                "pulls",
            ):
                yield f"GitHub's {name}", json.dumps(getattr(github, name)).encode()
            yield "GitHub's files", b"".join(github.objects.blobs.values())
            yield "GitHub's commits", repr(github.objects.commits).encode()
