"""The heads of a repository's branches, and what its settings say of the remote: each asked of git once per look.

Full names of refs only: a tag that is called like a branch is never mistaken for it.
"""

from collections.abc import Mapping

from mlops_kit.adapters.git_command import REMOTE, GitCommand
from mlops_kit.core.types import CommitSha

_ADDRESS, _USER = f"remote.{REMOTE}.url", "user.name"


class GitHeads:
    """The branches on the remote where there is one, else here, as they were when somebody first asked."""

    def __init__(self, git: GitCommand) -> None:
        self._git = git
        self._settings: Mapping[str, str] | None = None
        self._heads: Mapping[str, CommitSha] | None = None

    @property
    def has_remote(self) -> bool:
        """Whether a remote called origin is set."""
        return _ADDRESS in self._read_settings()

    @property
    def user_name(self) -> str:
        """Who git says that works here; empty where it does not."""
        return self._read_settings().get(_USER, "")

    def read(self) -> Mapping[str, CommitSha]:
        """Every branch with the commit at its head."""
        if self._heads is None:
            home = f"refs/remotes/{REMOTE}/" if self.has_remote else "refs/heads/"
            listed = self._git.expect("for-each-ref", "--format=%(objectname) %(refname)", home).output
            lines = (line.partition(" ") for line in listed.decode("utf-8", "surrogateescape").splitlines())
            self._heads = {name.removeprefix(home): CommitSha(commit) for commit, _, name in lines}
        return self._heads

    def forget(self) -> None:
        """Look again when somebody asks next."""
        self._heads = None

    def _read_settings(self) -> Mapping[str, str]:
        """Of several values the last one counts (git-config)."""
        if not self._settings or _ADDRESS not in self._settings:
            wanted = f"^({_ADDRESS}|{_USER})$".replace(".", r"\.")
            listed = self._git.call("config", "--null", "--get-regexp", wanted).output
            entries = (entry.partition("\n") for entry in listed.decode("utf-8", "replace").split("\0"))
            self._settings = {key: value for key, _, value in entries if key}
        return self._settings
