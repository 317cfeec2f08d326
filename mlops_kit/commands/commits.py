"""Finds the commits that a report compares, also in a clone that was cut short: what it lacks is fetched, and said."""

from contextlib import suppress
from dataclasses import dataclass

from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Git
from mlops_kit.core.types import CommitSha

_STEPS = (16, 64, 256, 1024)
"""How many more commits of a shallow history are fetched, each time that a merge base was not found."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A commit, and what had to be done to have it here."""

    commit: CommitSha
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Missing:
    """There is no such commit; `notes` say what could not be done to have it here."""

    notes: tuple[str, ...] = ()


def find_commit(git: Git, revision: str) -> Found | Missing:
    """The commit that a revision names, here or on the remote."""
    with suppress(InputError):
        return Found(commit=git.resolve(revision))
    try:
        commit = git.fetch_commit(revision)
    except InputError:
        return Missing()
    except OutsideError as error:
        return Missing(notes=(str(error),))
    return Found(commit=commit, notes=(f"{revision} was not in this clone: commit {commit[:8]} was fetched",))


def require_commit(git: Git, revision: str) -> Found:
    """The commit that a revision names, here or on the remote; InputError where it is neither."""
    found = find_commit(git, revision)
    if isinstance(found, Missing):
        raise InputError(
            f"{revision!r} is not a revision of this repository{''.join(f', and {note}' for note in found.notes)}",
            hint="in a shallow clone fetch it first (actions/checkout with fetch-depth: 0)",
        )
    return found


def find_merge_base(git: Git, one: CommitSha, other: CommitSha) -> Found | Missing:
    """The best common ancestor; a history that was cut off is fetched until it shows one, up to a bound."""
    shared, fetched = git.merge_base(one, other), 0
    for step in _STEPS:
        if shared is not None or not git.is_shallow:
            break
        try:
            git.deepen(step)
        except OutsideError as error:
            return Missing(notes=(str(error),))
        fetched += step
        shared = git.merge_base(one, other)
    notes = (f"the history of this clone was cut off: {fetched} more commits were fetched",) if fetched else ()
    return Missing(notes=notes) if shared is None else Found(commit=shared, notes=notes)


def find_parent(git: Git, commit: CommitSha) -> Found | Missing:
    """The first parent, fetched where the history was cut off before it; a first commit has none."""
    parents = git.list_first_parents(commit, limit=2)[1:]
    if not parents and git.is_shallow:
        try:
            git.deepen(1)
        except OutsideError as error:
            return Missing(notes=(str(error),))
        parents = git.list_first_parents(commit, limit=2)[1:]
    return Found(commit=parents[0]) if parents else Missing()
