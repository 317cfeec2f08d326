"""Reads the plots of base and head: from their trees, else by digest.

Bytes that DVC keeps are asked for only where the two sides differ, all of them in one go.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.commands.plot_images import Darkroom, develop, without_images, write_images
from mlops_kit.commands.plot_objects import (
    Fetched,
    Listings,
    Wanted,
    fetch_listings,
    fetch_objects,
    first_line,
)
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.hashing import hash_bytes, is_pointer
from mlops_kit.core.pipeline.plots import expand_plots
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import Output, is_inside
from mlops_kit.core.ports import Objects, Tree
from mlops_kit.core.review import plotting
from mlops_kit.core.review.plots import PLOT_LIMIT, PlotRow
from mlops_kit.core.review.plotting import PlotSide, Source, differs, files_of
from mlops_kit.core.types import Digest

Folders = Mapping[str, tuple[str, ...]]
"""The files in each folder that is listed as a plot."""
FILE_LIMIT = 1_000
"""Plots that are looked at; a folder may hold any number of files."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What plots are read with besides the trees: bytes by digest, and where images go. Both may be missing."""

    objects: Objects | None = None
    darkroom: Darkroom | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """One side: its files and what it declares."""

    tree: Tree
    project: Project


@dataclass(frozen=True, kw_only=True)
class Plots:
    """The rows of a report, and what is missing."""

    rows: tuple[PlotRow, ...] = ()
    notes: tuple[str, ...] = ()


def make_plots(base: Place, head: Place, desk: Desk) -> Plots:
    """Every plot of either side; a file that cannot be read is a note in its row, never a failed report."""
    if not base.project.plots and not head.project.plots:
        return Plots()
    listings = fetch_listings(_wanted_folders(base, head), desk.objects)
    there, here = _folders(base, listings), _folders(head, listings)
    old = read_plots(base, listings, _borrow(base.project, there, here))
    new = read_plots(head, listings, _borrow(head.project, here, there))
    fetched = fetch_objects([*_wanted(old, new, base), *_wanted(new, old, head)], desk.objects)
    old, new = _fill(old, base, fetched), _fill(new, head, fetched)
    plots = _bound(compare_plots(old, new, desk.darkroom))
    return replace(plots, notes=(*plots.notes, *_unresolved(head.project)))


def read_plots(place: Place, listings: Listings, folders: Folders) -> PlotSide:
    """The plots of a side with the bytes that its tree has; of the others, which digest they have."""
    plots = expand_plots(place.project.plots, folders)
    kept = dict(sorted(plots.items())[:FILE_LIMIT])
    files = sorted({file for plot in kept.values() for file in files_of(plot)})
    read, errors = _read_files(place.tree, files)
    tracked = {output.path: output.digest for output in _outputs(place.project) if output.digest}
    sources = {file: _source(file, read.get(file), tracked, listings) for file in files}
    lost = {file: source for file, source in errors.items() if not sources[file].identity}
    return PlotSide(plots=kept, sources={**sources, **lost})


def compare_plots(base: PlotSide, head: PlotSide, darkroom: Darkroom | None) -> tuple[PlotRow, ...]:
    """The rows of all plots, and their images kept; without a place for images their sizes are told."""
    if darkroom is None:
        return tuple(without_images(row, base, head) for row in plotting.compare_plots(base, head))
    old, new = develop(base, head, darkroom), develop(head, base, darkroom)
    rows = plotting.compare_plots(old, new)
    write_images(rows, old, new, darkroom)
    return rows


def _bound(rows: tuple[PlotRow, ...]) -> Plots:
    """As many rows as a report may have, those that changed first."""
    kept = sorted(rows, key=lambda row: not row.change)[:PLOT_LIMIT]
    lost = len(rows) - len(kept)
    notes = (f"{lost} of {len(rows)} plots are left out of the report",) if lost else ()
    return Plots(rows=tuple(sorted(kept, key=lambda row: row.path)), notes=notes)


def _unresolved(project: Project) -> Iterator[str]:
    names = ", ".join(plot.name for plot in project.plots if plot.unresolved)
    if names:
        yield f"plots whose files DVC fills in by templates are left out: {names}"


def _folders(place: Place, listings: Listings) -> Folders:
    """The files below each plot's path that is a folder, hidden ones left out."""
    files = set(place.tree.list_files())
    folders = {}
    for path in {plot.path for plot in place.project.plots if plot.path} - files:
        found = {*place.tree.list_folder(path), *_tracked_below(place.project, path, listings)} - {path}
        if found:
            folders[path] = tuple(one for one in sorted(found) if not one.rpartition("/")[2].startswith("."))
    return folders


def _borrow(project: Project, own: Folders, other: Folders) -> Folders:
    """The side's folders; of those that DVC keeps and nobody could list, the other side's files stand for its own."""
    touches = _touching(output.path for output in _outputs(project) if output.digest and output.digest.is_directory)
    return {**{path: files for path, files in other.items() if touches(path)}, **own}


def _tracked_below(project: Project, folder: str, listings: Listings) -> Iterator[str]:
    for output in _outputs(project):
        if output.digest and output.digest in listings:
            paths = (f"{output.path}/{path}" for path in listings[output.digest])
            yield from (path for path in paths if is_inside(path, folder))
        elif output.digest and not output.digest.is_directory and is_inside(output.path, folder):
            yield output.path


def _outputs(project: Project) -> Iterator[Output]:
    return (output for stage in project.stages for output in stage.outputs)


def _read_files(tree: Tree, files: Iterable[str]) -> tuple[Mapping[str, bytes], Mapping[str, Source]]:
    """What the tree has; where some of it cannot be read, what and why."""
    try:
        return tree.read_files(files), {}
    except KitError:
        read: dict[str, bytes] = {}
        errors = {}
        for file in files:
            try:
                read |= tree.read_files([file])
            except KitError as error:
                errors[file] = Source(identity=f"unreadable in {tree.commit}", error=first_line(error))
        return read, errors


def _source(file: str, data: bytes | None, tracked: Mapping[str, Digest], listings: Listings) -> Source:
    if data is not None:
        pointer = f"{file}: git keeps only a Git LFS pointer of it" if is_pointer(data) else ""
        return Source(identity=str(hash_bytes(data)), data=None if pointer else data, error=pointer)
    around = next((path for path in _upwards(file) if path in tracked), "")
    return _tracked(file, around, tracked[around], listings) if around else Source(error=f"{file} is not there")


def _upwards(path: str) -> Iterator[str]:
    """The path, and the folders around it from the innermost."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _tracked(file: str, around: str, digest: Digest, listings: Listings) -> Source:
    """What is known of a file that DVC keeps, by itself or in a folder; its bytes are not read yet."""
    missing = f"{file}: its bytes are not in the DVC cache here (dvc fetch brings them)"
    if file == around:
        return Source(identity=str(digest), digest=digest, error=missing)
    inner = file.removeprefix(f"{around}/")
    if digest not in listings:
        return Source(identity=f"{digest}/{inner}", error=missing)
    known = listings[digest].get(inner)
    return Source(identity=str(known), digest=known, error=missing) if known else Source(error=f"{file} is not there")


def _wanted_folders(base: Place, head: Place) -> Iterator[Wanted]:
    """The folders among the outs that plots lie in or around: where the two sides differ, or one lies open."""
    shared = {out.digest for out in _plot_folders(base.project)} & {out.digest for out in _plot_folders(head.project)}
    for place in (base, head):
        for output in _plot_folders(place.project):
            opened = any(side.tree.list_folder(output.path) for side in (base, head))
            if output.digest and (opened or output.digest not in shared):
                yield Wanted(root=root_of(output.path, place.project.roots), digest=output.digest)


def _plot_folders(project: Project) -> Iterator[Output]:
    touches = _touching(file for plot in project.plots for file in files_of(plot))
    for output in _outputs(project):
        if output.digest and output.digest.is_directory and touches(output.path):
            yield output


def _touching(paths: Iterable[str]) -> Callable[[str], bool]:
    """What says of a path whether it lies in or around one of these."""
    known = set(paths)
    around = {folder for path in known for folder in _upwards(path)}
    return lambda path: path in around or any(folder in known for folder in _upwards(path))


def _wanted(side: PlotSide, other: PlotSide, place: Place) -> Iterator[Wanted]:
    """The bytes of a side's plots that the other side does not have just so, of those files that the tree lacks."""
    for name, plot in side.plots.items():
        if differs(name, other, side):
            for file in files_of(plot):
                if digest := side.sources[file].digest:
                    yield Wanted(root=root_of(file, place.project.roots), digest=digest)


def _fill(side: PlotSide, place: Place, fetched: Fetched) -> PlotSide:
    """The side with the bytes that were fetched, and why others could not be."""
    sources = {}
    for file, source in side.sources.items():
        error = fetched.errors.get(root_of(file, place.project.roots))
        if source.digest and source.digest in fetched.data:
            sources[file] = replace(source, data=fetched.data[source.digest], error="")
        else:
            sources[file] = replace(source, error=f"{file}: {error}") if source.digest and error else source
    return replace(side, sources=sources)
