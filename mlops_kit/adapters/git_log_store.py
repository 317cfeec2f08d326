"""A small bare repository inside a shallow clone's git folder, which holds the promotion log's tags and nothing else.

A tag of the log points to the commit that was promoted. Fetched into a shallow clone it would bring that commit's whole
history along, or with `--depth` cut the history that is here; and `--filter` would make the clone a partial one. So
the tags go into a repository of their own, without trees and without history, which borrows the clone's settings and
changes none of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from mlops_kit.adapters.git_command import REMOTE, GitCommand, complaint
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import CommitSha

LOG_REFS = "refs/tags/mlops"
_HEAD_REFS = "refs/mlops-kit/heads"
"""Commits whose history was fetched, under their own names: what a reference names is here."""
_FOLDER = "mlops-kit/log.git"
_BORROWED = (
    r"^(remote\.origin\.(url|pushurl|proxy)|http\..*|credential\..*|url\..*"
    r"|core\.(sshcommand|askpass|gitproxy)|ssh\..*)$"
)
_WITHOUT_TREES = "--filter=tree:0"
_DEPTHS = (64, 1024, 2_147_483_647)
"""How much of a branch's line is fetched to find commits in it; the last is all of it."""


class LogStore:
    """The log's tags of a shallow clone, which git keeps in `folder`; `environment` is what the git command gets."""

    def __init__(self, git: GitCommand, folder: Path, environment: Mapping[str, str]) -> None:
        self._git = git
        self._environment = environment
        self._home = folder / _FOLDER

    @property
    def exists(self) -> bool:
        """Whether it was fetched into before."""
        return (self._home / "HEAD").is_file()

    @cached_property
    def git(self) -> GitCommand:
        """Git in this repository, made where it is not there, with the clone's way to the remote."""
        if not self.exists:
            self._git.expect("init", "--quiet", "--bare", "--template=", str(self._home))
        variables = {**borrow_settings(self._git, self._environment), "GIT_DIR": str(self._home)}
        return GitCommand(self._git.folder, variables)

    def fetch(self, refspecs: Sequence[str] = (f"+{LOG_REFS}/*:{LOG_REFS}/*",)) -> None:
        """Bring the log's tags, or other references, up to date; OutsideError where the remote does not answer."""
        self._fetch(refspecs, "--prune", "--depth=1")

    def find_unreachable(self, commits: Iterable[CommitSha], head: CommitSha) -> frozenset[CommitSha]:
        """Those commits that are not in the remote's history of `head`, of which only commits are fetched.

        As much of it as shows them all, at the worst all of it.
        """
        lacking, known = frozenset(commits), f"{_HEAD_REFS}/{head}"
        if self.git.call("show-ref", "--verify", "--quiet", known).code == 0:
            lacking = self._find_lacking(lacking, head)
        for depth in _DEPTHS if lacking else ():
            self._fetch([f"{head}:{known}"], f"--depth={depth}")
            lacking = self._find_lacking(lacking, head)
            if not lacking or int(self.git.expect("rev-list", "--count", head).text) < depth:
                break
        return lacking

    def _find_lacking(self, commits: frozenset[CommitSha], head: CommitSha) -> frozenset[CommitSha]:
        wanted = commits - {head}
        return find_unreachable(self.git, wanted, head, here=find_here(self.git, wanted))

    def _fetch(self, wanted: Sequence[str], *options: str) -> None:
        done = self.git.fetch(wanted, _WITHOUT_TREES, *options)
        if done.code == 1 and not done.errors.strip():
            done = self.git.fetch(wanted, _WITHOUT_TREES, "--prune")  # git fails silently at a depth of no references
        if done.code != 0:
            raise OutsideError(
                f"git fetch of the promotion log from {REMOTE} failed: {complaint(done)}",
                hint="check the network and the token's read access, then run again",
            )


def borrow_settings(git: GitCommand, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables for git, with a clone's own way to its remote before the settings that are there already."""
    borrowed = git.call("config", "--local", "--includes", "-z", "--get-regexp", _BORROWED).output
    pairs = [entry.decode("utf-8", "surrogateescape") for entry in borrowed.split(b"\0") if entry]
    return _with_settings(environment, pairs)


def annotated_tag(name: str, commit: CommitSha, seconds: int, message: str) -> bytes:
    """The object of a tag that the kit makes, as `git mktag` takes it."""
    lines = (
        f"object {commit}",
        "type commit",
        f"tag {name}",
        f"tagger mlops-kit <mlops-kit@localhost> {seconds} +0000",
        "",
        message,
        "",
    )
    return "\n".join(lines).encode()


def find_here(git: GitCommand, commits: Iterable[CommitSha]) -> list[CommitSha]:
    """Those commits that are in this repository."""
    wanted = sorted(commits)
    request = "".join(f"{commit}\n" for commit in wanted).encode()
    kinds = git.expect("cat-file", "--batch-check=%(objecttype)", stdin=request).text.splitlines()
    return [commit for commit, kind in zip(wanted, kinds, strict=True) if kind == "commit"]


def find_unreachable(
    git: GitCommand, wanted: Iterable[CommitSha], head: str, *, here: Sequence[CommitSha]
) -> frozenset[CommitSha]:
    """Those commits that are not in the history of `head` as it is in this repository; `here` are those that it has."""
    request = "".join(f"{commit}\n" for commit in (*here, f"^{head}")).encode()
    beyond = set(git.expect("rev-list", "--stdin", stdin=request).text.splitlines()) if here else set()
    return frozenset(commit for commit in wanted if commit not in here or commit in beyond)


def _with_settings(variables: Mapping[str, str], borrowed: Sequence[str]) -> dict[str, str]:
    """Git's variables with settings before those that are there already; each is `key`, a line end, `value`."""
    count = variables.get("GIT_CONFIG_COUNT", "")
    given = [
        (variables.get(f"GIT_CONFIG_KEY_{position}", ""), variables.get(f"GIT_CONFIG_VALUE_{position}", ""))
        for position in range(int(count) if count.isdecimal() else 0)
    ]
    pairs = [(key, value) for key, _, value in (entry.partition("\n") for entry in borrowed)]
    settings = {"GIT_CONFIG_COUNT": str(len(pairs) + len(given))}
    for position, (key, value) in enumerate([*pairs, *given]):
        settings |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
    return {**variables, **settings}
