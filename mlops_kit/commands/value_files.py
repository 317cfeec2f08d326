"""Reads the bytes of metrics and params files of a tree: as they lie in it, else what DVC keeps of them.

Nothing is read that lies outside of the tree, behind a link or in a submodule: such a file is named instead.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from mlops_kit.commands.cached import SIZE_LIMIT, Reading, find_kept, read_kept
from mlops_kit.core.errors import InputError, IntegrityError
from mlops_kit.core.pipeline.graph import folders_above
from mlops_kit.core.pipeline.hashing import is_pointer
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.ports import Objects, Tree

_POINTER = "is a Git LFS pointer, and its bytes are not in git (git lfs pull brings them)"
_OUTSIDE = "lies outside of the repository, and is not read"


def expand(paths: Iterable[str], tree: Tree) -> tuple[str, ...]:
    """The files that the paths stand for: a folder is every file in it."""
    known = set(tree.list_files())
    return tuple(inner for path in paths for inner in ((path,) if path in known else _inside(path, tree)))


def read_values(tree: Tree, project: Project, objects: Objects | None, paths: Iterable[str]) -> Reading:
    """The bytes of those files that are there, and why the others cannot be read; one that is nowhere is left out."""
    wanted = tuple(dict.fromkeys(paths))
    refused = dict(_refuse(wanted, tree))
    reading = _read_tree(tree, project, [path for path in wanted if path not in refused])
    reading.errors.update(refused)
    reading.add(read_kept(objects, project, [path for path in wanted if not reading.knows(path)]))
    for path in [path for path, data in reading.files.items() if is_pointer(data)]:
        reading.fail(path, _POINTER)
    for path in [path for path, data in reading.files.items() if len(data) > SIZE_LIMIT]:
        reading.fail(path, f"larger than {SIZE_LIMIT // 2**20} MiB")
    return reading


def _inside(path: str, tree: Tree) -> tuple[str, ...]:
    return (path,) if _is_outside(path) else tree.list_folder(path) or (path,)


def _is_outside(path: str) -> bool:
    return path.startswith(("/", "../")) or path == ".." or "://" in path


def _refuse(paths: Iterable[str], tree: Tree) -> Iterator[tuple[str, str]]:
    special = tree.list_special()
    for path in paths:
        if _is_outside(path):
            yield path, _OUTSIDE
        elif path in special:
            yield path, f"is {special[path]}, which is not followed"
        elif place := next((folder for folder in folders_above(path) if folder in special), ""):
            yield path, f"lies in {place}, {special[place]}, which is not followed"


def _read_tree(tree: Tree, project: Project, paths: list[str]) -> Reading:
    """What lies in the tree; of a work tree each file by itself where one of them cannot be read."""
    with suppress(InputError, IntegrityError):
        return Reading(files=dict(tree.read_files(paths)))
    reading, kept = Reading(), find_kept(project, paths)
    for path in paths:
        try:
            reading.files.update(tree.read_files([path]))
        except InputError as error:
            if path not in kept:
                reading.errors[path] = str(error)
        except IntegrityError:
            if path not in kept:  # DVC itself links what it keeps into its cache (cache.type)
                raise
    return reading
