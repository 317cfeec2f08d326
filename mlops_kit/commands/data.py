"""Looks into the data that differs between base and head: files of folders, rows and columns of tables.

What cannot be had is a note: the report is made all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import IntegrityError, OutsideError
from mlops_kit.core.pipeline.hashing import COMPUTED
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.ports import Objects, Tables
from mlops_kit.core.review.data import Contents, DataRow, Listings, data_row
from mlops_kit.core.review.tracked import DataPair, Tracked, pair_data
from mlops_kit.core.tables import Table, TableFile, table_kind
from mlops_kit.core.types import Digest

FETCH_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest table that is fetched from the remote."""
LISTING_LIMIT = 32 * 1024 * 1024
"""Bytes of the largest listing of a folder that is read: some 350,000 files."""
FEW = 5
"""So many tables of one folder may differ to be looked into."""
TABLE_LIMIT = 20
"""Tables that are looked into in one report."""
_NO_OBJECTS = "data was compared by its digests alone: its bytes are not at hand"


@dataclass(frozen=True, kw_only=True)
class DataSources:
    """Where data is looked into; without `objects` and `tables` it is compared by digest alone.

    `work_tree` is the repository's top, where head is what lies there: it may have what no cache has.
    """

    objects: Objects | None = None
    tables: Tables | None = None
    work_tree: Path | None = None


@dataclass(frozen=True, kw_only=True)
class DataReading:
    """The data that differs, by path, and what could not be found out."""

    rows: tuple[DataRow, ...] = ()
    notes: tuple[str, ...] = ()


def read_data(base: Project, head: Project, sources: DataSources) -> DataReading:
    """What differs between the data of two projects, and how, as far as its bytes can be had."""
    pairs = pair_data(base, head)
    if not pairs:
        return DataReading()
    if sources.objects is None or sources.tables is None:
        return DataReading(rows=tuple(data_row(pair, Contents()) for pair in pairs), notes=(_NO_OBJECTS,))
    shelf = _Shelf(sources.objects)
    folders = _read_folders(pairs, shelf)
    inner = tuple(found for pair in pairs for found in _inner_tables(pair, folders.get(pair.path)))
    tables = [pair for pair in (*pairs, *inner) if _is_table(pair)]
    read = _read_tables(tables[:TABLE_LIMIT], shelf, sources.tables, sources.work_tree)
    skipped = {pair.path: Contents(note=f"not looked into: {TABLE_LIMIT} tables were") for pair in tables[TABLE_LIMIT:]}
    contents = {**folders, **read.contents, **skipped}
    rows = (data_row(pair, contents.get(pair.path, Contents())) for pair in (*pairs, *inner))
    notes = tuple(f"data could not be looked into: {found}" for found in dict.fromkeys((*shelf.failures, *read.notes)))
    return DataReading(rows=tuple(sorted(rows, key=lambda row: row.path)), notes=notes)


class _Shelf:
    """The objects of all roots; where the remote fails, still what the cache has, and the failure once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.failures: list[str] = []

    def find(self, wanted: Iterable[Tracked], *, limit: int) -> Mapping[Digest, Path]:
        """Where the bytes lie of what can be had."""
        found: dict[Digest, Path] = {}
        for root, digests in _by_root(wanted).items():
            try:
                found |= self._objects.find(root, digests, limit=limit)
            except OutsideError as error:
                self.failures.append(str(error))
                found |= self._find_each(root, digests, limit)
        return found

    def read(self, wanted: Iterable[Tracked], *, limit: int) -> Mapping[Digest, bytes]:
        """The bytes of what can be had."""
        kept = tuple(wanted)
        here = self.find(kept, limit=limit)
        found: dict[Digest, bytes] = {}
        for root, digests in _by_root(side for side in kept if side.digest in here).items():
            found |= self._objects.read(root, digests, limit=limit)
        return found

    def _find_each(self, root: str, digests: Iterable[Digest], limit: int) -> Iterator[tuple[Digest, Path]]:
        for digest in digests:
            try:
                yield from self._objects.find(root, (digest,), limit=limit).items()
            except OutsideError:
                continue


def _by_root(wanted: Iterable[Tracked]) -> Mapping[str, tuple[Digest, ...]]:
    found: dict[str, dict[Digest, None]] = {}
    for side in wanted:
        if side.digest and side.digest.algorithm in COMPUTED:
            found.setdefault(side.root, {})[side.digest] = None
    return {root: tuple(digests) for root, digests in found.items()}


def _read_folders(pairs: Iterable[DataPair], shelf: _Shelf) -> dict[str, Contents]:
    """The files of the folders that both sides have and that differ."""
    differing = [pair for pair in pairs if _is_folder(pair.old) and _is_folder(pair.new) and not pair.moved_from]
    listings = shelf.read((side for pair in differing for side in _sides(pair)), limit=LISTING_LIMIT)
    return {pair.path: _compare_folders(pair, listings) for pair in differing}


def _compare_folders(pair: DataPair, listings: Mapping[Digest, bytes]) -> Contents:
    read: list[Mapping[str, str]] = []
    for side in _sides(pair):
        if side.digest is None or side.digest not in listings:
            where = "base" if side is pair.old else "head"
            return Contents(note=f"{where}: the list of its files is neither in the cache nor in the remote")
        try:
            read.append(parse_listing(listings[side.digest], side.digest))
        except IntegrityError as error:
            return Contents(note=str(error))
    return Contents(listings=Listings(old=read[0], new=read[1]))


def _inner_tables(pair: DataPair, contents: Contents | None) -> Iterator[DataPair]:
    """The tables of a folder that differ, where they are few."""
    found = contents.listings if contents else None
    if found is None or pair.old is None or pair.new is None:
        return
    names = [name for name in sorted((*found.added, *found.removed, *found.changed)) if table_kind(name)]
    for name in names if len(names) <= FEW else ():
        yield DataPair(
            path=f"{pair.path}/{name}",
            old=_inner(pair.old, name, found.old),
            new=_inner(pair.new, name, found.new),
        )


def _inner(folder: Tracked, name: str, listing: Mapping[str, str]) -> Tracked | None:
    if name not in listing or folder.digest is None:
        return None
    digest = Digest(algorithm=folder.digest.algorithm, value=listing[name])
    return Tracked(path=f"{folder.path}/{name}", root=folder.root, digest=digest)


@dataclass(frozen=True, kw_only=True)
class _ReadTables:
    contents: Mapping[str, Contents]
    notes: tuple[str, ...] = ()


def _read_tables(pairs: Iterable[DataPair], shelf: _Shelf, tables: Tables, work_tree: Path | None) -> _ReadTables:
    wanted = tuple(pairs)
    places = shelf.find((side for pair in wanted for side in _sides(pair)), limit=FETCH_LIMIT)
    files = {
        side: _place(side, places, work_tree if side is pair.new else None) for pair in wanted for side in _sides(pair)
    }
    try:
        read = tables.read(file for file in files.values() if file)
    except OutsideError as error:
        return _ReadTables(contents={}, notes=(str(error),))
    found = {side: read[file] if file else _absent(side) for side, file in files.items()}
    return _ReadTables(contents={pair.path: _contents(pair, found) for pair in wanted})


def _contents(pair: DataPair, found: Mapping[Tracked, Table]) -> Contents:
    old, new = (found.get(side) if side else None for side in (pair.old, pair.new))
    return Contents(old=old, new=new)


def _place(side: Tracked, places: Mapping[Digest, Path], work_tree: Path | None) -> TableFile | None:
    kind = table_kind(side.path)
    if side.digest is None or kind is None:
        return None
    if place := places.get(side.digest):
        return TableFile(folder=place.parent, path=place.name, name=side.path, kind=kind, digest=side.digest)
    if work_tree and side.digest.algorithm in COMPUTED:
        return TableFile(folder=work_tree, path=side.path, name=side.path, kind=kind, digest=side.digest)
    return None


def _absent(side: Tracked) -> Table:
    if side.digest is None or side.digest.algorithm not in COMPUTED:
        return Table(error="its bytes were not downloaded")
    return Table(error=f"its bytes are neither here nor, with at most {FETCH_LIMIT // 1024**2} MiB, in the remote")


def _sides(pair: DataPair) -> tuple[Tracked, ...]:
    """The sides that record what they hold, base first."""
    return tuple(side for side in (pair.old, pair.new) if side and side.digest)


def _is_folder(side: Tracked | None) -> bool:
    return side is not None and side.digest is not None and side.digest.is_directory


def _is_table(pair: DataPair) -> bool:
    """Whether it is a table with other bytes than before."""
    is_file = not any(_is_folder(side) for side in (pair.old, pair.new))
    return is_file and table_kind(pair.path) is not None and not pair.moved_from
