"""One finding of the doctor, and all of them as a document."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

SCHEMA_VERSION = 1


class Condition(StrEnum):
    """How it stands with what was looked at, the gravest first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WARN = "warn"
    OK = "ok"


class Part(StrEnum):
    """What a finding is about."""

    MACHINE = "machine"
    RUNNER = "runner"
    REPOSITORY = "repository"
    WORKFLOWS = "workflows"
    REMOTE = "dvc remote"
    REGISTRY = "registry"
    GITHUB = "github"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, how it stands, and what to do about it; `fix` is empty where there is nothing to do."""

    part: Part
    check: str
    condition: Condition
    message: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All findings, worst first. `healthy` is false where something failed."""

    schema_version: int = SCHEMA_VERSION
    healthy: bool
    findings: tuple[Finding, ...] = field(default=())


def diagnose(findings: Iterable[Finding]) -> Diagnosis:
    """The findings in the order in which a person should read them."""
    conditions, parts = list(Condition), list(Part)
    ordered = sorted(findings, key=lambda one: (conditions.index(one.condition), parts.index(one.part), one.check))
    return Diagnosis(healthy=all(one.condition is not Condition.FAIL for one in ordered), findings=tuple(ordered))
