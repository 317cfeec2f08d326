"""Chooses what a report compares and by whose rules: base, head, environment, policy."""

from dataclasses import dataclass, replace

from mlops_kit.commands.commits import Found, Missing, find_commit, find_merge_base, find_parent, require_commit
from mlops_kit.commands.live import LIVE, find_live_commit, last_records, tell_commits
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Git, PromotionLog, Tree
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.judgement import target_environment
from mlops_kit.core.review.report import Side
from mlops_kit.core.types import CommitSha, EnvironmentName

_USUAL_BRANCHES = ("origin/HEAD", "origin/main", "main", "origin/master", "master")
_HEADS = "refs/heads/"
_PREFIXES = (_HEADS, "refs/remotes/origin/", "origin/")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to compare; an empty text leaves the choice to the kit, an empty `head` is the work tree.

    `base` is a revision, or `live:ENVIRONMENT`.
    """

    head: str = ""
    base: str = ""
    environment: str = ""
    config_file: str = CONFIG_FILE


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Base and head as commits; `branch` is the branch that base stands for, if it is known.

    `environment` is the one that base was named by.
    """

    base: Side
    head: Side
    branch: str = ""
    environment: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules in force, and whether the change edits them."""

    config: Config
    changed: bool
    notes: tuple[str, ...] = ()


def choose_sides(question: Question, git: Git, log: PromotionLog) -> Sides:
    """Base and head; without a named base, the merge base with the main branch. InputError where there is none.

    What a shallow clone lacks of them is fetched.
    """
    found = require_commit(git, question.head) if question.head else Found(commit=git.resolve("HEAD"))
    head = _side(question.head or "work tree", found, worktree=not question.head)
    if question.base.startswith(LIVE):
        sides = _live_sides(head, question.base.removeprefix(LIVE), git, log)
        return replace(sides, notes=(*found.notes, *sides.notes))
    if question.base:
        named = require_commit(git, _local_name(git, question.base))
        base = _side(question.base, named)
        return Sides(base=base, head=head, branch=_branch_name(question.base), notes=(*found.notes, *named.notes))
    sides = _default_sides(head, found.commit, git)
    return replace(sides, notes=(*found.notes, *sides.notes))


def _side(name: str, found: Found, *, worktree: bool = False) -> Side:
    return Side(name=clip(name), commit=found.commit, worktree=worktree)


def choose_environment(question: Question, config: Config, sides: Sides) -> EnvironmentName:
    """The named environment, else the one that base was named by or follows, else the first in order."""
    if named := question.environment or sides.environment:
        if named not in config.environments:
            known = ", ".join(config.environments)
            raise InputError(f"{named!r} is not an environment", hint=f"environments are: {known}")
        return EnvironmentName(named)
    return target_environment(config, sides.branch)


def read_policy(base: Tree, head: Tree, *, file: str) -> Policy:
    """The rules of base, for a change cannot loosen its own gates; head's where base has none."""
    old, new = base.read_files([file]).get(file), head.read_files([file]).get(file)
    if old is not None:
        return Policy(config=parse_config(old, file=file), changed=old != new)
    if new is not None:
        note = f"base has no {file}: the change is judged by its own"
        return Policy(config=parse_config(new, file=file), changed=True, notes=(note,))
    return Policy(config=default_config(), changed=False)


def _live_sides(head: Side, environment: str, git: Git, log: PromotionLog) -> Sides:
    records = log.read_records()
    live = last_records(records, EnvironmentName(environment))
    if not live:
        known = ", ".join(sorted({record.environment for record in records}))
        hint = f"something is live in: {known}" if known else "the promotion log is empty: name a revision with --base"
        raise InputError(f"nothing is live in {environment!r}", hint=hint)
    commit = find_live_commit(git, live)
    if commit is None:
        raise InputError(
            f"no single commit is live in {environment!r}: {tell_commits(live)}",
            hint="name one of them with --base REVISION",
        )
    found = require_commit(git, commit)
    return Sides(base=_side(f"live in {environment}", found), head=head, environment=environment, notes=found.notes)


def _default_sides(head: Side, commit: CommitSha, git: Git) -> Sides:
    name, main = _find_main_branch(git)
    if isinstance(main, Missing):
        raise InputError("no base to compare with: there is no main branch", hint="name one with --base REVISION")
    shared = find_merge_base(git, main.commit, commit)
    notes = (*main.notes, *shared.notes)
    if isinstance(shared, Missing):
        note = f"no merge base with {name} was found (unrelated or shallow history): compared with its head"
        return Sides(base=_side(name, main), head=head, branch=_branch_name(name), notes=(*notes, note))
    if shared.commit != commit or head.worktree:
        base = _side(f"merge base with {name}", shared)
        return Sides(base=base, head=head, branch=_branch_name(name), notes=notes)
    parent = find_parent(git, commit)
    base = Side(name=f"{head.name}^", commit=parent.commit if isinstance(parent, Found) else commit)
    return Sides(base=base, head=head, branch=_branch_name(name), notes=(*notes, *parent.notes))


def _find_main_branch(git: Git) -> tuple[str, Found | Missing]:
    """The main branch as this clone knows it, else the one that the remote calls its own."""
    for name in _USUAL_BRANCHES:
        try:
            return name, Found(commit=git.resolve(name))
        except InputError:
            continue
    return _USUAL_BRANCHES[0], find_commit(git, _USUAL_BRANCHES[0])


def _local_name(git: Git, revision: str) -> str:
    """A branch by its full name (`refs/heads/main`) is the remote's, as last fetched, where there is none here."""
    branch = revision.removeprefix(_HEADS)
    remote = f"refs/remotes/origin/{branch}"
    return remote if branch != revision and not _is_known(git, revision) and _is_known(git, remote) else revision


def _is_known(git: Git, revision: str) -> bool:
    try:
        return bool(git.resolve(revision))
    except InputError:
        return False


def _branch_name(revision: str) -> str:
    for prefix in _PREFIXES:
        if revision.startswith(prefix):
            return revision.removeprefix(prefix)
    return revision
