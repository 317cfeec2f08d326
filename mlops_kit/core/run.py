"""The words of a run as values: what is selected, planned, wanted, executed, and how it ended.

Values only, like `core.types`, on which this builds. What a stage wants is written in its `meta:` and parsed by
`core.pipeline.wants`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import CommitSha, StageName


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which stages a run looks at, and how.

    `targets` are DVC's: stage names, `FILE:NAME`, dvc.yaml files, outputs; none means the folder's dvc.yaml.
    `every_pipeline` takes all dvc.yaml files instead. `force` runs what did not change, `pull` fetches what is missing,
    `verify` hashes what comes from the cache before anything reads it.
    With `elsewhere` commands run on other machines: data that is only absent here is no change.
    """

    targets: tuple[str, ...] = ()
    every_pipeline: bool = False
    force: bool = False
    pull: bool = False
    verify: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Wants:
    """What a stage asks of the machine that runs it: its `meta: {mlops: {...}}`.

    `gpus` is None where the stage says nothing of GPUs: then it sees what the caller sees. `gpu_memory_mib` is what
    each of them must have at least. No two stages that name the same mutex run at once. `retries` is how often a
    command that failed is tried again. `cpus` and `resources` are what a cluster counts.
    """

    gpus: int | None = None
    gpu_memory_mib: int = 0
    mutexes: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    retries: int = 0
    cpus: float = 1.0
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """One stage of a run as the scheduler sees it; paths from DVC's root with forward slashes, normalised.

    It starts after the stages that write what it `reads` succeeded, and after those that write what it `watches`
    ended in any way. `seconds` is what its command took when it last ran here, None where nobody knows.
    `awaits_data` says that data it needs is on its way: it starts when the pipeline says that it arrived.
    """

    name: StageName
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()
    wants: Wants = field(default_factory=Wants)
    seconds: float | None = None
    awaits_data: bool = False


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU of this machine: what CUDA_VISIBLE_DEVICES calls it, and its memory, 0 where that is not known."""

    id: str
    memory_mib: int = 0
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What stages that could start wait for: the first of them, the obstacle in words, and how many wait there."""

    stage: StageName
    obstacle: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class StageCommand:
    """What a stage executes: its commands one after the other, where, and the variables that DVC adds.

    `gpus` are the slots it holds, None where it did not ask for any. `wants` bounds its time, and is what an engine
    with a scheduler of its own places it by.
    """

    stage: StageName
    lines: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    gpus: tuple[str, ...] | None = None
    wants: Wants = field(default_factory=Wants)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a stage's commands used.

    `cpu_seconds` is processor time of all their processes, `memory_bytes` the largest resident size of any one of
    them, `gpu_memory_bytes` the most that was in use at once on the stage's GPUs, None where it had none.
    """

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    gpu_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class RemoteResult:
    """What a stage that ran on another machine brings back.

    `entry` is its part of dvc.lock (name to entry); `files` holds outputs that git keeps, by path from DVC's root.
    """

    entry: Mapping[str, object]
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommandEnd:
    """How a stage's commands ended.

    `status` is the exit status, negative for a signal. `tail` holds the last lines of output, `log` the file with all
    of it that was kept. `timed_out` says that its time was over. `remote` is there where it ran on another machine.
    `trouble` says what went wrong where that was not the commands' own failure.
    """

    stage: StageName
    status: int
    seconds: float
    tail: tuple[str, ...] = ()
    log: Path | None = None
    usage: Usage = field(default_factory=Usage)
    timed_out: bool = False
    remote: RemoteResult | None = None
    trouble: str = ""


class StageState(StrEnum):
    """How a run left a stage.

    `cached`: nothing changed. `restored`: its outputs came back from the cache, no command ran. `ran`, `failed`: its
    command did. `skipped`: it did not start, because of another stage's failure or an interrupt.
    """

    CACHED = "cached"
    RESTORED = "restored"
    RAN = "ran"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """One stage of a run: its state, the seconds it took, and what it used where a command ran.

    For a failure, `message` says what went wrong and `log` names the file with the output, where there is one.
    `attempts` counts its commands' runs, retries included.
    """

    name: StageName
    state: StageState
    seconds: float = 0.0
    message: str = ""
    log: str = ""
    usage: Usage | None = None
    attempts: int = 1


class EngineKind(StrEnum):
    """Who runs the commands: the kit on this machine (`local`) or a Ray cluster (`ray`), or DVC's own loop (`dvc`)."""

    LOCAL = "local"
    RAY = "ray"
    DVC = "dvc"


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """Who runs a run's commands, and where; `address` is the Ray cluster's, empty for the one at hand."""

    kind: EngineKind = EngineKind.LOCAL
    address: str = ""


def parse_engine(text: str) -> EngineChoice:
    """The choice that `local`, `dvc`, `ray`, `ray:ADDRESS` or `ray://HOST:PORT` names; else InputError."""
    kind, colon, rest = text.partition(":")
    if kind in {EngineKind.LOCAL, EngineKind.DVC} and not colon:
        return EngineChoice(kind=EngineKind(kind))
    if kind == EngineKind.RAY and bool(rest.strip("/")) == bool(colon):
        return EngineChoice(kind=EngineKind.RAY, address=text if rest.startswith("//") else rest)
    raise InputError(f"{text[:80]!r} is not an engine", hint="one of: local, dvc, ray, ray:auto, ray://HOST:PORT")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One commit as it crosses to another machine: its files as a git pack, without its history."""

    commit: CommitSha
    pack: bytes


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A stage that another machine runs in a clone of the commit.

    `root` is DVC's root from the repository's top. `locks` holds entries of lock files (path from DVC's root, name,
    entry) and `files` contents (path from DVC's root) that are newer than the commit.
    """

    stage: StageName
    root: str
    locks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ErrandEnd:
    """How an errand ended, and the last part of its log, which would stay on the other machine."""

    end: CommandEnd
    log: bytes = b""
