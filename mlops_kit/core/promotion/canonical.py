"""One text for one value, so that equal values have equal hashes."""

import hashlib
import json


def hash_canonical(value: object) -> str:
    """The sha256 of a value's canonical JSON, keys sorted and without spaces; lower-case hexadecimal.

    What JSON does not know is written as Python does: a date, or a number that is not finite.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()
