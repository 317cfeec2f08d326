"""Model names inside names of other systems: git tags and registered models.

Both spellings are injective, so two models never meet under one name: every byte outside the allowed set is written
as `=` and two upper-case hexadecimal digits, `=` itself included. Grammar and examples: docs/promotion.md.
"""

import re

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import ModelName

_TAG_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_REGISTRY_SAFE = _TAG_SAFE | frozenset(b". ")
_ESCAPED = re.compile(rb"=([0-9A-F]{2})")
LENGTH_LIMIT = 200
"""Bytes of the longest spelling: a file name holds 255, and git adds `.lock`."""


def spell_for_tag(name: ModelName) -> str:
    """One path component of a tag that git accepts; InputError where it grows too long."""
    return _spell(name, _TAG_SAFE)


def spell_for_registry(name: ModelName) -> str:
    """A registered model's name without `/` and `:`, which registries refuse; InputError where it grows too long.

    Blanks alone, and dots that would lead out of a folder, are refused too: there the first character is spelled out.
    """
    text = _spell(name, _REGISTRY_SAFE)
    refused = not text.strip() or text == "." or text.startswith("..")
    return f"={ord(text[0]):02X}{text[1:]}" if refused else text


def read_tag_spelling(text: str) -> ModelName:
    """The name that `spell_for_tag` spelled so; ValueError where it can have spelled no name so."""
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())
    name = ModelName(plain.decode("utf-8"))
    if not name or spell_for_tag(name) != text:
        raise ValueError(f"{text!r} is not a model's name as tags spell it")
    return name


def _spell(name: ModelName, allowed: frozenset[int]) -> str:
    text = "".join(chr(byte) if byte in allowed else f"={byte:02X}" for byte in name.encode("utf-8", "surrogatepass"))
    if not text or len(text) > LENGTH_LIMIT:
        raise InputError(
            f"the model's name {name[:60]!r} does not fit a tag",
            hint=f"names are 1 to {LENGTH_LIMIT} characters; others than A-Z a-z 0-9 _ - count three times",
        )
    return text
