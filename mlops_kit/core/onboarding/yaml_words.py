"""Words as YAML takes them literally, whatever is in them."""

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_TAKEN = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def word(text: str) -> str:
    """The text as a scalar of its own: bare where nobody can read it as anything else, else in quotes."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN else quoted(text)


def quoted(text: str) -> str:
    """The text in quotes, on one line: double ones, or single ones where that needs no escapes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return f'"{"".join(_escape(sign) for sign in text)}"'


def flow_list(texts: Iterable[str]) -> str:
    """`[a, b]`."""
    return f"[{', '.join(word(text) for text in texts)}]"


def _escape(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    code = ord(sign)
    return sign if sign.isprintable() and not 0xD800 <= code <= 0xDFFF else f"\\U{code:08X}"
