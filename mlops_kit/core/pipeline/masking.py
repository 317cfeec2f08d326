"""Hides secrets in what a stage prints: known values, and what looks like a credential wherever it comes from.

A known value is hidden as URLs and headers write it too: percent-encoded, and in base64 wherever it begins in what was
encoded.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping

MASKED = "***"
_SHORTEST = 6
_SHORTEST_ENCODED = 8
_URL_SAFE = str.maketrans("+/", "-_")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""What URLs never encode (RFC 3986, 2.3)."""
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
        known = {value for value in values if len(value) >= _SHORTEST and not value.isdigit()}
        found = {form for value in known for form in _forms(value)}
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


def _forms(value: str) -> Iterator[str]:
    """A value, and how it looks where something encoded it."""
    data = value.encode("utf-8", "surrogateescape")
    yield from (value, _percent_encoded(data, kept=""), _percent_encoded(data, kept="/"))
    for before in range(3):
        # The group after these depends on what follows, the first on what precedes.
        whole = (before + len(data)) // 3 * 4
        text = b64encode(bytes(before) + data).decode()[4 if before else 0 : whole]
        if len(text) >= _SHORTEST_ENCODED:
            yield from (text, text.translate(_URL_SAFE))


def _percent_encoded(data: bytes, *, kept: str) -> str:
    return "".join(chr(one) if one in _UNRESERVED or chr(one) in kept else f"%{one:02X}" for one in data)
