"""The Drafts port: commits by git's plumbing with an index of their own, and branches of the kit's own."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import NETWORK_SECONDS, REMOTE, GitCommand, complaint
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.errors import ConflictError, OutsideError, RefusedError
from mlops_kit.core.ports.drafts import Draft, Person, Pushed
from mlops_kit.core.types import CommitSha

NAME, EMAIL = "mlops-kit", "mlops-kit@localhost"
_KIT = Person(name=NAME, email=EMAIL)
_FORBIDDEN = ("403", "denied", "protected", "declined", "GH006", "GH013")
"""What git or GitHub says of a push that no repetition helps."""
_NO_OBJECT = "0" * 40
_PLAIN_FILE = "100644"


class GitDrafts:
    """Makes commits in one repository; `environment` is what the git command gets."""

    def __init__(self, git: GitRepository, environment: Mapping[str, str]) -> None:
        self._git = git
        self._environment = environment

    def make_commit(self, draft: Draft) -> CommitSha:
        """The commit, by the kit or its author, as of the time of its parent: the same draft gives the same commit."""
        with scratch_folder() as folder:
            command = GitCommand(self._git.root, {**self._environment, **self._identity(draft, folder)})
            command.expect("read-tree", draft.tree)
            lines = b"\0".join(self._index_lines(draft))
            command.expect("update-index", "-z", "--replace", "--index-info", stdin=lines + b"\0" if lines else b"")
            tree = command.expect("write-tree").text
            message = draft.message.encode()
            return CommitSha(command.expect("commit-tree", tree, "-p", draft.parent, stdin=message).text)

    def push_command(self, branch: str, commit: CommitSha) -> str:
        """The shell command with which a person pushes the commit as a branch; without a remote, keeps it as one."""
        if self._git.has_remote():
            return shlex.join(["git", "push", REMOTE, f"{commit}:refs/heads/{branch}"])
        return shlex.join(["git", "branch", "--force", branch, commit])

    def push_branch(self, branch: str, commit: CommitSha) -> Pushed:
        """Let a branch lead to the commit; what is there already must be the kit's."""
        known = self._git.branch_head(branch)
        if known == commit:
            return Pushed.UNCHANGED
        if known is not None and self._author_of(known) != EMAIL:
            raise ConflictError(
                f"the branch {branch} has a commit that is not the kit's: {known[:8]}",
                hint=f"merge or delete it, then run again: git push {REMOTE} --delete {branch}",
            )
        self._point(f"refs/heads/{branch}", commit, known or "")
        return Pushed.REPLACED if known else Pushed.CREATED

    def create_branch(self, branch: str, commit: CommitSha) -> CommitSha:
        """Have a branch of this name; what it leads to, which is somebody else's commit where that was there first."""
        reference = f"refs/heads/{branch}"
        if not self._git.has_remote():
            self._git.call("update-ref", reference, commit, _NO_OBJECT)
            return CommitSha(self._git.expect("rev-parse", "--verify", reference).text)
        pushed = self._git.call(
            "push", "--quiet", "--no-verify", f"--force-with-lease={reference}:", REMOTE, f"{commit}:{reference}",
            timeout_seconds=NETWORK_SECONDS,
        )  # fmt: skip
        if pushed.code == 0:
            return commit
        if (now := self.read_branch(branch)) is not None:
            return now
        raise _refused_push(branch, pushed.errors, complaint(pushed))

    def read_branch(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote now, None where it is gone; OutsideError where that cannot be said."""
        reference = f"refs/heads/{branch}"
        found = self._git.call("ls-remote", REMOTE, reference, timeout_seconds=NETWORK_SECONDS)
        if found.code != 0:
            raise OutsideError(f"{REMOTE} could not be asked for {branch}: {complaint(found)}", hint="run it again")
        lines = (line.partition("\t") for line in found.text.splitlines())
        return next((CommitSha(commit) for commit, _, name in lines if name == reference), None)

    def read_message(self, commit: CommitSha) -> str:
        """A commit's message."""
        return self._git.expect("show", "--no-patch", "--format=%B", commit).text

    def is_same_change(self, one: CommitSha, other: CommitSha) -> bool:
        """Whether two commits have the same files on the same parents; one that is only on the remote is fetched."""
        for commit in (one, other):
            if not self._git.has_commit(commit):
                self._git.fetch_commit(commit)
        first, second = (
            self._git.expect("show", "--no-patch", "--format=%T %P", commit).text for commit in (one, other)
        )
        return first == second

    def _describe(self, commit: CommitSha) -> str:
        return self._git.expect("show", "--no-patch", "--format=%T %P", commit).text

    def advance_branch(self, branch: str, commit: CommitSha, *, known: CommitSha) -> None:
        """Let a branch of the remote lead from `known` to its child; never anything else is pushed over."""
        reference = f"refs/heads/{branch}"
        pushed = self._git.call(
            "push", "--quiet", "--no-verify", f"--force-with-lease={reference}:{known}", REMOTE,
            f"{commit}:{reference}", timeout_seconds=NETWORK_SECONDS,
        )  # fmt: skip
        if pushed.code == 0 or (now := self.read_branch(branch)) == commit:
            return
        if now != known:
            raise ConflictError(f"the branch {branch} moved meanwhile", hint="the run of its new head does it again")
        raise _refused_push(branch, pushed.errors, complaint(pushed))

    def _point(self, reference: str, commit: CommitSha, known: str) -> None:
        if not self._git.has_remote():
            self._git.expect("update-ref", reference, commit, known or _NO_OBJECT)
            return
        pushed = self._git.call(
            "push", "--quiet", "--no-verify", f"--force-with-lease={reference}:{known}", REMOTE,
            f"{commit}:{reference}", timeout_seconds=NETWORK_SECONDS,
        )  # fmt: skip
        if pushed.code == 0 or self._read_remote(reference) == commit:
            return
        if self._read_remote(reference) != known:
            raise ConflictError(f"{reference} moved meanwhile", hint="run again")
        raise OutsideError(
            f"git push of {reference} to {REMOTE} failed: {complaint(pushed)}",
            hint="check the network, and that the token may push branches (permissions: contents: write)",
        )

    def _read_remote(self, reference: str) -> str:
        found = self._git.call("ls-remote", REMOTE, reference, timeout_seconds=NETWORK_SECONDS)
        return found.text.partition("\t")[0] if found.code == 0 else ""

    def _author_of(self, commit: CommitSha) -> str:
        return self._git.expect("show", "--no-patch", "--format=%ae", commit).text

    def _identity(self, draft: Draft, folder: Path) -> Mapping[str, str]:
        moment = f"@{self._git.expect('show', '--no-patch', '--format=%ct', draft.parent).text} +0000"
        person = draft.author or _KIT
        return {
            "GIT_INDEX_FILE": str(folder / "index"),
            **{f"GIT_{role}_NAME": person.name for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": person.email for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_DATE": moment for role in ("AUTHOR", "COMMITTER")},
        }

    def _index_lines(self, draft: Draft) -> Iterator[bytes]:
        """What changes in the index: first what goes, for a file may become a folder."""
        before, source = self._list(draft.tree), self._list(draft.source)
        for path in sorted(draft.taken & before.keys() - source.keys()):
            yield _line(f"0 {_NO_OBJECT}", path)
        for path in sorted(draft.removed & before.keys()):
            yield _line(f"0 {_NO_OBJECT}", path)
        for path in sorted(draft.taken & source.keys()):
            if before.get(path) != source[path]:
                yield _line(source[path], path)
        for path, data in sorted(draft.files.items()):
            mode = before.get(path, _PLAIN_FILE).partition(" ")[0]
            yield _line(f"{mode} {self._git.expect('hash-object', '-w', '--stdin', stdin=data).text}", path)

    def _list(self, commit: CommitSha) -> dict[str, str]:
        """Every path of a commit with its mode and object."""
        listed = self._git.expect("ls-tree", "-r", "-z", "--full-tree", commit).output
        found = (entry.partition(b"\t") for entry in listed.split(b"\0") if entry)
        return {path.decode("utf-8", "surrogateescape"): _mode_and_object(about) for about, _, path in found}


def _refused_push(branch: str, errors: str, told: str) -> RefusedError | OutsideError:
    """Why a push to a branch did not go through."""
    if any(word in errors for word in _FORBIDDEN):
        return RefusedError(
            f"{branch} takes no commit from this token: {told}",
            hint="permissions: contents: write, and rules that let the token push to the branch",
        )
    return OutsideError(f"git push of {branch} to {REMOTE} failed: {told}", hint="run it again")


def _mode_and_object(about: bytes) -> str:
    mode, _kind, name = about.decode().split(" ")
    return f"{mode} {name}"


def _line(about: str, path: str) -> bytes:
    return about.encode() + b"\t" + path.encode("utf-8", "surrogateescape")
