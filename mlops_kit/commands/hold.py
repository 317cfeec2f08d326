"""Holds models in an environment, and releases them: a note of the log each. What a hold stops, the plan decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlops_kit.commands.leave_note import leave_note
from mlops_kit.commands.plan import choose_environments
from mlops_kit.commands.readers import open_reader
from mlops_kit.commands.world import World
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.promotion.desired import Desired
from mlops_kit.core.promotion.notes import REASON_LIMIT
from mlops_kit.core.promotion.standing import find_hold
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName, Note, NoteKind, PromotionRecord


@dataclass(frozen=True, kw_only=True)
class Word:
    """What is to be said: a hold or a release, why, of which models; of all of the environment where none is named."""

    kind: NoteKind
    models: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class HoldResult:
    """How a model stands now: `hold` is the one in force, None where it is free; `changed` if that is new."""

    model: ModelName
    hold: Note | None
    changed: bool


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """One model in one environment, and the commit that the environment asks for."""

    environment: EnvironmentName
    model: ModelName
    commit: CommitSha


def note_hold(world: World, environment: str, word: Word) -> tuple[HoldResult, ...]:
    """Hold or release; a model that is held or free already is left alone.

    InputError for an environment or model that nobody knows, and for a hold without a reason or with a long one.
    """
    (name,) = choose_environments(world, [environment])
    _check_reason(word)
    world.git.fetch()
    return tuple(_settle(world, subject, word) for subject in _find_subjects(world, name, word.models))


def _check_reason(word: Word) -> None:
    if word.kind is NoteKind.HOLD and not word.reason.strip():
        raise InputError("a hold needs a reason", hint='say it with --reason "why nothing may enter"')
    if len(word.reason) > REASON_LIMIT:
        raise InputError(f"the reason has {len(word.reason)} characters, more than {REASON_LIMIT}", hint="shorten it")


def _find_subjects(world: World, name: EnvironmentName, asked: Sequence[str]) -> tuple[_Subject, ...]:
    """The models to speak of, each with a commit: the head's that names it, else its last record's."""
    records = [record for record in world.log.read_records() if record.environment == name]
    commits = {record.model: record.commit for record in records} | _desired_commits(world, name, asked, records)
    for model in asked:
        if model not in commits:
            known = ", ".join(sorted(commits))
            raise InputError(
                f"{name} has no model {model!r}", hint=f"models are: {known}" if known else "nothing was promoted yet"
            )
    if not commits:
        raise InputError(f"{name} has no model to speak of", hint="name a model after its first merge")
    models = sorted(commits) if not asked else sorted(ModelName(model) for model in set(asked))
    return tuple(_Subject(environment=name, model=model, commit=commits[model]) for model in models)


def _desired_commits(
    world: World, name: EnvironmentName, asked: Sequence[str], records: Iterable[PromotionRecord]
) -> dict[ModelName, CommitSha]:
    """The commits of the models that the environment asks for.

    A head that cannot be read must not keep anybody from holding what is in the log.
    """
    head = world.git.branch_head(world.config.environments[name].branch)
    try:
        desired = open_reader(world).read_desired(name, head) if head else None
    except KitError:
        if asked and {*asked} <= {record.model for record in records}:
            return {}
        raise
    models = desired.models if isinstance(desired, Desired) else ()
    return {found.model.name: found.commit for found in models}


def _settle(world: World, subject: _Subject, word: Word) -> HoldResult:
    is_hold = word.kind is NoteKind.HOLD

    def say(notes: Sequence[Note], seq: int) -> Note | None:
        stands = find_hold(notes) is not None
        return None if stands is is_hold else _next_note(world, subject, word, seq=seq)

    notes, made = leave_note(world, subject.model, subject.environment, say)
    if made is None:
        return HoldResult(model=subject.model, hold=find_hold(notes), changed=False)
    return HoldResult(model=subject.model, hold=made if is_hold else None, changed=True)


def _next_note(world: World, subject: _Subject, word: Word, *, seq: int) -> Note:
    place = (subject.model, subject.environment)
    records = [record.seq for record in world.log.read_records() if (record.model, record.environment) == place]
    return Note(
        model=subject.model,
        environment=subject.environment,
        seq=seq,
        kind=word.kind,
        commit=subject.commit,
        record=max(records, default=0),
        reason=word.reason,
        actor=world.origin.actor,
        recorded_at=world.clock.now(),
    )
