"""Runs the git command in one repository: without hooks and exotic transports, never without a time limit."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.core.errors import OutsideError

REMOTE = "origin"
NETWORK_SECONDS = 120.0
_SAFE_SETTINGS = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "gc.auto=0")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no")


class GitCommand:
    """Git in a folder; `environment` is what it gets."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = {
            **environment,
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
        }

    def call(self, *words: str, stdin: bytes = b"", timeout_seconds: float = 60.0) -> process.Completed:
        """Run git to its end, whatever it answers."""
        return process.run(self._build(words, stdin=stdin, timeout_seconds=timeout_seconds))

    def expect(self, *words: str, stdin: bytes = b"") -> process.Completed:
        """Run git where only success makes sense; OutsideError with git's first line of complaint."""
        done = self.call(*words, stdin=stdin)
        if done.code != 0:
            raise failure(words[0], done)
        return done

    def fetch(self, wanted: Iterable[str], *options: str, remote: str = REMOTE) -> process.Completed:
        """Fetch objects, by their full names, and nothing else: no tags, no submodules, no FETCH_HEAD."""
        stdin = "".join(f"{name}\n" for name in wanted).encode()
        words = (*_FETCH, *options, "--stdin", remote)
        return self.call(*words, stdin=stdin, timeout_seconds=NETWORK_SECONDS)

    def open_dialogue(self, *words: str) -> process.Dialogue:
        """Start a git command that answers requests; what a partial clone lacks is not fetched (since git 2.44)."""
        call = self._build(words, timeout_seconds=NETWORK_SECONDS)
        return process.Dialogue(replace(call, environment={**self._environment, "GIT_NO_LAZY_FETCH": "1"}))

    def _build(self, words: tuple[str, ...], *, stdin: bytes = b"", timeout_seconds: float) -> process.Call:
        return process.Call(
            words=("git", *_SAFE_SETTINGS, *words),
            folder=self.folder,
            environment=self._environment,
            stdin=stdin,
            timeout_seconds=timeout_seconds,
            title=f"git {words[0]}",
        )


def failure(verb: str, done: process.Completed) -> OutsideError:
    """The error of a git command that had to succeed."""
    return OutsideError(f"git {verb} failed: {complaint(done)}")


def complaint(done: process.Completed) -> str:
    """The first line of what git complained about."""
    return (done.errors.strip().splitlines() or ["no message"])[0]
