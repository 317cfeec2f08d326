"""The promotion log, records and notes, as annotated git tags, with the remote's refs as its compare-and-swap.

A tag that exists is never replaced: of two pushes of one name the remote takes one. Who lost finds out by reading the
remote, not from git's wording. The tag object is made by plumbing, so that no user.name is needed and no hook runs.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import REMOTE
from mlops_kit.adapters.git_log_store import LOG_REFS, annotated_tag
from mlops_kit.core.errors import ConflictError, IntegrityError, OutsideError
from mlops_kit.core.promotion.log import parse_record, record_message, record_tag
from mlops_kit.core.promotion.notes import is_note_tag, note_message, note_tag, parse_note
from mlops_kit.core.types import CommitSha, Note, PromotionRecord

_FIELDS = ("refname:strip=2", "objecttype", "taggerdate:unix", "contents")
_FORMAT = "".join(f"%({name})%00" for name in _FIELDS)
_NO_OBJECT = "0" * 40
_NETWORK_SECONDS = 120.0
_PUSH_PAUSES_SECONDS = (0.2, 1.0, 0.0)
_Read = tuple[str, str, datetime]
"""A tag's name, its message, and when it was made."""
Entry = TypeVar("Entry", PromotionRecord, Note)


class _Reading(Generic[Entry]):
    """The tags of one kind as values; a tag never changes, so each is parsed once."""

    def __init__(self, parse: Callable[[str, str, datetime], Entry]) -> None:
        self._parse: Callable[[str, str, datetime], Entry] = parse
        self._parsed: dict[_Read, Entry] = {}
        self.entries: tuple[Entry, ...] = ()

    def take(self, tags: Iterable[_Read]) -> None:
        """Make these tags, and no others, the entries."""
        self._parsed = {tag: self._parsed.get(tag) or self._parse(*tag) for tag in tags}
        self.entries = tuple(sorted(self._parsed.values(), key=_place))


def _place(entry: PromotionRecord | Note) -> tuple[str, str, int]:
    return entry.model, entry.environment, entry.seq


@dataclass(frozen=True, kw_only=True)
class _Tag:
    """An annotated tag before it is made: its name, and the text of its object."""

    name: str
    text: bytes


class GitPromotionLog:
    """The PromotionLog port over a repository and its remote, where it has one."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git
        self._records = _Reading(parse_record)
        self._notes = _Reading(parse_note)
        self._read_after = -1

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """All records as last fetched, by model, environment and seq; IntegrityError names a malformed tag."""
        self._read()
        return self._records.entries

    def append_record(self, record: PromotionRecord) -> None:
        """Create the record's tag on the remote, else here; ConflictError where the name is taken."""
        self._append(_tag_object(record_tag(record), record.commit, record.recorded_at, record_message(record)))

    def read_notes(self) -> tuple[Note, ...]:
        """All notes as last fetched, by model, environment and seq; IntegrityError names a malformed tag."""
        self._read()
        return self._notes.entries

    def append_note(self, note: Note) -> None:
        """Create the note's tag on the remote, else here; ConflictError where the name is taken."""
        self._append(_tag_object(note_tag(note), note.commit, note.recorded_at, note_message(note)))

    def _read(self) -> None:
        """Read all tags by one call, once per fetch and append; each is parsed once."""
        if self._read_after == self._git.fetches:
            return
        tags = tuple(self._read_tags())
        notes = {tag for tag in tags if is_note_tag(tag[0])}
        self._records.take(tag for tag in tags if tag not in notes)
        self._notes.take(notes)
        self._read_after = self._git.fetches

    def _append(self, tag: _Tag) -> None:
        self._read_after = -1
        reference = f"refs/tags/{tag.name}"
        made = self._git.expect("mktag", stdin=tag.text).text
        if self._git.has_remote():
            self._push(made, reference)
        else:
            self._create(made, reference)

    def _read_tags(self) -> Iterator[_Read]:
        """Every tag of the log: its name, its message, when it was made."""
        listed = self._git.log_git.expect("for-each-ref", f"--format={_FORMAT}", LOG_REFS)
        listing = listed.output.decode("utf-8", "replace")
        return (_check(*fields) for fields in _rows(listing))

    def _push(self, made: str, reference: str) -> None:
        """Push under the condition that the name is free; an answer that got lost is found out by reading.

        A remote that is busy with the same name refuses both the push and a clear answer for a moment: it is asked
        again, which the condition makes safe.
        """
        for pause_seconds in _PUSH_PAUSES_SECONDS:
            pushed = self._git.call(
                "push", "--quiet", "--no-verify", f"--force-with-lease={reference}:", REMOTE, f"{made}:{reference}",
                timeout_seconds=_NETWORK_SECONDS,
            )  # fmt: skip
            holder = made if pushed.code == 0 else self._read_remote(reference)
            if holder == made:
                self._keep(made, reference)
                return
            if holder:
                raise _taken(reference)
            time.sleep(pause_seconds)
        raise OutsideError(
            f"git push of {reference} to {REMOTE} failed",
            hint="check the network, and that the token may push tags (permissions: contents: write)",
        )

    def _keep(self, made: str, reference: str) -> None:
        """Have here what the remote took."""
        if self._git.is_shallow:
            self._git.fetch_log()
        else:
            self._git.expect("update-ref", reference, made)

    def _read_remote(self, reference: str) -> str:
        """The object that the remote has under a name; empty for none, and where it gives no answer."""
        found = self._git.call("ls-remote", REMOTE, reference, timeout_seconds=_NETWORK_SECONDS)
        return found.text.partition("\t")[0] if found.code == 0 else ""

    def _create(self, made: str, reference: str) -> None:
        if self._git.call("update-ref", reference, made, _NO_OBJECT).code == 0:
            return
        if self._git.call("rev-parse", "--verify", "--quiet", reference).code == 0:
            raise _taken(reference)
        raise OutsideError(f"git could not create {reference}")


def _rows(listing: str) -> Iterator[tuple[str, ...]]:
    """Every tag's fields; between tags git writes a line end."""
    fields = listing.split("\0")[:-1]
    width = len(_FIELDS)
    for start in range(0, len(fields), width):
        yield tuple(field.strip("\n") for field in fields[start : start + width])


def _check(tag: str, kind: str, seconds: str, message: str) -> _Read:
    if kind != "tag":
        raise IntegrityError(
            f"the promotion log's tag {tag} is malformed: it is not an annotated tag",
            hint=f"see who made it: git show {tag}",
        )
    return tag, message, datetime.fromtimestamp(int(seconds or "0"), UTC)


def _tag_object(name: str, commit: CommitSha, moment: datetime | None, message: str) -> _Tag:
    seconds = int(moment.timestamp()) if moment else 0
    return _Tag(name=name, text=annotated_tag(name, commit, seconds, message))


def _taken(reference: str) -> ConflictError:
    return ConflictError(f"{reference} exists already: somebody else promoted meanwhile", hint="run again")
