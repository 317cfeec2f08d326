"""One commit on its way to another machine: taken as a git pack without history, laid out there as a work tree."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.checkout import changed_paths
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.run import Snapshot

_PACK_SECONDS = 600.0
_LISTED = 5


def require_committed(
    git: GitRepository, written: Iterable[str], *, why: str = "stages on other machines run the commit"
) -> None:
    """InputError where a tracked file differs from the commit, which is what other machines get.

    Lock files, `.gitignore` files and what stages write (`written`, from the repository's top) may differ.
    """
    changed = changed_paths(git, written)
    if changed:
        more = f" and {len(changed) - _LISTED} more" if len(changed) > _LISTED else ""
        raise InputError(
            f"not committed: {', '.join(changed[:_LISTED])}{more}; {why}",
            hint="git commit the change, or git stash it",
        )


def take_snapshot(git: GitRepository) -> Snapshot:
    """The last commit with all its files."""
    commit = git.resolve("HEAD")
    listing = git.expect("ls-tree", "-r", "-t", "-z", "--full-tree", commit).output
    tree = git.expect("rev-parse", f"{commit}^{{tree}}").text
    names = [entry.split(b"\t")[0].split()[2] for entry in listing.split(b"\0") if entry and b" commit " not in entry]
    request = b"".join(name + b"\n" for name in (commit.encode(), tree.encode(), *names))
    packed = git.call("pack-objects", "--quiet", "--stdout", stdin=request, timeout_seconds=_PACK_SECONDS)
    if packed.code != 0:
        raise OutsideError("git pack-objects failed", hint="check the repository with: git fsck")
    return Snapshot(commit=commit, pack=packed.output)


def lay_out_snapshot(snapshot: Snapshot, folder: Path, environment: Mapping[str, str]) -> None:
    """Make a work tree of the commit in an empty folder; files of Git LFS stay pointers."""
    kind = "sha256" if len(snapshot.commit) > 40 else "sha1"
    variables = {**environment, "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    words = ("git", "init", "--quiet", "--template=", f"--object-format={kind}", str(folder))
    made = process.run(process.Call(words=words, folder=folder, environment=variables, title="git init"))
    if made.code != 0:
        raise OutsideError(f"git init failed: {made.errors.strip()}")
    git = GitRepository(folder, variables)
    (folder / ".git" / "shallow").write_text(f"{snapshot.commit}\n")
    if git.call("index-pack", "--stdin", stdin=snapshot.pack, timeout_seconds=_PACK_SECONDS).code != 0:
        raise OutsideError("git index-pack refused the commit that came from the driver")
    git.expect("checkout", "--quiet", "--detach", snapshot.commit)
