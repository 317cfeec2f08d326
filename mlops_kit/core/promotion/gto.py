"""The log in GTO's words, for teams whose tools read GTO's tags: `NAME@v0.0.1` and `NAME#ENVIRONMENT#1`.

A projection of the records and never the truth. The same records and tags give the same missing tags, to the byte, so
that two runners who write them at once write the same. GTO finds an assignment's version by its commit, and takes the
assignment with the latest tagger date for the current one: so all assignments of one digest stand on one commit, and
dates follow the log's numbers where clocks do not. Grammar: gto/constants.py of GTO 1.10.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlops_kit.core.promotion.log import TAG_FOLDER, record_tag
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, GtoTag, Model, ModelName, PromotionRecord

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9/_-]*[a-zA-Z0-9])?")
_FOLDER = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9_.-]*(/[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)*")
_NOT_IN_REF = re.compile(r"\.\.|//|\.lock(/|$)|\.(/|$)")
_REGISTRATION = re.compile(r"(?P<name>[^@#]+)@v(?P<numbers>\d+\.\d+\.\d+)(?P<rest>[^#!]*)(?P<cancel>!?)(#\d+)?")
_ASSIGNMENT = re.compile(r"(?P<name>[^@#]+)#(?P<stage>[^#!]+)!?#(?P<counter>\d+)")
_SIGN = "mlops-kit mirrors"


def gto_name(model: Model) -> str | None:
    """What GTO calls the model in tags, `NAME` or `FOLDER=NAME`; None where its grammar or git's has no room for it."""
    folder, name = model.file.rpartition("/")[0], model.artifact or model.name
    spelled = f"{folder}={name}" if folder else name
    fits = _NAME.fullmatch(name) and (not folder or _FOLDER.fullmatch(folder)) and not _NOT_IN_REF.search(spelled)
    return spelled if fits and not spelled.startswith(f"{TAG_FOLDER}/") else None


def is_gto_stage(environment: EnvironmentName) -> bool:
    """Whether GTO takes the environment's name for a stage's."""
    return _NAME.fullmatch(environment) is not None


def unmirrored(records: Iterable[PromotionRecord], existing: Iterable[GtoTag]) -> tuple[PromotionRecord, ...]:
    """The records that no tag mirrors yet."""
    signs = {tag.message for tag in existing}
    return tuple(record for record in records if _sign(record) not in signs)


def missing_tags(
    records: Iterable[PromotionRecord], names: Mapping[ModelName, str], existing: Iterable[GtoTag]
) -> tuple[GtoTag, ...]:
    """The tags that mirror what is not mirrored yet, in the order to create them; nothing for models without a name."""
    known, tags = tuple(records), tuple(existing)
    return tuple(tag for model, name in sorted(names.items()) for tag in _missing(known, model, _Shelf(name, tags)))


def _missing(records: Iterable[PromotionRecord], model: ModelName, shelf: "_Shelf") -> Iterator[GtoTag]:
    mine = [record for record in records if record.model == model and is_gto_stage(record.environment)]
    commits = {digest: [record.commit for record in mine if record.digest == digest] for digest in _digests(mine)}
    last: dict[EnvironmentName, int] = {}
    for record, earliest in _in_order(mine):
        done = shelf.signed.get(_sign(record))
        if done is not None:
            last[record.environment] = done
            continue
        seconds = max(earliest, last.get(record.environment, 0) + 1)
        home = shelf.find_home(commits[record.digest])
        if home is None:
            home = shelf.add(_registration(record, shelf, seconds - 1))
            yield home
        seconds = max(seconds, (home.seconds or 0) + 1)
        yield shelf.add(_assignment(record, shelf, home.commit, seconds))
        last[record.environment] = seconds


@dataclass
class _Shelf:
    """The tags of one model, to which those that are made are added."""

    name: str
    tags: tuple[GtoTag, ...]
    signed: dict[str, int] = field(default_factory=dict)
    homes: dict[CommitSha, GtoTag] = field(default_factory=dict)
    versions: list[tuple[int, ...]] = field(default_factory=list)
    counters: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for tag in self.tags:
            self.add(tag)

    def add(self, tag: GtoTag) -> GtoTag:
        """Count a tag in, if it is of this model; what is not annotated takes a name and says nothing."""
        if tag.seconds is not None and tag.message.startswith(_SIGN):
            self.signed[tag.message] = tag.seconds
        registered, assigned = _REGISTRATION.fullmatch(tag.name), _ASSIGNMENT.fullmatch(tag.name)
        if registered and registered["name"] == self.name:
            self.versions.append(tuple(map(int, registered["numbers"].split("."))))
            first = self.homes.get(tag.commit)
            if tag.seconds is not None and not registered["cancel"] and _is_earlier(tag, first):
                self.homes[tag.commit] = tag
        if assigned and assigned["name"] == self.name:
            self.counters.setdefault(assigned["stage"], set()).add(int(assigned["counter"]))
        return tag

    def find_home(self, commits: Iterable[CommitSha]) -> GtoTag | None:
        """The registration that stands on one of these commits: the kit's own, or one that the team made there."""
        return next((self.homes[commit] for commit in commits if commit in self.homes), None)

    def next_version(self) -> str:
        """As `gto register` counts: the greatest version's patch and one."""
        major, minor, patch = max(self.versions, default=(0, 0, 0))
        return f"v{major}.{minor}.{patch + 1}"

    def next_counter(self, record: PromotionRecord) -> int:
        """The record's own number, unless the team gave it away."""
        taken = self.counters.get(record.environment, set())
        return record.seq if record.seq not in taken else max(taken) + 1


def _registration(record: PromotionRecord, shelf: _Shelf, seconds: int) -> GtoTag:
    name = f"{shelf.name}@{shelf.next_version()}"
    return GtoTag(name=name, commit=record.commit, seconds=seconds, message=f"{_SIGN} {record.digest}")


def _assignment(record: PromotionRecord, shelf: _Shelf, commit: CommitSha, seconds: int) -> GtoTag:
    name = f"{shelf.name}#{record.environment}#{shelf.next_counter(record)}"
    return GtoTag(name=name, commit=commit, seconds=seconds, message=_sign(record))


def _sign(record: PromotionRecord) -> str:
    return f"{_SIGN} {record_tag(record)}"


def _digests(records: Iterable[PromotionRecord]) -> frozenset[Digest]:
    return frozenset(record.digest for record in records)


def _is_earlier(tag: GtoTag, other: GtoTag | None) -> bool:
    return other is None or (tag.seconds or 0, tag.name) < (other.seconds or 0, other.name)


def _in_order(records: Iterable[PromotionRecord]) -> Iterator[tuple[PromotionRecord, int]]:
    """Records with the earliest date that each may have: within an environment by number, else by clock."""
    dated, last = list[tuple[int, str, int, PromotionRecord]](), dict[EnvironmentName, int]()
    for record in sorted(records, key=lambda found: (found.environment, found.seq)):
        written = int(record.recorded_at.timestamp()) if record.recorded_at else 0
        seconds = max(written, last.get(record.environment, 0) + 1)
        last[record.environment] = seconds
        dated.append((seconds, record.environment, record.seq, record))
    for seconds, _, _, record in sorted(dated, key=lambda found: found[:3]):
        yield record, seconds
