"""Reads and writes folders of branches that a GitOps controller follows, of this repository or of another.

All work is done in a bare repository in a temporary folder, which has the branch's newest commit and nothing of the
user's: no work tree, no index, no hook. Whether a push arrived is decided from what the remote has afterwards.
"""

import random
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.adapters.git_command import NETWORK_SECONDS, REMOTE, GitCommand, complaint
from mlops_kit.adapters.git_log_store import borrow_settings
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.errors import ConflictError, InputError, OutsideError
from mlops_kit.core.ports import Edit
from mlops_kit.core.serving import BranchFolder

ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.3
_REGULAR, _FOLDER = "100644", "040000"
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "mlops-kit"), ("EMAIL", "mlops-kit@localhost"))
}
_ADDRESS = re.compile(r"(?:[a-z+]+://)?(?:[^/@]*@)?(?P<place>.*?)(?:\.git)?/*")
_SECRET = re.compile(r"[a-z+]+://[^/@]*:[^/@]*@")
_chance = random.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class _Head:
    """The newest commit of a branch, None where there is no such branch, and git in a repository that has it."""

    git: GitCommand
    remote: str
    folder: BranchFolder
    commit: str | None

    @property
    def reference(self) -> str:
        return f"refs/heads/{self.folder.branch}"


class GitBranches:
    """The GitOps port; `environment` is what git gets, `reserved` the branches of this repository that are no targets.

    Those are what environments follow: a commit there would promote.
    """

    def __init__(self, root: Path, environment: Mapping[str, str], *, reserved: Collection[str] = ()) -> None:
        self._root = root
        self._environment = {**environment, **_IDENTITY}
        self._reserved = frozenset(reserved)
        self._read: dict[tuple[BranchFolder, str], Mapping[str, bytes]] = {}

    def read_files(self, folder: BranchFolder, names: Iterable[str]) -> Mapping[str, bytes]:
        """The files of these names as the remote has them now; a branch that did not move is not fetched again."""
        wanted = tuple(sorted(set(names)))
        with self._open(folder) as git:
            commit = self._find_head(git, folder)
            key = (folder, f"{commit} {wanted}")
            if key not in self._read:
                self._read[key] = _read_files(self._fetch(git, folder, commit), wanted)
            return self._read[key]

    def edit_files(self, folder: BranchFolder, names: Iterable[str], edit: Edit, *, message: str) -> bool:
        """Commit and push what `edit` makes of the files, on top of what others pushed meanwhile."""
        wanted = tuple(sorted(set(names)))
        with self._open(folder) as git:
            for attempt in range(ATTEMPTS):
                head = self._fetch(git, folder, self._find_head(git, folder))
                present = _read_files(head, wanted)
                changed = {name: data for name, data in edit(present).items() if present.get(name) != data}
                if not changed:
                    return False
                if self._push(head, _commit(head, changed, message)):
                    return True
                time.sleep(_FIRST_WAIT_SECONDS * 2**attempt * _chance.uniform(0.5, 1.0))
        raise ConflictError(
            f"others push to the branch {folder.branch!r} all the time: {ATTEMPTS} attempts failed",
            hint="run it again; what was not pushed is made again",
        )

    @contextmanager
    def _open(self, folder: BranchFolder) -> Iterator[GitCommand]:
        """Git in a bare repository of its own, which reaches this repository's remote as this repository does."""
        self._check(folder)
        own = GitCommand(self._root, self._environment)
        variables = self._environment if folder.repository else borrow_settings(own, self._environment)
        with scratch_folder() as scratch:
            git = GitCommand(self._root, {**variables, "GIT_DIR": str(scratch / "branch.git")})
            git.expect("init", "--quiet", "--bare", "--template=")
            yield git

    def _check(self, folder: BranchFolder) -> None:
        address = folder.repository
        if address.startswith("-") or _SECRET.match(address):
            raise InputError(
                "the address of the GitOps repository begins with a dash, or holds a password",
                field="deploy.repository",
                hint="https://HOST/OWNER/NAME without a password; the token comes from the environment",
            )
        is_own = not address or _place(address) == _place(self._address)
        if is_own and folder.branch in self._reserved:
            raise InputError(
                f"an environment follows the branch {folder.branch!r}: a manifest there would promote again",
                field="deploy.branch",
                hint="give the manifests a branch of their own, such as gitops",
            )

    @property
    def _address(self) -> str:
        """The address of this repository's remote, empty where it has none."""
        return GitCommand(self._root, self._environment).call("config", "--get", f"remote.{REMOTE}.url").text

    def _remote(self, folder: BranchFolder) -> str:
        """What git is told to talk to; a repository without a remote keeps its own branches."""
        return folder.repository or (REMOTE if self._address else str(self._root))

    def _find_head(self, git: GitCommand, folder: BranchFolder) -> str | None:
        reference = f"refs/heads/{folder.branch}"
        words = ("ls-remote", "--quiet", "--heads", self._remote(folder), reference)
        done = git.call(*words, timeout_seconds=NETWORK_SECONDS)
        if done.code != 0:
            raise _unreachable(folder, complaint(done))
        pairs = (line.partition("\t") for line in done.text.splitlines())
        return next((commit for commit, _, name in pairs if name == reference), None)

    def _fetch(self, git: GitCommand, folder: BranchFolder, commit: str | None) -> _Head:
        """Have the commit here; where the branch moves meanwhile, the commit that was asked for."""
        remote = self._remote(folder)
        if commit is not None and git.call("cat-file", "-e", f"{commit}^{{tree}}").code != 0:
            done = git.fetch([commit], "--depth=1", remote=remote)
            if done.code != 0:
                raise _unreachable(folder, complaint(done))
        return _Head(git=git, remote=remote, folder=folder, commit=commit)

    def _push(self, head: _Head, commit: str) -> bool:
        """Whether the remote has the commit now; False where somebody else was first."""
        refspec = f"{commit}:{head.reference}"
        done = head.git.call("push", "--quiet", "--no-verify", head.remote, refspec, timeout_seconds=NETWORK_SECONDS)
        if done.code == 0:
            return True
        there = self._find_head(head.git, head.folder)
        if there == head.commit:
            raise OutsideError(
                f"the manifests could not be pushed to the branch {head.folder.branch!r}: {_reason(done.errors)}",
                hint="check that the token may write there, and that no rule protects the branch",
            )
        return there == commit


def _read_files(head: _Head, names: Iterable[str]) -> dict[str, bytes]:
    """Those of the files that are there; InputError where one of them, or a folder on the way, is something else."""
    if head.commit is None:
        return {}
    found = {}
    for name in names:
        for path in _way(f"{head.folder.path}/{name}"):
            listed = head.git.expect("ls-tree", "-z", "--full-tree", head.commit, "--", path).text.rstrip("\0")
            mode, kind, rest = (*listed.split(" ", 2), "", "")[:3]
            is_file = path == f"{head.folder.path}/{name}"
            if not mode:
                break
            if kind != ("blob" if is_file else "tree") or mode == "120000":
                raise InputError(f"{path!r} of the branch {head.folder.branch!r} is a link, or no {_kind(is_file)}")
            if is_file:
                found[name] = head.git.expect("cat-file", "blob", rest.partition("\t")[0]).output
    return found


def _way(path: str) -> Iterator[str]:
    """The folders that lead to a path, and the path."""
    parts = path.split("/")
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))


def _kind(is_file: bool) -> str:  # noqa: FBT001 - what was asked
    return "file" if is_file else "folder"


def _commit(head: _Head, changed: Mapping[str, bytes], message: str) -> str:
    """A commit of the branch's tree with these files replaced."""
    git, parents = head.git, ("-p", head.commit) if head.commit else ()
    git.expect("read-tree", head.commit or "--empty")
    lines = []
    for name, data in sorted(changed.items()):
        blob = git.expect("hash-object", "-w", "--stdin", stdin=data).text
        lines.append(f"{_REGULAR} {blob}\t{head.folder.path}/{name}\0")
    git.expect("update-index", "-z", "--index-info", stdin="".join(lines).encode())
    tree = git.expect("write-tree").text
    return git.expect("commit-tree", tree, *parents, "-F", "-", stdin=message.encode()).text


def _reason(errors: str) -> str:
    """The line of git's that says why a push was refused, rather than the address it went to."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith(("!", "remote: error", "fatal"))), (lines or ["no message"])[0]
    )


def _place(address: str) -> str:
    """Host and path of an address, the same for https and ssh."""
    found = _ADDRESS.fullmatch(address.strip())
    return found["place"].replace(":", "/").lower() if found else address


def _unreachable(folder: BranchFolder, why: str) -> OutsideError:
    return OutsideError(
        f"the branch {folder.branch!r} of the GitOps repository could not be read: {why}",
        hint="check the address, the network and the token's read access, then run it again",
    )
