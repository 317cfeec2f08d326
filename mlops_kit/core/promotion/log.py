"""The promotion log as text: one annotated tag per record, its name and its JSON message.

A message is strict and canonical: the same record gives the same bytes, and a message with a field too many, too few
or of another type is refused with the tag's name. Source of schemas/promotion.schema.json.
"""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.promotion.names import read_tag_spelling, spell_for_tag
from mlops_kit.core.types import (
    Answer,
    CommitSha,
    Digest,
    EnvironmentName,
    EvidenceKey,
    GateAnswer,
    ModelName,
    PromotionKind,
    PromotionRecord,
    RecordedOverride,
)

TAG_FOLDER = "mlops"
SEQ_LIMIT = 999_999
_TAG = re.compile(r"mlops/(?P<model>[^/]+)/(?P<environment>[a-z0-9][a-z0-9-]{0,62})/(?P<seq>\d{6})")
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

DigestText = Annotated[str, Field(pattern=r"^[a-z0-9-]+:[^\s:]+$")]
Sha256Text = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
CommitText = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


@dataclass(frozen=True, kw_only=True)
class GateEvidence:
    """What one gate said when the version entered the environment."""

    __pydantic_config__ = _STRICT

    metric: str
    rule: str
    answer: Answer
    message: str


@dataclass(frozen=True, kw_only=True)
class OverrideEvidence:
    """Who accepted, on which pull request, what a gate refused, and why."""

    __pydantic_config__ = _STRICT

    actor: Annotated[str, Field(min_length=1)]
    reason: str
    pull_request: Annotated[int, Field(ge=1, strict=True)]


@dataclass(frozen=True, kw_only=True)
class EvidenceDocument:
    """What the gates' answers are bound to beside the digest."""

    __pydantic_config__ = _STRICT

    policy: Sha256Text
    data: Sha256Text


@dataclass(frozen=True, kw_only=True)
class PromotionDocument:
    """The message of a promotion tag. `version` is the format's, `recipe` is empty where no stage made the model.

    The fields from `override` on are there only where they say something.
    """

    __pydantic_config__ = _STRICT

    version: Literal[1]
    model: Annotated[str, Field(min_length=1)]
    environment: Annotated[str, Field(min_length=1)]
    seq: Annotated[int, Field(ge=1, le=SEQ_LIMIT, strict=True)]
    digest: DigestText
    sha256: Sha256Text
    recipe: str
    previous: DigestText | None
    kind: PromotionKind
    commit: CommitText
    pull_request: Annotated[int, Field(ge=1, strict=True)] | None
    actor: str
    gates: tuple[GateEvidence, ...]
    override: OverrideEvidence | None = None
    evidence: EvidenceDocument | None = None
    approvals: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    reason: str = ""
    settings: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


_OPTIONAL = ("override", "evidence", "approvals", "reason", "settings")
_ADAPTER = TypeAdapter(PromotionDocument)


def tag_name(model: ModelName, environment: EnvironmentName, seq: int) -> str:
    """`mlops/<model>/<environment>/<seq, six digits>`, the model as names.py spells it."""
    return f"{TAG_FOLDER}/{spell_for_tag(model)}/{environment}/{seq:06d}"


def record_tag(record: PromotionRecord) -> str:
    """The tag's name under which a record is kept."""
    return tag_name(record.model, record.environment, record.seq)


def record_message(record: PromotionRecord) -> str:
    """The record as canonical JSON on one line: sorted keys, no spaces, no line end."""
    document = PromotionDocument(
        version=1,
        model=record.model,
        environment=record.environment,
        seq=record.seq,
        digest=str(record.digest),
        sha256=record.sha256,
        recipe=record.recipe,
        previous=str(record.previous) if record.previous else None,
        kind=record.kind,
        commit=record.commit,
        pull_request=record.pull_request,
        actor=record.actor,
        gates=tuple(_evidence(answer) for answer in record.gates),
        override=OverrideEvidence(**asdict(record.override)) if record.override else None,
        evidence=EvidenceDocument(**asdict(record.evidence)) if record.evidence else None,
        approvals=record.approvals,
        reason=record.reason,
        settings=record.settings,
    )
    message = {name: value for name, value in asdict(document).items() if value or name not in _OPTIONAL}
    return json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def parse_record(tag: str, message: str, recorded_at: datetime) -> PromotionRecord:
    """The record that a tag keeps; IntegrityError naming the tag where its name or message is malformed."""
    model, environment, seq = _parse_tag(tag)
    document = _parse_message(tag, message)
    if (document.model, document.environment, document.seq) != (model, environment, seq):
        raise _malformed(tag, "the message is of another model, environment or number than the tag's name")
    return PromotionRecord(
        model=model,
        environment=environment,
        seq=seq,
        digest=Digest.parse(document.digest),
        sha256=document.sha256,
        recipe=document.recipe,
        previous=Digest.parse(document.previous) if document.previous else None,
        kind=document.kind,
        commit=CommitSha(document.commit),
        pull_request=document.pull_request,
        actor=document.actor,
        gates=tuple(_answer(environment, evidence) for evidence in document.gates),
        override=RecordedOverride(**asdict(document.override)) if document.override else None,
        evidence=EvidenceKey(**asdict(document.evidence)) if document.evidence else None,
        approvals=document.approvals,
        reason=document.reason,
        settings=document.settings,
        recorded_at=recorded_at,
    )


def _parse_tag(tag: str) -> tuple[ModelName, EnvironmentName, int]:
    found = _TAG.fullmatch(tag)
    if found is None:
        raise _malformed(tag, "its name is not mlops/<model>/<environment>/<six digits>")
    try:
        model = read_tag_spelling(found["model"])
    except ValueError as error:
        raise _malformed(tag, str(error)) from error
    return model, EnvironmentName(found["environment"]), int(found["seq"])


def _parse_message(tag: str, message: str) -> PromotionDocument:
    try:
        return _ADAPTER.validate_json(message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise _malformed(tag, f"{field}: {first['msg']}" if field else first["msg"]) from error


def _malformed(tag: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"the promotion log's tag {tag} is malformed: {why}",
        hint=f"read it with: git cat-file tag {tag} - written by a newer mlops-kit, or by hand?",
    )


def _evidence(answer: GateAnswer) -> GateEvidence:
    return GateEvidence(metric=answer.metric, rule=answer.rule, answer=answer.answer, message=answer.message)


def _answer(environment: EnvironmentName, evidence: GateEvidence) -> GateAnswer:
    return GateAnswer(
        environment=environment,
        metric=evidence.metric,
        rule=evidence.rule,
        answer=evidence.answer,
        message=evidence.message,
    )
