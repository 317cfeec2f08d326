"""Hides secrets in what a stage prints: known values, and what looks like a credential wherever it comes from."""

import re
from collections.abc import Iterable, Mapping

MASKED = "***"
_SHORTEST = 6
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|PAT"
    r"|CONNECTION_STRING)(?:_|$)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(r".*_(?:FILE|PATH|DIR|NAME|EXPIRES|EXPIRATION)", re.IGNORECASE)
_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,255}"  # GitHub: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
    r"|github_pat_[A-Za-z0-9_]{20,255}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS access key ids
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # user and password of a URL
    r"|(?<=[?&](?:sig|key)=)[^\s&]{16,}"  # Azure's shared access signatures
)


class Mask:
    """Replaces secrets by `***`; `values` are the ones that are known."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        found = {value for value in values if len(value) >= _SHORTEST and not value.isdigit()}
        longest_first = sorted(found, key=lambda value: (-len(value), value))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if found else None

    def hide(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASKED, text)
        return _SHAPES.sub(MASKED, text)


def secret_values(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The values of an environment whose names say that they are secret, line by line; never a path or a flag."""
    return tuple(
        line.strip()
        for name, value in sorted(variables.items())
        if _SECRET_NAME.search(name) and not _NO_SECRET.fullmatch(name)
        for line in value.splitlines()
    )
