"""Which commit of its own repository the running kit is: what a workflow that calls it should name."""

import json
from collections.abc import Mapping
from pathlib import Path

from mlops_kit import __version__
from mlops_kit.adapters.git_command import NETWORK_SECONDS, GitCommand
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.onboarding.pin import Pin

ADDRESS = "https://github.com/mlops-kit/mlops-kit"
PACKAGE = Path(__file__).resolve().parents[1]
BAKED = "release.json"
"""Written into the package when a release is built; a checkout has none."""


def find_pin(environment: Mapping[str, str], *, package: Path = PACKAGE, address: str = ADDRESS) -> Pin:
    """What the package says, else the checkout it lies in, else the tag of its version on the server.

    OutsideError where none of them knows.
    """
    return _read_baked(package) or _read_checkout(package, environment) or _ask_server(address, environment)


def _read_baked(package: Path) -> Pin | None:
    try:
        told = json.loads((package / BAKED).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Pin(commit=told["commit"], tag=f"v{told['version']}")


def _read_checkout(package: Path, environment: Mapping[str, str]) -> Pin | None:
    git = GitCommand(package.parent, environment)
    top = git.call("rev-parse", "--show-toplevel", "HEAD")
    if top.code != 0 or Path(top.text.splitlines()[0]) != package.parent:
        return None
    tag = git.call("describe", "--exact-match", "--match", "v*", "HEAD")
    return Pin(commit=top.text.splitlines()[1], tag=tag.text if tag.code == 0 else "")


def _ask_server(address: str, environment: Mapping[str, str]) -> Pin:
    tag = f"refs/tags/v{__version__}"
    asked = GitCommand(Path.home(), environment).call(
        "ls-remote", address, tag, f"{tag}^{{}}", timeout_seconds=NETWORK_SECONDS
    )
    commits = [line.partition("\t")[0] for line in asked.text.splitlines()]
    if asked.code != 0 or not commits:
        raise OutsideError(
            f"the commit of release v{__version__} of the kit is not known here, and {address} does not tell it",
            hint="name it: --kit-ref COMMIT, the 40 digits beside the release on GitHub",
        )
    return Pin(commit=commits[-1], tag=f"v{__version__}")
