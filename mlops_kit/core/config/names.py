"""The rules for names in `mlops.yaml`: environments, branches, and the order between environments."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

_ENVIRONMENT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RESERVED_NAME = re.compile(r"latest|v\d+")
_BRANCH_CHARACTERS = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_BRANCH_PARTS = re.compile(r"\.\.|@\{|//|^/|/$|\.$|^(?:@|HEAD)$|(?:^|/)\.|\.lock(?:/|$)")


def check_environment_name(name: str) -> str:
    """An environment's name is also its registry alias and part of its tags; ValueError where it cannot be."""
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise ValueError("expected lower-case letters, digits and dashes, at most 63, not starting with a dash")
    if _RESERVED_NAME.fullmatch(name):
        raise ValueError("the registry reserves latest and v<digits>; choose another name")
    return name


def check_branch_name(name: str) -> str:
    """A branch by the rules of `git check-ref-format --branch`; ValueError where git would refuse it."""
    if name.startswith("refs/"):
        raise ValueError("expected the short name of a branch, without refs/heads/")
    if name.startswith("-") or _BRANCH_CHARACTERS.search(name) or _BRANCH_PARTS.search(name):
        raise ValueError("git does not allow this as the name of a branch")
    return name


def check_folder(path: str) -> str:
    """A folder from the repository's top, with forward slashes; ValueError where it leaves that or git's own."""
    if "\\" in path or any(part in {"", ".", "..", ".git"} or not part.isprintable() for part in path.split("/")):
        raise ValueError("expected a folder inside the repository, with forward slashes and without . or ..")
    return path


@dataclass(frozen=True, kw_only=True)
class Follower:
    """An environment as far as order goes: the branch it follows and the environment it comes after."""

    branch: str
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """What is wrong with an environment's place among the others, and in which of its keys."""

    environment: str
    key: str
    message: str
    hint: str = ""


def check_order(followers: Mapping[str, Follower], *, shared: str | None = None) -> tuple[Misplaced, ...]:
    """Everything wrong between environments: unknown predecessors, circles, branches that two of them follow.

    `shared` is the branch that all must follow; None where each needs its own.
    """
    unknown = [
        Misplaced(
            environment=name,
            key="after",
            message=f"{follower.after!r} is not an environment",
            hint=suggest(follower.after, followers),
        )
        for name, follower in followers.items()
        if follower.after is not None and follower.after not in followers
    ]
    branches = _shared_branches(followers) if shared is None else _other_branches(followers, shared)
    return (*unknown, *_circles(followers), *branches)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a word close to a known one, else nothing."""
    close = get_close_matches(word.lower(), list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def suggest(word: str, known: Iterable[str]) -> str:
    """The known word that is close, else all of them."""
    return did_you_mean(word, known) or f"known: {', '.join(known)}"


def _circles(followers: Mapping[str, Follower]) -> list[Misplaced]:
    found: list[Misplaced] = []
    told: set[str] = set()
    for start in followers:
        path = [start]
        while (after := followers[path[-1]].after) in followers and after not in path and after is not None:
            path.append(after)
        if after == start and start not in told:
            told.update(path)
            way = " after ".join([*path, start])
            found.append(Misplaced(environment=start, key="after", message=f"environments wait for each other: {way}"))
    return found


def _shared_branches(followers: Mapping[str, Follower]) -> list[Misplaced]:
    first: dict[str, str] = {}
    for name, follower in followers.items():
        first.setdefault(follower.branch, name)
    return [
        Misplaced(
            environment=name,
            key="branch",
            message=f"branch {follower.branch!r} is followed by {first[follower.branch]} already",
            hint="give each environment a branch of its own",
        )
        for name, follower in followers.items()
        if first[follower.branch] != name
    ]


def _other_branches(followers: Mapping[str, Follower], shared: str) -> list[Misplaced]:
    return [
        Misplaced(
            environment=name,
            key="branch",
            message=f"with promotion: {{reader: path}} no environment has a branch of its own, but {follower.branch!r}",
            hint=f"leave branch out: all environments are files of {shared!r}",
        )
        for name, follower in followers.items()
        if follower.branch != shared
    ]
