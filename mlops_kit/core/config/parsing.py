"""Bytes of `mlops.yaml` to a Config, or to every problem they have, each with its place and next step."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_kit.core.config.model import Config
from mlops_kit.core.config.names import Follower, check_order
from mlops_kit.core.config.reader import find_path_branch
from mlops_kit.core.config.wording import Finding, describe, describe_kind, quoting_hint
from mlops_kit.core.documents import CONFIG_LIMITS, Document, Key, parse_yaml
from mlops_kit.core.documents.scalars import means_otherwise_elsewhere
from mlops_kit.core.documents.text import raise_found, refusal
from mlops_kit.core.errors import Location, Problem

Path = tuple[Key, ...]
_KEY_MARK = "[key]"
_NO_BRANCH = "\0"


def parse_config(data: bytes, *, file: str) -> Config:
    """The configuration that a file's bytes say; InvalidInputError with every problem, each with its line."""
    document = parse_yaml(data, file=file, limits=CONFIG_LIMITS)
    if not isinstance(document.value, dict):
        message = f"expected a mapping, got {describe_kind(document.value)}"
        raise refusal(message, document.locate(()), hint="the smallest file is: version: 1")
    raise_found(_key_problems(document))
    try:
        config = Config.model_validate(document.value)
    except ValidationError as error:
        found = [_problem(document, detail) for detail in error.errors(include_url=False) if detail["loc"]]
        raise_found(_one_per_field([*found, *_order_problems(document), *_ambiguous_words(document)]))
        raise
    raise_found(_ambiguous_words(document))
    return config


def _key_problems(document: Document) -> Iterator[Problem]:
    """Keys that are not text; they are said first, because nothing below them can be named."""
    for path, _ in _walk(document.value, ()):
        if not isinstance(path[-1], _Index | str):
            yield Problem(
                message=f"expected text as a key, got {path[-1]!r:.60}",
                location=document.locate_key(path),
                field=_dotted(path),
                hint="put the key in quotes",
            )


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    path: Path = tuple(part for part in detail["loc"] if part != _KEY_MARK)
    about_key = detail["loc"][-1] == _KEY_MARK or detail["type"] == "extra_forbidden"
    message, hint = describe(Finding(path=path, detail=detail, written=document.written(path)))
    return Problem(
        message=message,
        location=document.locate_key(path) if about_key else document.locate(path),
        field=_dotted(path),
        hint=hint,
    )


def _order_problems(document: Document) -> Iterator[Problem]:
    """What is wrong between environments, also where other parts of the file are wrong."""
    shared = find_path_branch(document.value)
    for wrong in check_order(_followers(document.value, shared), shared=shared):
        path = ("environments", wrong.environment, wrong.key)
        yield Problem(message=wrong.message, location=document.locate(path), field=_dotted(path), hint=wrong.hint)


def _followers(value: object, shared: str | None) -> dict[str, Follower]:
    written = value.get("environments") if isinstance(value, dict) else None
    sections = written if isinstance(written, dict) else {}
    return {name: _follower(name, section, shared) for name, section in sections.items()}


def _follower(name: str, section: object, shared: str | None) -> Follower:
    branch, after = (section.get(key) if isinstance(section, dict) else None for key in ("branch", "after"))
    return Follower(
        branch=branch if isinstance(branch, str) else shared or _NO_BRANCH + name,
        after=after if isinstance(after, str) else None,
    )


def _ambiguous_words(document: Document) -> Iterator[Problem]:
    for path, value in _walk(document.value, ()):
        word = document.written(path) if isinstance(value, str) else ""
        if word and means_otherwise_elsewhere(word):
            yield Problem(
                message=f"{word} without quotes is not text to every YAML reader",
                location=document.locate(path),
                field=_dotted(path),
                hint=quoting_hint(path, word),
            )


class _Index(int):
    """A place in a list, told from a key that is a number."""


def _walk(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Every value below the root, with its path."""
    entries: Iterable[tuple[Key, object]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = ((_Index(index), inner) for index, inner in enumerate(value))
    for key, inner in entries:
        yield (*path, key), inner
        yield from _walk(inner, (*path, key))


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _one_per_field(problems: Iterable[Problem]) -> Iterable[Problem]:
    """The first problem of each field and place."""
    first: dict[tuple[str, Location | None], Problem] = {}
    for problem in problems:
        first.setdefault((problem.field, problem.location), problem)
    return first.values()
