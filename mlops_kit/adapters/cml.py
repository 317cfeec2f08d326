"""The `cml` program (iterative/cml 0.20.6): posts a comment for a team that keeps it.

Flags are those of bin/cml/comment/create.js. CML takes a token and other settings from the environment. Two of its
habits are held back: it would upload every local file that a text links to (`--publish`), and it would trust every
folder in the user's git configuration.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.forge import Comment

_SECONDS = 120.0
_MESSAGE_LIMIT = 300
_ADDRESS = re.compile(r"https?://\S+#issuecomment-(?P<id>\d{1,20})")


class CmlProgram:
    """Posts comments of one repository (an address of the web); the token goes through the environment alone."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, repository: str, token: str) -> None:
        self._folder = folder
        self._environment = environment
        self._repository = repository
        self._token = token

    def update_comment(self, number: int, title: str, text: str) -> Comment:
        """Make the pull request's comment of this title say the text; a new one where CML finds none.

        InputError where there is no `cml` or no token, OutsideError where it failed.
        """
        if not self._token:
            raise InputError("no token to comment with", hint="set GITHUB_TOKEN")
        with scratch_folder() as scratch:
            report = scratch / "report.md"
            report.write_text(text, encoding="utf-8")
            done = _run(
                process.Call(
                    words=_words(report, number=number, title=title, repository=self._repository),
                    folder=self._folder,
                    environment=self._variables(scratch),
                    timeout_seconds=_SECONDS,
                )
            )
        if done.code != 0:
            raise OutsideError(f"cml exit {done.code}: {self._last_words(done)}", hint="run it again")
        found = _ADDRESS.search(done.text)
        return Comment(id=int(found["id"]) if found else 0, author="", body=text, url=found[0] if found else "")

    def _variables(self, scratch: Path) -> Mapping[str, str]:
        return {
            **self._environment,
            "REPO_TOKEN": self._token,
            "GIT_CONFIG_GLOBAL": str(scratch / "gitconfig"),
            "ITERATIVE_DO_NOT_TRACK": "1",
        }

    def _last_words(self, done: process.Completed) -> str:
        lines = [line.strip() for line in (done.errors or done.text).splitlines() if line.strip()]
        return (lines[-1] if lines else "no message").replace(self._token, "***")[:_MESSAGE_LIMIT]


def _words(report: Path, *, number: int, title: str, repository: str) -> tuple[str, ...]:
    return (
        "cml",
        "comment",
        "update",
        "--driver=github",
        f"--repo={repository}",
        f"--target=pr/{number}",
        f"--watermark-title={title}",
        "--publish=false",
        str(report),
    )


def _run(call: process.Call) -> process.Completed:
    try:
        return process.run(call)
    except InputError as error:
        raise InputError(
            "review.publisher is cml, and there is no program cml on PATH",
            hint="install it (npm install --global @dvcorg/cml), or leave review.publisher out: the kit posts itself",
        ) from error
