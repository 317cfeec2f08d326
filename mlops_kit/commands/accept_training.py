"""Checks what a retraining made against the commit that it was made of, as git objects: nothing is checked out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlops_kit.commands.accept import Accepted, Side, accept, read_ground
from mlops_kit.commands.facts import declared_project, inconsistencies_of
from mlops_kit.commands.overlaid import OverlaidTree
from mlops_kit.core.errors import IntegrityError, KitError, RefusedError
from mlops_kit.core.pipeline.grounds import assign_inconsistencies
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.ports.handing import KeptOutput
from mlops_kit.core.review.acceptance import kept_outputs
from mlops_kit.core.training.acceptance import check_data_files
from mlops_kit.core.types import CommitSha, ModelName

_DATA_SUFFIX = ".dvc"


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """What may be committed, and which of its outputs the base does not name: a DVC remote must have them."""

    accepted: Accepted
    new_outputs: tuple[KeptOutput, ...]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The model that was trained again, at which commit, and the `.dvc` files that lead to it."""

    model: ModelName
    head: CommitSha
    data_files: frozenset[str]


def accept_training(git: Git, subject: Subject, files: Mapping[str, bytes], removed: tuple[str, ...]) -> Harvest:
    """What of the files changes the commit, after all of it was checked.

    IntegrityError for a path that no retraining may write, a `.dvc` file that says more than other digests, or a lock
    that is not whole; RefusedError for a lock that nobody can have run with this data, these params and this code.
    """
    head = read_ground(git, subject.head)
    data = {path: text for path, text in files.items() if path.endswith(_DATA_SUFFIX)}
    before = head.tree.read_files(data)
    check_data_files(data, before, subject.data_files & head.ground.files)
    rest = {path: text for path, text in files.items() if path not in data}
    accepted = accept(_with_data(head, data), rest, removed)
    changed = {path: text for path, text in data.items() if before.get(path) != text}
    whole = replace(accepted, files={**accepted.files, **changed})
    outputs = _check(OverlaidTree(below=head.tree, files=whole.files, removed=whole.removed), subject)
    old = {output.digest for output in kept_outputs(head.ground.project, subject.data_files)}
    return Harvest(
        accepted=replace(whole, outputs=outputs),
        new_outputs=tuple(output for output in outputs if output.digest not in old),
    )


def _with_data(head: Side, data: Mapping[str, bytes]) -> Side:
    """The commit as if it had the new data."""
    tree = OverlaidTree(below=head.tree, files=data)
    try:
        project = declared_project(tree)
    except KitError as error:
        raise IntegrityError(f"the pipeline cannot be read with the data that was handed over: {error}") from error
    return Side(tree=tree, ground=replace(head.ground, project=project))


def _check(tree: Tree, subject: Subject) -> tuple[KeptOutput, ...]:
    """All that a remote should have, where the model's part of the lock fits the data, the params and the code."""
    project = declared_project(tree)
    wrong = assign_inconsistencies(project, inconsistencies_of(tree, project)).get(subject.model, ())
    if wrong:
        place = f"stage {wrong[0].stage}, {wrong[0].path}"
        raise RefusedError(
            f"{subject.model} was not trained on this data: {place}: {wrong[0].message}",
            hint="the whole pipeline must run: mlops-kit reproduce --all-pipelines says which stage does not",
        )
    return kept_outputs(project, subject.data_files)
