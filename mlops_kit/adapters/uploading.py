"""Uploads one version of a model, run as `python -I -m mlops_kit.adapters.uploading PLACE NAME`.

Each version has a prefix of its own, which is never given to other bytes. A manifest, written last, says what belongs
there and that it is whole; it lies in a folder beside the versions, because a serving target downloads all that it
finds. Standard input says what is uploaded. Nothing is printed where the version is there in the end; a sentence where
other bytes are; any other failure is the process's.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.filesystems import open_filesystem

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

MANIFESTS = ".manifests"
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What goes below `<place>/<name>`: the path of each file in the version to where it lies here."""

    place: str
    name: str
    sha256: str
    files: Mapping[str, str]

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file."""
        return {name: Path(location).stat().st_size for name, location in sorted(self.files.items())}

    @property
    def manifest(self) -> bytes:
        """What says that the version is whole."""
        document = {"files": self.sizes, "sha256": self.sha256, "version": 1}
        return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def publish(upload: Upload) -> str:
    """Upload what is not there; a sentence where other bytes are, else nothing."""
    fs, place = open_filesystem(upload.place)
    target, manifest = f"{place}/{upload.name}", f"{place}/{MANIFESTS}/{upload.name}.json"
    written = fs.cat_file(manifest) if fs.exists(manifest) else b""
    if written and written != upload.manifest:
        return "was published with other bytes of the same digest"
    sizes, there = upload.sizes, _list(fs, target)
    surplus = sorted(there.keys() - sizes.keys())
    if surplus:
        return f"has files that are not the model's: {', '.join(surplus)[:300]}"
    lacking = [name for name, size in sizes.items() if not written or there.get(name) != size]
    _put(fs, {f"{target}/{name}": upload.files[name] for name in lacking}, f"{place}/{MANIFESTS}")
    if lacking and (there := _list(fs, target)) != sizes:
        return f"has other files than were uploaded: {sorted(there.items() ^ sizes.items())[:3]}"
    if not written:
        _write(fs, manifest, upload.manifest)
    return ""


def _list(fs: "AbstractFileSystem", folder: str) -> dict[str, int]:
    """Path below the folder to size of everything in it."""
    start = f"{folder}/"
    found = fs.find(folder, detail=True) if fs.exists(folder) else {}
    return {path.removeprefix(start): int(entry["size"]) for path, entry in found.items() if path.startswith(start)}


def _put(fs: "AbstractFileSystem", files: Mapping[str, str], scratch: str) -> None:
    """Upload the files; one in a folder takes its name when it is whole."""
    if "file" not in fs.protocol:
        fs.put(list(files.values()), list(files), batch_size=_AT_ONCE)
        return
    part = Path(scratch, f".{os.getpid()}.part")
    for target, location in files.items():
        part.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(location, part)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        part.replace(target)


def _write(fs: "AbstractFileSystem", target: str, data: bytes) -> None:
    if "file" not in fs.protocol:
        fs.pipe_file(target, data)
        return
    write_atomic(Path(target), data)


def _main() -> None:
    place, name = sys.argv[1:]
    said = json.load(sys.stdin)
    sys.stdout.write(publish(Upload(place=place, name=name, sha256=said["sha256"], files=said["files"])))


if __name__ == "__main__":
    _main()
