"""Reads files that DVC keeps, by digest and without DVC: from its cache, else from its remote.

A file inside a folder that is kept as a whole is found by the folder's listing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mlops_kit.core.errors import IntegrityError, OutsideError
from mlops_kit.core.pipeline.graph import folders_above
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import Output, is_inside, join_path
from mlops_kit.core.ports import Objects
from mlops_kit.core.types import Digest

SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes of the largest metrics or params file, and of the longest listing, that is read."""
FILES_LIMIT = 1000
"""Files of the largest folder that is read as metrics."""
_DAMAGED = f"its bytes in the DVC cache are damaged, or more than {SIZE_LIMIT // 2**20} MiB"
_ABSENT = "the folder that dvc.lock names has no such file"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What became of files: bytes, or why there are none; `unknown` are those that were not found, for DVC to find."""

    files: dict[str, bytes] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def knows(self, path: str) -> bool:
        """Whether something became of a file."""
        return path in self.files or path in self.errors

    def fail(self, path: str, error: str) -> None:
        """Say of a file that was found why it is not used."""
        del self.files[path]
        self.errors[path] = error

    def add(self, other: "Reading") -> None:
        """Take over what another reading found."""
        self.files.update(other.files)
        self.errors.update(other.errors)
        self.unknown.extend(other.unknown)


def find_kept(project: Project, paths: Iterable[str]) -> Mapping[str, Output]:
    """Those of the paths that the last run left in DVC's cache, each with the output that it is or lies in."""
    outputs = {
        output.path: output
        for stage in project.stages
        for output in stage.outputs
        if output.cached and output.digest is not None
    }
    found = {path: [outputs[place] for place in (path, *folders_above(path)) if place in outputs] for path in paths}
    return {path: around[0] for path, around in found.items() if around}


def read_kept(objects: Objects | None, project: Project, paths: Iterable[str]) -> Reading:
    """The bytes of those paths that DVC keeps; for a folder, those of the files in it."""
    kept = find_kept(project, paths)
    if objects is None:
        return Reading(unknown=list(kept))
    reading = Reading()
    for root, outputs in _by_root(project, kept).items():
        try:
            reading.add(_read_root(objects, root, outputs))
        except OutsideError as error:
            reading.errors.update(dict.fromkeys(outputs, str(error)))
    return reading


def fetch_ahead(objects: Objects, needs: Iterable[tuple[Project, Iterable[str]]]) -> None:
    """Ask the remote once for what several readings are going to want; a remote that fails is told by those."""
    digests: dict[str, list[Digest]] = {}
    for project, paths in needs:
        for root, outputs in _by_root(project, find_kept(project, paths)).items():
            digests.setdefault(root, []).extend(output.digest for output in outputs.values() if output.digest)
    for root, wanted in digests.items():
        try:
            objects.find(root, wanted, limit=SIZE_LIMIT)
        except OutsideError:
            continue


def _by_root(project: Project, kept: Mapping[str, Output]) -> Mapping[str, Mapping[str, Output]]:
    roots: dict[str, dict[str, Output]] = {}
    for path, output in kept.items():
        roots.setdefault(root_of(path, project.roots), {})[path] = output
    return roots


def _read_root(objects: Objects, root: str, outputs: Mapping[str, Output]) -> Reading:
    tops = _look_up(objects, root, {path: output.digest for path, output in outputs.items() if output.digest})
    reading = Reading(errors=tops.errors, unknown=tops.unknown)
    inner: dict[str, Digest] = {}
    for path, data in tops.files.items():
        digest = outputs[path].digest
        if digest is None or not digest.is_directory:
            reading.files[path] = data
            continue
        try:
            inner.update(_find_inside(path, outputs[path].path, parse_listing(data, digest), digest))
        except IntegrityError as error:
            reading.errors[path] = str(error)
    reading.add(_look_up(objects, root, inner))
    return reading


def _find_inside(path: str, folder: str, listing: Mapping[str, str], digest: Digest) -> Mapping[str, Digest]:
    """The files of a kept folder that are the path or lie below it; IntegrityError for none, and for too many."""
    places = {join_path(folder, name): value for name, value in listing.items()}
    found = {place: value for place, value in places.items() if is_inside(place, path)}
    if not found:
        raise IntegrityError(_ABSENT)
    if len(found) > FILES_LIMIT:
        raise IntegrityError(f"the folder has {len(found):,} files, more than {FILES_LIMIT:,}")
    return {place: Digest(algorithm=digest.algorithm, value=value) for place, value in found.items()}


def _look_up(objects: Objects, root: str, digests: Mapping[str, Digest]) -> Reading:
    found = objects.find(root, digests.values(), limit=SIZE_LIMIT)
    data = objects.read(root, found, limit=SIZE_LIMIT)
    return Reading(
        files={path: data[digest] for path, digest in digests.items() if digest in data},
        errors={path: _DAMAGED for path, digest in digests.items() if digest in found and digest not in data},
        unknown=[path for path, digest in digests.items() if digest not in found],
    )
