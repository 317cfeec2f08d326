"""Prints what is in table files, a line of JSON for each, in the order in which they were asked for.

Run as a process of its own (`python -I -m mlops_kit.adapters.tables.reading`) with little memory and a time limit for
each file: a file that kills it costs its own line and no more. Standard input is a list of files.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from typing import Any, BinaryIO

from mlops_kit.adapters.files import open_regular
from mlops_kit.adapters.tables.csv_file import read_csv
from mlops_kit.adapters.tables.parquet_file import read_parquet
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM
from mlops_kit.core.tables import Table, TableKind
from mlops_kit.core.types import Digest

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of the largest CSV file that is read, and of the largest file that is compared with its digest."""
FILE_SECONDS = 60
MEMORY_LIMIT = 2 * 1024 * 1024 * 1024
"""Bytes of address space of the process; a library alone takes half of it, of memory hardly any."""
_CHUNK_BYTES = 1024 * 1024


def main() -> None:
    """Answer the request on standard input."""
    _limit_memory()
    for wanted in json.load(sys.stdin):
        signal.alarm(FILE_SECONDS)
        answer = _answer(wanted)
        signal.alarm(0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def read_table(stream: BinaryIO, path: str, digest: Digest, kind: TableKind) -> Table:
    """The table in a file; InputError for what is wrong with it."""
    size = os.fstat(stream.fileno()).st_size
    if size <= SIZE_LIMIT and not _is_whole(stream, digest):
        return Table(error="the bytes here are not those that are recorded")
    stream.seek(0)
    match kind:
        case TableKind.PARQUET:
            return read_parquet(stream)
        case TableKind.CSV if size > SIZE_LIMIT:
            return Table(error=f"larger than {SIZE_LIMIT // (1024 * 1024)} MiB: not looked into")
        case TableKind.CSV:
            return read_csv(stream, tabs=path.lower().endswith(".tsv"))


def _limit_memory() -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_LIMIT if most == resource.RLIM_INFINITY else min(MEMORY_LIMIT, most)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    except (OSError, ValueError):
        return  # macOS has no such limit: the time limit still holds


def _answer(wanted: Mapping[str, str]) -> dict[str, Any]:
    try:
        with open_regular(Path(wanted["folder"]), wanted["path"]) as stream:
            size = os.fstat(stream.fileno()).st_size
            table = read_table(stream, wanted["name"], Digest.parse(wanted["digest"]), TableKind(wanted["kind"]))
    except FileNotFoundError:
        return {"error": "its bytes are not here"}
    except KitError as error:
        return {"error": error.problems[0].message}
    except (OSError, MemoryError) as error:
        return {"error": f"it cannot be read: {type(error).__name__}"}
    columns = [[column.name, column.type] for column in table.columns]
    return {"rows": table.rows, "columns": columns, "size": size, "error": table.error}


def _is_whole(stream: BinaryIO, digest: Digest) -> bool:
    """Whether a file has its digest's bytes; by DVC 2's reading too, which hashed text with unix line ends."""
    plain, unix = md5(usedforsecurity=False), md5(usedforsecurity=False)
    held = b""
    while chunk := stream.read(_CHUNK_BYTES):
        plain.update(chunk)
        if digest.algorithm == LEGACY_ALGORITHM:
            text = held + chunk
            held = text[-1:] if text.endswith(b"\r") else b""
            unix.update(text.removesuffix(held).replace(b"\r\n", b"\n"))
    unix.update(held)
    found = {plain.hexdigest(), unix.hexdigest()} if digest.algorithm == LEGACY_ALGORITHM else {plain.hexdigest()}
    return digest.value in found


if __name__ == "__main__":
    main()
