"""Fetches the tables at an address, run as `python -I -m mlops_kit.adapters.downloading ADDRESS FOLDER`.

Each goes into a file of the folder that is named by a number, because a name is a stranger's. Printed is
`{NUMBER: NAME}`, the name that it has at the address.
"""

import json
import sys
from pathlib import Path

from mlops_kit.adapters.filesystems import open_filesystem
from mlops_kit.core.drift.profile import table_format

_AT_ONCE = 16


def fetch(address: str, folder: Path) -> dict[str, str]:
    """The tables that were fetched: the one of the address itself, else all below it."""
    fs, top = open_filesystem(address)
    found = [top] if fs.isfile(top) else sorted(path for path in fs.find(top) if table_format(path))
    names = {f"{number:08}": path for number, path in enumerate(found)}
    folder.mkdir(parents=True, exist_ok=True)
    if found:
        fs.get(found, [str(folder / number) for number in names], batch_size=_AT_ONCE)
    return {number: path.removeprefix(top).lstrip("/") or top.rpartition("/")[2] for number, path in names.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fetch(sys.argv[1], Path(sys.argv[2]))))
