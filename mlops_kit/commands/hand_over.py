"""Hands what a run changed to a job that may write: locks, small files and objects of the cache, as plain data.

Whoever takes it believes none of it; nothing here needs to be trusted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, declared_project
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.hashing import is_pointer
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import is_inside
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.ports.handing import CachedObject, CacheShelf, Handed, Packing
from mlops_kit.core.review.acceptance import kept_outputs, lock_of
from mlops_kit.core.review.evaluation import Evaluation, evaluation_json, evaluation_path
from mlops_kit.core.review.hand_over import (
    FILE_COUNT,
    MANIFEST,
    MOST_OBJECTS,
    Bounds,
    HandedObject,
    HandOver,
    LeftOut,
    describe_file,
    hand_over_json,
    parse_hand_over,
)
from mlops_kit.core.types import Digest

_UNBOUNDED = Bounds(objects=MOST_OBJECTS, mib=2**40)


@dataclass(frozen=True, kw_only=True)
class Packer:
    """Where a run's results are, and where they go. Without a shelf the run has sent its objects itself.

    `data_files` are `.dvc` files that go along, with what they track.
    """

    git: Git
    work_tree: Tree
    folder: Packing
    shelf: CacheShelf | None
    bounds: Bounds = field(default_factory=Bounds)
    data_files: frozenset[str] = frozenset()


def hand_over(packer: Packer, base: str) -> HandOver:
    """Fill the folder with what the work tree has and the checked-out commit has not; the document that says so.

    Objects are those that the work tree's locks name and the locks of `base` (a revision) do not.
    """
    head = packer.git.resolve("HEAD")
    committed = CommitTree(git=packer.git, commit=head)
    project = declared_project(packer.work_tree)
    changed, removed = _changes(packer, committed, project)
    objects = _find_objects(packer, project, base)
    described = tuple(_describe(digest, found) for digest, found in sorted(objects.items()))
    document = HandOver(
        head=head,
        files=tuple(describe_file(path, data) for path, data in sorted(changed.items())),
        removed=removed,
        objects=described,
    )
    if not packer.bounds.allow(described):
        left_out = LeftOut(objects=len(described), bytes=sum(found.size for found in described))
        document = replace(document, objects=(), left_out=left_out)
    _fill(packer.folder, document, changed, objects)
    return document


def hand_over_evaluations(
    git: Git, handed: Handed, folder: Packing, evaluations: Iterable[Evaluation]
) -> tuple[str, ...]:
    """Add what the checked-out commit lacks of the evaluations to what a run handed over; their paths."""
    head = git.resolve("HEAD")
    before = parse_hand_over(handed.read_manifest(), head=head, bounds=_UNBOUNDED)
    wanted = {evaluation_path(one.environment, one.model): evaluation_json(one).encode() for one in evaluations}
    known = git.read_files(head, wanted)
    files = {path: data for path, data in wanted.items() if known.get(path) != data}
    described = {file.path: file for file in before.files} | {path: describe_file(path, files[path]) for path in files}
    document = replace(before, files=tuple(sorted(described.values())))
    for path, data in files.items():
        folder.write(f"files/{described[path].sha256}", data)
    folder.write(MANIFEST, hand_over_json(document))
    return tuple(sorted(files))


def _fill(
    folder: Packing, document: HandOver, files: Mapping[str, bytes], objects: Mapping[Digest, CachedObject]
) -> None:
    """The document comes last: without it nothing was handed over."""
    for file in document.files:
        folder.write(f"files/{file.sha256}", files[file.path])
    for found in document.objects:
        folder.put(found.place, objects[found.digest].location)
    folder.write(MANIFEST, hand_over_json(document))


def _changes(packer: Packer, committed: Tree, project: Project) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Locks and outputs that git keeps, as far as they differ from the commit; and those of it that are gone."""
    tree = packer.work_tree
    places = {lock_of(file) for file in project.definitions} | packer.data_files
    outputs = {out.path for stage in project.stages if not stage.is_data for out in stage.outputs if not out.cached}
    now = _below(tree.list_files(), places, outputs)
    before = _below(committed.list_files(), places, outputs)
    old, new = committed.read_files(before), tree.read_files(now)
    changed = {path: data for path, data in new.items() if old.get(path) != data and not is_pointer(old.get(path, b""))}
    if len(changed) > FILE_COUNT:
        raise InputError(
            f"{len(changed):,} files that git keeps changed, and at most {FILE_COUNT:,} are handed over",
            hint="let DVC keep folders with many files: leave out cache: false",
        )
    gone = (path for path in before if path not in new and any(is_inside(path, place) for place in outputs))
    return changed, tuple(sorted(gone))


def _below(paths: Iterable[str], places: set[str], outputs: set[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if path in places or any(is_inside(path, place) for place in outputs))


def _find_objects(packer: Packer, project: Project, base: str) -> Mapping[Digest, CachedObject]:
    if packer.shelf is None:
        return {}
    known, made = _digests_of(packer.git, base), kept_outputs(project, packer.data_files)
    return packer.shelf.find(output for output in made if output.digest not in known)


def _digests_of(git: Git, base: str) -> frozenset[Digest]:
    """What base's locks name; nothing where base cannot be read, for a run that went well must not end with that."""
    try:
        project = declared_project(CommitTree(git=git, commit=require_commit(git, base).commit))
    except KitError:
        return frozenset()
    return frozenset(output.digest for output in kept_outputs(project))


def _describe(digest: Digest, found: CachedObject) -> HandedObject:
    return HandedObject(md5=digest.value, size=found.size)
