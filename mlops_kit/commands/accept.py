"""Checks what a stranger's run made against the head of its pull request, as git objects: nothing is checked out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, declared_project, inconsistencies_of
from mlops_kit.commands.overlaid import OverlaidTree
from mlops_kit.core.errors import IntegrityError, KitError, RefusedError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.soundness import parse_pipelines
from mlops_kit.core.pipeline.stages import LOCK_FILE, is_inside
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.ports.handing import KeptOutput
from mlops_kit.core.review.acceptance import (
    Ground,
    check_evaluations,
    check_paths,
    kept_outputs,
    lock_of,
    uncached_folders,
)
from mlops_kit.core.review.evaluation import is_evaluation_path
from mlops_kit.core.review.whole_lock import check_complete, check_folders, check_locks, check_no_strangers
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Side:
    """One commit as git has it."""

    tree: Tree
    ground: Ground

    @property
    def outputs(self) -> tuple[KeptOutput, ...]:
        """What DVC keeps of it."""
        return kept_outputs(self.ground.project)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What may be written: files that differ from the head's, paths that go, and all outputs that DVC keeps then."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    outputs: tuple[KeptOutput, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether the branch would change."""
        return bool(self.files or self.removed)

    @property
    def is_outdated(self) -> bool:
        """Whether anything of the pipeline would change, and not only how its models were scored."""
        return not all(map(is_evaluation_path, self.paths))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that changes, sorted."""
        return tuple(sorted({*self.files, *self.removed}))


def read_ground(git: Git, commit: CommitSha) -> Side:
    """A commit's project and files; one that the clone has not is fetched."""
    tree = CommitTree(git=git, commit=require_commit(git, commit).commit)
    ground = Ground(
        project=declared_project(tree),
        files=frozenset(tree.list_files()),
        special=frozenset(tree.list_special()),
    )
    return Side(tree=tree, ground=ground)


def accept(head: Side, files: Mapping[str, bytes], removed: tuple[str, ...]) -> Accepted:
    """What of the files changes the head, after all of it was checked.

    IntegrityError for a path that no run may write or a lock that is not whole, RefusedError for a lock that nobody can
    have run with the head's params and code.
    """
    gone = frozenset(removed)
    tree = OverlaidTree(below=head.tree, files=files, removed=gone)
    after = _project_of(tree)
    check_paths(files, gone, head.ground, after)
    check_evaluations(files, after)
    check_no_strangers(head.ground, after)
    accepted = _changes(head, files, gone & head.ground.files, outputs=kept_outputs(after))
    locks = {path: data for path, data in accepted.files.items() if path.rpartition("/")[2] == LOCK_FILE}
    check_locks(locks, head.ground, _pipeline_files(head))
    touched = frozenset(_touched(after, accepted.paths))
    check_complete(after, touched)
    _check_consistent(tree, after, touched)
    check_folders(after, _files_of_folders(tree, after), touched)
    return accepted


def _touched(after: Project, paths: tuple[str, ...]) -> Iterator[str]:
    """The locks that changed, or some of whose outputs did."""
    for stage in after.stages if paths else ():
        lock = lock_of(stage.file)
        outputs = tuple(output.path for output in stage.outputs if not output.cached)
        if not stage.is_data and any(path == lock or any(is_inside(path, out) for out in outputs) for path in paths):
            yield lock


def _project_of(tree: Tree) -> Project:
    """The project with the new lock; what is broken in it was made by a stranger."""
    try:
        return declared_project(tree)
    except KitError as error:
        raise IntegrityError(f"the pipeline cannot be read with what was handed over: {error}") from error


def _pipeline_files(head: Side) -> Mapping[str, bytes]:
    """The head's dvc.yaml files, their locks, and what they take variables from."""
    definitions = head.ground.project.definitions
    files = head.tree.read_files([*definitions, *map(lock_of, definitions)])
    variables = parse_pipelines(files).variable_files
    return {**files, **head.tree.read_files(path for path in variables if path in head.ground.files)}


def _check_consistent(tree: Tree, after: Project, touched: frozenset[str]) -> None:
    """RefusedError where a lock that is touched does not fit itself, the params or the code."""
    stages = {stage.name for stage in after.stages if lock_of(stage.file) in touched}
    found = [one for one in inconsistencies_of(tree, after) if one.stage in stages] if touched else []
    if found:
        more = f" (and {len(found) - 1} more)" if found[1:] else ""
        raise RefusedError(
            f"the lock is not of this commit: stage {found[0].stage}, {found[0].path}: {found[0].message}{more}",
            hint="a stage that is not run by this workflow needs its lock entry too: run mlops-kit reproduce",
        )


def _files_of_folders(tree: Tree, after: Project) -> Mapping[str, bytes]:
    folders = uncached_folders(after)
    return tree.read_files(path for path in tree.list_files() if any(is_inside(path, folder) for folder in folders))


def _changes(
    head: Side, files: Mapping[str, bytes], removed: frozenset[str], *, outputs: tuple[KeptOutput, ...]
) -> Accepted:
    before = head.tree.read_files(files)
    changed = {path: data for path, data in files.items() if before.get(path) != data}
    return Accepted(files=changed, removed=removed, outputs=outputs)
