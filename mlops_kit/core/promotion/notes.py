"""Notes of the log as text: one annotated tag each, beside the promotions of their model and environment."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.promotion.log import SEQ_LIMIT, TAG_FOLDER, CommitText, Sha256Text
from mlops_kit.core.promotion.names import read_tag_spelling, spell_for_tag
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName, Note, NoteKind, Training

REASON_LIMIT = 500
_TAG = re.compile(r"mlops/(?P<model>[^/]+)/(?P<environment>[a-z0-9][a-z0-9-]{0,62})/note/(?P<seq>\d{6})")


@dataclass(frozen=True, kw_only=True)
class TrainingDocument:
    """What a note about training says besides."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    data: Sha256Text
    key: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$")] = ""
    gpu_seconds: Annotated[int, Field(ge=0, le=2**53, strict=True)] = 0
    asked: Annotated[int, Field(ge=0, le=2**53, strict=True)] = 0


@dataclass(frozen=True, kw_only=True)
class NoteDocument:
    """The message of a note's tag; `version` is the format's, `training` is there only where it says something."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    version: Literal[1]
    model: Annotated[str, Field(min_length=1)]
    environment: Annotated[str, Field(min_length=1)]
    seq: Annotated[int, Field(ge=1, le=SEQ_LIMIT, strict=True)]
    kind: NoteKind
    commit: CommitText
    record: Annotated[int, Field(ge=0, le=SEQ_LIMIT, strict=True)]
    reason: Annotated[str, Field(max_length=REASON_LIMIT)]
    actor: str
    training: TrainingDocument | None = None


_ADAPTER = TypeAdapter(NoteDocument)


def is_note_tag(tag: str) -> bool:
    """Whether a tag of the log is, by its name, a note."""
    return _TAG.fullmatch(tag) is not None


def note_tag(note: Note) -> str:
    """`mlops/<model>/<environment>/note/<seq, six digits>`."""
    return f"{TAG_FOLDER}/{spell_for_tag(note.model)}/{note.environment}/note/{note.seq:06d}"


def note_message(note: Note) -> str:
    """The note as canonical JSON on one line: sorted keys, no spaces, no line end."""
    document = NoteDocument(
        version=1,
        model=note.model,
        environment=note.environment,
        seq=note.seq,
        kind=note.kind,
        commit=note.commit,
        record=note.record,
        reason=note.reason[:REASON_LIMIT],
        actor=note.actor,
        training=TrainingDocument(**asdict(note.training)) if note.training else None,
    )
    message = {name: value for name, value in asdict(document).items() if value is not None}
    return json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def parse_note(tag: str, message: str, recorded_at: datetime) -> Note:
    """The note that a tag keeps; IntegrityError naming the tag where its name or message is malformed."""
    document = _parse_message(tag, message)
    if (document.model, document.environment, document.seq) != _parse_tag(tag):
        raise _malformed(tag, "the message is of another model, environment or number than the tag's name")
    return Note(
        model=ModelName(document.model),
        environment=EnvironmentName(document.environment),
        seq=document.seq,
        kind=document.kind,
        commit=CommitSha(document.commit),
        record=document.record,
        reason=document.reason,
        actor=document.actor,
        training=Training(**asdict(document.training)) if document.training else None,
        recorded_at=recorded_at,
    )


def _parse_tag(tag: str) -> tuple[ModelName, EnvironmentName, int]:
    found = _TAG.fullmatch(tag)
    if found is None:
        raise _malformed(tag, "its name is not mlops/<model>/<environment>/note/<six digits>")
    try:
        return read_tag_spelling(found["model"]), EnvironmentName(found["environment"]), int(found["seq"])
    except ValueError as error:
        raise _malformed(tag, str(error)) from error


def _parse_message(tag: str, message: str) -> NoteDocument:
    try:
        return _ADAPTER.validate_json(message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _malformed(tag, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _malformed(tag: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"the promotion log's tag {tag} is malformed: {why}",
        hint=f"read it with: git cat-file tag {tag} - written by a newer mlops-kit, or by hand?",
    )
