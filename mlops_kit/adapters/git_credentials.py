"""Lets git fetch from and push to GitHub with a workflow's token, for one process and nothing longer.

The token goes into git's configuration by environment variables: never into an address, a command line or a file, so
that nothing of it stays on a runner that lives on. It is sent to the workflow's own server only.
"""

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

DEFAULT_SERVER = "https://github.com"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def with_credentials(variables: Mapping[str, str]) -> Mapping[str, str]:
    """The variables for git: with the token's header inside a workflow that has one, else as they are.

    A header that a checkout left in the repository's own configuration is reset, for GitHub refuses two.
    """
    token = variables.get("MLOPS_KIT_TOKEN") or variables.get("GITHUB_TOKEN")
    server = (variables.get("GITHUB_SERVER_URL") or DEFAULT_SERVER).rstrip("/")
    if variables.get("GITHUB_ACTIONS") != "true" or not token or not _is_safe(server):
        return variables
    key = f"http.{server}/.extraheader"
    encoded = b64encode(f"x-access-token:{token}".encode()).decode("ascii")
    return {**variables, **_settings(variables, ((key, ""), (key, f"AUTHORIZATION: basic {encoded}")))}


def _settings(variables: Mapping[str, str], pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Git settings as variables, after those that are there already."""
    count = variables.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    settings = {"GIT_CONFIG_COUNT": str(first + len(pairs))}
    for position, (key, value) in enumerate(pairs, start=first):
        settings |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
    return settings


def _is_safe(server: str) -> bool:
    parts = urlsplit(server)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
