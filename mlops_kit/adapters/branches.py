"""Which branches a repository has, and which of them its pull requests go to."""

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import REMOTE

_NAMES = ("main", "master")


def list_branches(git: GitRepository) -> tuple[str, ...]:
    """The branches of the remote as last fetched, where there is one, else those here; sorted."""
    home = f"refs/remotes/{REMOTE}/" if git.has_remote() else "refs/heads/"
    listed = git.expect("for-each-ref", "--format=%(refname)", home).text.splitlines()
    return tuple(sorted({name.removeprefix(home) for name in listed} - {"HEAD"}))


def default_branch(git: GitRepository) -> str:
    """The remote's default branch as last fetched; else main or master where there is one, else the one here."""
    head = git.call("symbolic-ref", "--quiet", f"refs/remotes/{REMOTE}/HEAD")
    if head.code == 0:
        return head.text.removeprefix(f"refs/remotes/{REMOTE}/")
    present = list_branches(git)
    here = git.call("symbolic-ref", "--quiet", "--short", "HEAD").text
    return next((name for name in _NAMES if name in present), here or _NAMES[0])
