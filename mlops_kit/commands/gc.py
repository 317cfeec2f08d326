"""Lists the versions of models whose bytes nothing needs any more. Nothing is deleted."""

from collections.abc import Iterable, Mapping

from mlops_kit.commands.facts import read_project
from mlops_kit.core.errors import KitError
from mlops_kit.core.ports import Git, Locks, PromotionLog
from mlops_kit.core.promotion.garbage import (
    Place,
    Stored,
    Version,
    find_places,
    is_lock,
    log_reasons,
    names_bytes,
    read_entries,
    sort_out,
)
from mlops_kit.core.types import CommitSha, Model, ModelName, PromotionRecord


def list_garbage(git: Git, log: PromotionLog, locks: Locks, *, keep: int | None = None) -> tuple[Stored, ...]:
    """Every version that old locks name, what needs it, and which nothing needs; `keep` limits the log's say.

    InputError where the clone lacks history, for then too little would seem to be needed.
    """
    locks.fetch()
    records, heads = log.read_records(), locks.list_heads()
    places = _find_places(git, records, {*heads.values()})
    stored: dict[Version, int | None] = {(record.model, record.digest): None for record in records}
    for path, data in locks.read_history():
        for entry in read_entries(path, data) if is_lock(path) else ():
            if model := places.get(entry.place):
                version = (model, entry.digest)
                stored[version] = stored.get(version) or entry.size
    texts = {commit: _read_texts(git, commit) for commit in {*heads.values()}}
    return sort_out(stored, log_reasons(records, keep), {name: texts[commit] for name, commit in heads.items()})


def _find_places(git: Git, records: Iterable[PromotionRecord], heads: Iterable[CommitSha]) -> dict[Place, ModelName]:
    """Where models stand in locks, by the heads of branches and tags and by the last commits of the log."""
    newest = {(record.model, record.environment): record.commit for record in records}
    places: dict[Place, ModelName] = {}
    for commit in sorted({*newest.values(), *heads}):
        entries = [entry for path, data in _read_locks(git, commit).items() for entry in read_entries(path, data)]
        places |= find_places(_read_models(git, commit), entries)
    return places


def _read_models(git: Git, commit: CommitSha) -> tuple[Model, ...]:
    """The models of a commit; none where its project cannot be read, which is not this verb's matter."""
    try:
        return read_project(git, commit).models
    except KitError:
        return ()


def _read_locks(git: Git, commit: CommitSha) -> Mapping[str, bytes]:
    return git.read_files(commit, [path for path in git.list_files(commit) if is_lock(path)])


def _read_texts(git: Git, commit: CommitSha) -> tuple[bytes, ...]:
    return tuple(git.read_files(commit, [path for path in git.list_files(commit) if names_bytes(path)]).values())
