"""Chooses what a report compares and by whose rules: base, head, environment, policy."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.judgement import target_environment
from mlops_kit.core.review.report import Side
from mlops_kit.core.types import CommitSha, EnvironmentName

_USUAL_BRANCHES = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
_PREFIXES = ("refs/heads/", "refs/remotes/origin/", "origin/")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to compare; an empty text leaves the choice to the kit, an empty `head` is the work tree."""

    head: str = ""
    base: str = ""
    environment: str = ""
    config_file: str = CONFIG_FILE


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Base and head as commits; `branch` is the branch that base stands for, if it is known."""

    base: Side
    head: Side
    branch: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules in force, and whether the change edits them."""

    config: Config
    changed: bool
    notes: tuple[str, ...] = ()


def choose_sides(question: Question, git: Git) -> Sides:
    """Base and head; without a named base, the merge base with the main branch. InputError where there is none."""
    head = Side(
        name=clip(question.head or "work tree"),
        commit=git.resolve(question.head or "HEAD"),
        worktree=not question.head,
    )
    if question.base:
        base = Side(name=clip(question.base), commit=_resolve_base(git, question.base))
        return Sides(base=base, head=head, branch=_branch_name(question.base))
    return _default_sides(head, git)


def choose_environment(question: Question, config: Config, branch: str) -> EnvironmentName:
    """The named environment, else the one that follows the base's branch, else the first in order."""
    if question.environment:
        if question.environment not in config.environments:
            known = ", ".join(config.environments)
            raise InputError(f"{question.environment!r} is not an environment", hint=f"environments are: {known}")
        return EnvironmentName(question.environment)
    return target_environment(config, branch)


def read_policy(base: Tree, head: Tree, *, file: str) -> Policy:
    """The rules of base, for a change cannot loosen its own gates; head's where base has none."""
    old, new = base.read_files([file]).get(file), head.read_files([file]).get(file)
    if old is not None:
        return Policy(config=parse_config(old, file=file), changed=old != new)
    if new is not None:
        note = f"base has no {file}: the change is judged by its own"
        return Policy(config=parse_config(new, file=file), changed=True, notes=(note,))
    return Policy(config=default_config(), changed=False)


def _default_sides(head: Side, git: Git) -> Sides:
    for name, commit in _main_branches(git):
        shared = git.merge_base(commit, head.commit)
        if shared is None:
            note = f"no merge base with {name} was found (unrelated or shallow history): compared with its head"
            return Sides(base=Side(name=name, commit=commit), head=head, branch=_branch_name(name), notes=(note,))
        if shared != head.commit or head.worktree:
            base = Side(name=f"merge base with {name}", commit=shared)
            return Sides(base=base, head=head, branch=_branch_name(name))
        parent = Side(name=f"{head.name}^", commit=_resolve(git, f"{head.commit}^") or head.commit)
        return Sides(base=parent, head=head, branch=_branch_name(name))
    raise InputError("no base to compare with: there is no main branch", hint="name one with --base REVISION")


def _main_branches(git: Git) -> Iterator[tuple[str, CommitSha]]:
    for name in _USUAL_BRANCHES:
        if commit := _resolve(git, name):
            yield name, commit


def _resolve(git: Git, revision: str) -> CommitSha | None:
    try:
        return git.resolve(revision)
    except InputError:
        return None


def _resolve_base(git: Git, revision: str) -> CommitSha:
    """The commit of a base; a branch by its full name (`refs/heads/main`) is the remote's where there is none here."""
    branch = revision.removeprefix("refs/heads/")
    if branch != revision and (found := _resolve(git, f"refs/remotes/origin/{branch}")):
        return _resolve(git, revision) or found
    return git.resolve(revision)


def _branch_name(revision: str) -> str:
    for prefix in _PREFIXES:
        if revision.startswith(prefix):
            return revision.removeprefix(prefix)
    return revision
