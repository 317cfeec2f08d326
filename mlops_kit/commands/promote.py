"""Says what must be written down for an environment to run a version, where files on one branch say so.

Committing the file and merging it is people's work.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import read_project
from mlops_kit.core.config import Config, ReaderKind
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.promotion.environment_lock import (
    LockedModel,
    environment_lock_path,
    environment_lock_text,
    parse_environment_lock,
)
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which models, none for all, of which revision should run in an environment."""

    environment: str
    models: Sequence[str] = ()
    revision: str = "HEAD"


@dataclass(frozen=True, kw_only=True)
class NewLock:
    """The file's path and new text, the models that it names otherwise than before, and the branch that it must reach.

    `is_merged` says whether that branch has the commit.
    """

    path: str
    text: str
    branch: str
    commit: CommitSha
    changed: tuple[LockedModel, ...]
    is_merged: bool


def write_down(git: Git, work_tree: Tree, config: Config, request: Request) -> NewLock:
    """The file of the environment with the models of the revision; what else it names stays.

    A model whose bytes are already named keeps its commit. InputError for an environment, revision or model that is
    none, and where branches say what environments run.
    """
    name = _check(config, request.environment)
    path = environment_lock_path(config, name)
    data = work_tree.read_files([path]).get(path)
    before = {one.name: one for one in parse_environment_lock(data, file=path)} if data is not None else {}
    commit = require_commit(git, request.revision).commit
    chosen = _choose(read_project(git, commit).models, request)
    after = before | dict(_lock(chosen, commit, before))
    branch = config.environments[name].branch
    head = git.branch_head(branch)
    return NewLock(
        path=path,
        text=environment_lock_text(after.values()),
        branch=branch,
        commit=commit,
        changed=tuple(one for model, one in sorted(after.items()) if before.get(model) != one),
        is_merged=head is not None and git.is_ancestor(commit, head),
    )


def _check(config: Config, environment: str) -> EnvironmentName:
    name = EnvironmentName(environment)
    if name not in config.environments:
        known = ", ".join(config.environments)
        raise InputError(f"{environment!r} is not an environment", hint=f"environments are: {known}")
    if config.promotion.reader is not ReaderKind.PATH:
        branch = config.environments[name].branch
        raise InputError(
            f"{name} follows the branch {branch}: merging into that is the promotion, no file says it",
            hint=f"open a pull request into {branch}; files need promotion: {{reader: path}} in mlops.yaml",
        )
    return name


def _choose(models: Iterable[Model], request: Request) -> tuple[Model, ...]:
    """The models that were asked for; each must have bytes, of all only those that have."""
    known = {model.name: model for model in models}
    if not request.models:
        return tuple(model for model in known.values() if model.digest)
    return tuple(_find(known, ModelName(name), request.revision) for name in request.models)


def _find(known: Mapping[ModelName, Model], name: ModelName, revision: str) -> Model:
    if name not in known:
        raise InputError(f"{revision} declares no model {name!r}", hint=f"models are: {', '.join(sorted(known))}")
    if known[name].digest is None:
        raise InputError(f"dvc.lock of {revision} names no bytes of {name}", hint="mlops-kit reproduce, then commit")
    return known[name]


def _lock(
    models: Iterable[Model], commit: CommitSha, before: Mapping[ModelName, LockedModel]
) -> Iterable[tuple[ModelName, LockedModel]]:
    for model in models:
        old = before.get(model.name)
        if model.digest and (old is None or old.digest != model.digest):
            yield model.name, LockedModel(name=model.name, digest=model.digest, commit=commit)
