"""Finds tables in a file or a folder here, and fetches those at an address; no link is followed."""

import json
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from mlops_kit.adapters import process
from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.profiles import find_data
from mlops_kit.core.drift.profile import DataFile, DataSet
from mlops_kit.core.errors import InputError, OutsideError

TIMEOUT_SECONDS = 3600.0
_MODULE = "mlops_kit.adapters.downloading"
_NO_TABLE = "tables end in .csv, .tsv, .parquet, .pq, .jsonl or .ndjson"


class DataPlaces:
    """Places by path or address; what is fetched goes into `scratch`, which is the caller's to remove."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], scratch: Path, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._scratch = scratch
        self._timeout_seconds = timeout_seconds
        self._numbers = count()

    def open(self, place: str) -> DataSet | None:
        """The tables at a path (from the folder) or an address; None where there is no file of that name."""
        if "://" in place:
            return self._fetch(place)
        path = self._folder / place
        return find_data(path, name=place) if _is_there(path) else None

    def keep(self, name: str, data: bytes) -> Path:
        """Where the bytes of a file lie now, each time in a place of their own."""
        place = self._scratch / "kept" / str(next(self._numbers)) / Path(name).name
        write_atomic(place, data)
        return place

    def _fetch(self, address: str) -> DataSet:
        if "@" in urlsplit(address).netloc:
            raise InputError(
                "the address of the data holds a name or a password",
                hint="credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …",
            )
        target = self._scratch / "fetched"
        done = process.run(
            process.Call(
                words=[sys.executable, "-I", "-m", _MODULE, address, str(target)],
                folder=self._folder,
                environment=self._environment,
                timeout_seconds=self._timeout_seconds,
                title=f"the data at {address}",
            )
        )
        if done.code != 0:
            last = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(
                f"{address} could not be fetched: {last[:300]}",
                hint="check the address and the credentials, then run it again",
            )
        names = json.loads(done.output)
        if not names:
            raise InputError(f"{address}: there is no table", hint=_NO_TABLE)
        files = tuple(DataFile(place=target / number, name=name) for number, name in sorted(names.items()))
        return DataSet(name=address, files=files)


def _is_there(path: Path) -> bool:
    """Whether a word is the name of something here; a link to nothing is something."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True
