"""Which `.dvc` files a retraining may change, and what in them: the digests of what they track, and nothing else.

Where data is taken from, where it lies and whether DVC keeps it stay as the base says. Values only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.errors import KitError, Location, Problem
from mlops_kit.core.review.acceptance import as_integrity

_OUT_KEYS = frozenset({"md5", "size", "nfiles", "etag", "checksum", "isexec", "cloud", "files", "version_id"})
_SOURCE_KEYS = _OUT_KEYS | {"hash"}
_HASH = ("hash", "md5")
"""What DVC 3 adds to an entry of DVC 2."""


def check_data_files(files: Mapping[str, bytes], before: Mapping[str, bytes], known: frozenset[str]) -> None:
    """IntegrityError for a `.dvc` file that the base has not, that the model is not trained on, or that says more.

    `before` are the base's files, `known` the `.dvc` files that lead to the model.
    """
    problems = [problem for path in sorted(files) for problem in _problems(path, files[path], before, known)]
    if problems:
        raise as_integrity(problems)


def _problems(path: str, data: bytes, before: Mapping[str, bytes], known: frozenset[str]) -> Iterator[Problem]:
    place = Location(file=path.encode("unicode_escape").decode())
    if path not in known or path not in before:
        yield Problem(message="is not data that the model is trained on", location=place)
        return
    try:
        now, then = (parse_yaml(text, file=path).value for text in (data, before[path]))
    except KitError as error:
        yield from error.problems
        return
    if _fixed(now) != _fixed(then):
        yield Problem(message="says something else than what the data is now", location=place)


def _fixed(value: object) -> object:
    """What of a `.dvc` file new data does not change."""
    if not isinstance(value, dict):
        return value
    kept: dict[Any, object] = {key: inner for key, inner in value.items() if key != "md5"}
    kept["outs"] = _without(value.get("outs"), _OUT_KEYS)
    kept["deps"] = _without(value.get("deps"), _SOURCE_KEYS)
    return kept


def _without(entries: object, keys: frozenset[str]) -> object:
    if not isinstance(entries, list):
        return entries
    return [_entry(entry, keys) for entry in entries]


def _entry(entry: object, keys: frozenset[str]) -> object:
    """An out or a source without its digests; of a repository, without the commit that was found."""
    if not isinstance(entry, dict):
        return entry
    kept = {key: inner for key, inner in entry.items() if key not in keys and (key, inner) != _HASH}
    if isinstance(repository := kept.get("repo"), dict):
        kept["repo"] = {key: inner for key, inner in repository.items() if key != "rev_lock"}
    return kept
