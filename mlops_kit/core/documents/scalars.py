"""What an unquoted YAML scalar means, by the same rules as DVC's reader (YAML 1.2 as ruamel.yaml resolves it).

`no` and `12:30:45` are text, `014` is fourteen, `1e3` is a float. Dates stay text. A scalar that looks like a number
to those rules but is none (`0x_`) is text.
"""

import re

Scalar = str | int | float | bool | None

_FIRST = frozenset("-+0123456789.~nNtTfF")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)"
)
_INTEGER = re.compile(r"(?P<sign>[-+]?)(?:0b(?P<b>[01_]+)|0o(?P<o>[0-7_]+)|0x(?P<x>[0-9a-fA-F_]+)|(?P<d>[0-9_]+))")
_BASES = {"b": 2, "o": 8, "x": 16, "d": 10}
_OLD_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
_OLD_FORMS = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\d{4}-\d\d?-\d\d?(?:[Tt\s].*)?")


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar; ValueError where an integer has more digits than Python reads."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    if _FLOAT.fullmatch(text):
        return _read_float(text)
    if match := _INTEGER.fullmatch(text):
        return _read_integer(match)
    return text


def means_otherwise_elsewhere(text: str) -> bool:
    """Whether an unquoted text (`no`, `12:30`, `2024-01-01`) is no text to readers of YAML 1.1."""
    return text.lower() in _OLD_WORDS or _OLD_FORMS.fullmatch(text) is not None


def _read_float(text: str) -> Scalar:
    digits = text.replace("_", "").lower()
    try:
        return float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


def _read_integer(match: re.Match[str]) -> Scalar:
    group = match.lastgroup or "d"
    digits = match[group].replace("_", "")
    if not digits:
        return match[0]
    return int(match["sign"] + digits, _BASES[group])
