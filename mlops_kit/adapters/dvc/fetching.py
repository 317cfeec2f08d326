"""Fetches objects into DVC's cache, wave after wave, while stages run.

Run as a process of its own (`python -I -m mlops_kit.adapters.dvc.fetching ROOT`), so that it shares nothing with the
bookkeeping of the run but the cache, in which every file appears in one step. The first line of standard input says
what to fetch; when the input ends, so does the process: nothing outlives its caller. Each wave is answered by a line.
"""

import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlops_kit.adapters.dvc.store import ObjectStore, open_store
from mlops_kit.core.errors import IntegrityError, KitError
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.types import Digest

_ORPHANED = 1


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What is asked of one remote in one call; None is the default remote."""

    digests: tuple[Digest, ...]
    remote: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How the fetching of a wave ended; `error` says why it failed, `damaged` that the remote has other bytes."""

    wave: int
    error: str = ""
    damaged: bool = False


def fetch_batch(store: ObjectStore, batch: Batch) -> tuple[Digest, ...]:
    """Bring the digests, directories with all their files, into the cache; those that the remote does not have.

    OutsideError where the remote fails, IntegrityError where it has a damaged listing.
    """
    listings = store.missing(digest for digest in batch.digests if digest.is_directory)
    lost = store.fetch_all(batch.digests, remote=batch.remote)
    store.require_whole(digest for digest in listings if digest not in lost)
    parts = [part for digest in batch.digests if digest not in lost for part in read_parts(store, digest)]
    return (*lost, *store.fetch_all(parts, remote=batch.remote))


def read_parts(store: ObjectStore, digest: Digest) -> Iterator[Digest]:
    """The files of a directory whose listing is in the cache; nothing for a file."""
    if digest.is_directory:
        listing = parse_listing(store.locate(digest.algorithm, digest.value).read_bytes(), digest)
        yield from (Digest(algorithm=digest.algorithm, value=value) for value in listing.values())


def write_request(waves: Mapping[int, Iterable[Batch]]) -> bytes:
    """The line that tells the process what to fetch."""
    content = [
        [wave, [{"remote": batch.remote, "digests": [str(one) for one in batch.digests]} for batch in batches]]
        for wave, batches in sorted(waves.items())
    ]
    return json.dumps(content).encode() + b"\n"


def read_answer(line: str) -> Answer:
    """One line of the process."""
    found = json.loads(line)
    return Answer(wave=int(found["wave"]), error=str(found["error"]), damaged=bool(found["damaged"]))


def _read_request(line: str) -> Iterator[tuple[int, Sequence[Batch]]]:
    for wave, batches in json.loads(line):
        yield wave, [_read_batch(batch) for batch in batches]


def _read_batch(found: Mapping[str, Any]) -> Batch:
    return Batch(digests=tuple(Digest.parse(text) for text in found["digests"]), remote=found["remote"])


def _fetch_wave(store: ObjectStore, wave: int, batches: Iterable[Batch]) -> Answer:
    try:
        for batch in batches:
            fetch_batch(store, batch)
    except KitError as error:
        return Answer(wave=wave, error=str(error), damaged=isinstance(error, IntegrityError))
    return Answer(wave=wave)


def _end_with_caller() -> None:
    """Wait for the end of standard input, which is the end of the caller."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(_ORPHANED)


def main(root: str) -> None:
    """Answer the request on standard input."""
    request = list(_read_request(sys.stdin.readline()))
    threading.Thread(target=_end_with_caller, daemon=True).start()
    with open_store(Path(root), "dvc.yaml") as store:
        for wave, batches in request:
            sys.stdout.write(json.dumps(asdict(_fetch_wave(store, wave, batches))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
