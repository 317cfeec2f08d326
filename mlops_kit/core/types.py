"""The words of the kit as values: names, digests, models, environments' history, plans, gate answers.

Values only. What reads or writes the world stands in adapters; what a word means stands in docs/glossary.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ModelName = NewType("ModelName", str)
EnvironmentName = NewType("EnvironmentName", str)
StageName = NewType("StageName", str)
"""DVC's address of a stage: `train`, `train@x`, or `sub/dvc.yaml:train` outside the root file."""
CommitSha = NewType("CommitSha", str)
"""Forty hexadecimal digits."""


@dataclass(frozen=True, kw_only=True, order=True)
class Digest:
    """Content identity as `<algorithm>:<value>`; the value of a directory ends in `.dir`."""

    algorithm: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `md5:…`; raises ValueError where there is no algorithm or no value."""
        algorithm, _, value = text.partition(":")
        if not algorithm or not value:
            raise ValueError(f"not a digest: {text!r}")
        return cls(algorithm=algorithm, value=value)

    @property
    def is_directory(self) -> bool:
        """Whether the digest names a directory listing."""
        return self.value.endswith(".dir")

    @property
    def short(self) -> str:
        """The first eight characters of the value, for people."""
        return self.value[:8]

    def __str__(self) -> str:
        """`<algorithm>:<value>`."""
        return f"{self.algorithm}:{self.value}"


@dataclass(frozen=True, kw_only=True, order=True)
class StoredFile:
    """Where a versioned DVC remote keeps a file: its path below the output (empty: the output itself), and which one.

    `version` is the cloud's own handle of these bytes.
    """

    path: str
    remote: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model artifact as one commit declares it.

    `path` is the model's out, `file` the dvc.yaml that declares the artifact, both from the repository's root with
    forward slashes. `digest` is None where no lock entry or `.dvc` file names one. `recipe` is the lineage, a sha256
    in hexadecimal, empty where no stage makes the model. `cached` is False where git itself keeps the bytes. `output`
    is the output that the digest is of, around `path`; `remote` names the DVC remote that keeps it (empty: the default
    one), and `stored` says where a versioned one does.
    `artifact` is the name as the file has it.
    """

    name: ModelName
    path: str
    file: str
    digest: Digest | None = None
    recipe: str = ""
    cached: bool = True
    output: str = ""
    remote: str = ""
    stored: tuple[StoredFile, ...] = ()
    artifact: str = field(default="", compare=False)


class PromotionKind(StrEnum):
    """Why a version entered an environment."""

    BOOTSTRAP = "bootstrap"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    HOTFIX = "hotfix"
    REDEPLOY = "redeploy"


class Answer(StrEnum):
    """What a gate says of a version."""

    PASS = "pass"  # noqa: S105 - a gate's answer, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EVALUABLE = "not-evaluable"


@dataclass(frozen=True, kw_only=True)
class GateAnswer:
    """One gate's answer for one environment; `rule` is the rule as text (`accuracy min 0.9`)."""

    environment: EnvironmentName
    metric: str
    rule: str
    answer: Answer
    message: str


@dataclass(frozen=True, kw_only=True)
class RecordedOverride:
    """Who accepted, on the pull request that was merged, what a gate refuses, and why."""

    actor: str
    reason: str
    pull_request: int


@dataclass(frozen=True, kw_only=True)
class EvidenceKey:
    """What the answers of gates were given for, beside the digest: they hold as long as both are the same.

    `policy` is the sha256 of the environment's gates and of what judges their metrics, `data` that of what they were
    measured on and compared with; both lower-case hexadecimal.
    """

    policy: str
    data: str


@dataclass(frozen=True, kw_only=True)
class PromotionRecord:
    """One entry of the log: this version entered this environment.

    `seq` counts from 1 per model and environment. `sha256` is the hash of the model's tree as lower-case
    hexadecimal. `recorded_at` is when the log took it (time-zone aware); None before that. `evidence` says what the
    gates' answers are bound to, `approvals` who approved (logins), `reason` why a hotfix skipped an environment.
    `settings` is the sha256 of the environment's `deploy:` as it was, also where there was none; empty where nobody
    noted it.
    """

    model: ModelName
    environment: EnvironmentName
    seq: int
    digest: Digest
    sha256: str
    recipe: str
    previous: Digest | None
    kind: PromotionKind
    commit: CommitSha
    pull_request: int | None = None
    actor: str = ""
    gates: tuple[GateAnswer, ...] = ()
    override: RecordedOverride | None = None
    evidence: EvidenceKey | None = None
    approvals: tuple[str, ...] = ()
    reason: str = ""
    settings: str = ""
    recorded_at: datetime | None = None


class NoteKind(StrEnum):
    """What was noted about a model in an environment beside its promotions."""

    HOLD = "hold"
    RELEASE = "release"
    ABORTED = "aborted"
    RETRY = "retry"
    HEALED = "healed"
    ALARM = "alarm"
    CALM = "calm"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a note about training is of: the sha256 of the data, and the key of the retraining, empty for an alarm.

    `gpu_seconds` are the seconds of all GPUs that the retraining held, `asked` says when it was asked for, in
    milliseconds since 1970: that tells one that failed from a later one of the same key.
    """

    data: str
    key: str = ""
    gpu_seconds: int = 0
    asked: int = 0


@dataclass(frozen=True, kw_only=True)
class Note:
    """One entry of the log that is no promotion: a hold and its release, a roll-out that was aborted and its retry,
    something moved by hand that was put back, an alarm of drift, or what became of a retraining.

    `seq` counts from 1 per model and environment, `record` is the number of the record that was live then (0: none),
    `commit` what the environment asked for.
    """

    model: ModelName
    environment: EnvironmentName
    seq: int
    kind: NoteKind
    commit: CommitSha
    record: int = 0
    reason: str = ""
    actor: str = ""
    training: Training | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GtoTag:
    """A tag of the mirror: its name, its commit, the tagger's date in seconds (None: it is no annotated tag)."""

    name: str
    commit: CommitSha
    seconds: int | None
    message: str


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """A model version as the registry knows it; `number` is the registry's handle, for display only."""

    model: ModelName
    number: str
    digest: Digest


@dataclass(frozen=True, kw_only=True)
class AliasReading:
    """Where the registry's alias of an environment points.

    `version` is None where the alias is absent. `seq` is the log number that the kit last projected onto this alias
    (0: never), by which an interrupted promotion is told from an alias moved by hand. A version without a digest of
    the kit's (`number` known, registered by somebody else) has `foreign` set.
    """

    version: RegisteredVersion | None
    seq: int = 0
    foreign: str = ""


@dataclass(frozen=True, kw_only=True)
class RegistryReading:
    """What a registry knows of one model: those digests asked for that it has versions of, and all aliases."""

    registered: frozenset[Digest] = frozenset()
    aliases: Mapping[EnvironmentName, AliasReading] = field(default_factory=dict)

    def alias(self, environment: EnvironmentName) -> AliasReading:
        """Where the environment's alias points; nowhere where there is none."""
        return self.aliases.get(environment, AliasReading(version=None))


class Sync(StrEnum):
    """Whether observed state is desired state (Argo CD's words, plus Blocked)."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    BLOCKED = "Blocked"
    UNKNOWN = "Unknown"


class Health(StrEnum):
    """How well what is deployed does (Argo CD's words)."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"
    MISSING = "Missing"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class ServingReading:
    """What a serving target says it runs; `digest` is None where it runs nothing.

    `seq` is the number of the record that it was deployed for, None where the target cannot say. `url` is where people
    or programs reach it, empty where there is no such place.
    """

    digest: Digest | None
    health: Health
    message: str = ""
    seq: int | None = None
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """How a team's own command ended, and what it printed."""

    code: int
    output: str
    errors: str


class Verb(StrEnum):
    """What a change does, in the order in which changes are carried out."""

    REGISTER = "register"
    RECORD = "record"
    SET_ALIAS = "set-alias"
    DEPLOY = "deploy"
    ANNOUNCE = "announce"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One item of a plan. `source` and `target` are what is and what will be, as text; source may be empty."""

    environment: EnvironmentName
    model: ModelName
    verb: Verb
    source: str
    target: str


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """A promotion that the policy holds back, why, and the next step."""

    environment: EnvironmentName
    model: ModelName
    reason: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A reading of the world that failed: nothing is moved because of it."""

    environment: EnvironmentName
    model: ModelName
    reason: str


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What is worth saying of a model in an environment; `differs` where state is not as desired and stays so.

    `model` is empty for the whole environment.
    """

    environment: EnvironmentName
    model: ModelName
    message: str
    differs: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What must be done to make observed state desired state; empty where all is in sync."""

    changes: tuple[Change, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    unknown: tuple[Unreadable, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResolvedFile:
    """A metrics or params file as DVC reads it: its content, or the reason why there is none."""

    path: str
    content: object = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class ResolvedValues:
    """The metrics and params of one tree as DVC reads them; `params` holds only what the pipeline names."""

    metrics: tuple[ResolvedFile, ...] = ()
    params: tuple[ResolvedFile, ...] = ()
