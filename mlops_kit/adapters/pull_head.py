"""The head of a pull request as git objects in a folder of its own: data to read from, never a work tree.

One commit without history, files over a limit left out; the clone that the job works in learns nothing of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlops_kit.adapters import process
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import REMOTE
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.errors import OutsideError

_SECONDS = 60.0


@contextmanager
def fetch_head(
    clone: GitRepository, number: int, environment: Mapping[str, str], *, limit: int
) -> Iterator[GitRepository]:
    """A repository that has the pull request's head; OutsideError where the remote does not give it."""
    address = clone.call("remote", "get-url", REMOTE)
    if address.code != 0:
        raise OutsideError(f"there is no remote {REMOTE} to fetch a pull request's head from")
    variables = {**environment, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1"}
    with scratch_folder() as folder:
        words = ("git", "init", "--quiet", "--template=", str(folder))
        process.run(process.Call(words=words, folder=folder, environment=variables, title="git init"))
        git = GitRepository(folder, variables)
        done = git.call(
            "fetch", "--quiet", "--no-tags", "--depth=1", f"--filter=blob:limit={limit + 1}", "--end-of-options",
            address.text, f"+refs/pull/{number}/head:refs/heads/head", timeout_seconds=_SECONDS,
        )  # fmt: skip
        if done.code != 0:
            raise OutsideError(f"git fetch of the head of pull request {number} failed")
        yield git
