"""What is chosen for a repository: given by options, answered by a person, or suggested by what was found."""

import json
import re
from dataclasses import dataclass

from mlops_kit.core.config import RegistryKind
from mlops_kit.core.config.names import check_branch_name, check_environment_name
from mlops_kit.core.errors import InputError
from mlops_kit.core.onboarding.survey import NO_EXTRA, Survey

HOSTED = '"ubuntu-latest"'
DEFAULT_PYTHON = "3.12"
EXTRAS = (NO_EXTRA, "s3", "gs", "azure")
_USUAL = (
    ("dev", ("dev", "develop", "development")),
    ("staging", ("staging", "stage")),
    ("production", ("production", "prod")),
)
_LABELS_HINT = """for example gpu, or '["self-hosted", "gpu"]'"""
_OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, kw_only=True)
class Followed:
    """An environment and the branch that it follows."""

    environment: str
    branch: str


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the files will say. `followed` is in the order of promotion; `runner` is JSON; `owner` may be empty."""

    followed: tuple[Followed, ...]
    runner: str = HOSTED
    setup: str = ""
    python: str = DEFAULT_PYTHON
    extra: str = NO_EXTRA
    registry: RegistryKind = RegistryKind.MLFLOW
    owner: str = ""


def suggest(survey: Survey) -> Choices:
    """The choices for what was found: three environments, on branches that are there where their names are usual."""
    remote = survey.remote
    return Choices(
        followed=tuple(
            Followed(environment=name, branch=next((one for one in usual if one in survey.branches), name))
            for name, usual in _USUAL
        ),
        setup=survey.setup,
        python=survey.python or DEFAULT_PYTHON,
        extra=remote.extra if remote else NO_EXTRA,
    )


def parse_followed(text: str) -> tuple[Followed, ...]:
    """`dev=main,production=release` in the order of promotion; a bare name is its own branch.

    InputError for a name that cannot be one, or that stands twice.
    """
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    found = tuple(Followed(environment=name, branch=branch or name) for name, _, branch in pairs)
    if not found:
        raise InputError(f"no environment is named in {text!r}", hint="for example: dev,staging,production=main")
    for one in found:
        _check_names(one)
    for what, names in (
        ("environment", [one.environment for one in found]),
        ("branch", [one.branch for one in found]),
    ):
        doubled = next((name for name in names if names.count(name) > 1), "")
        if doubled:
            raise InputError(f"{what} {doubled!r} stands twice in {text!r}")
    return found


def parse_runner(text: str) -> str:
    """The labels as JSON: JSON as it is, a word as one label, words with commas as several.

    JSON may also be a group of runners, as `runs-on:` takes it. InputError for anything else.
    """
    words = text.strip()
    try:
        named = json.loads(words) if words[:1] in {"[", '"', "{"} else [part.strip() for part in words.split(",")]
    except ValueError as error:
        raise InputError(f"runner {text!r} is not JSON: {error}", hint=_LABELS_HINT) from error
    labels = [*named.values()] if isinstance(named, dict) and named.keys() <= {"group", "labels"} else named
    flat = [one for label in _listed(labels) for one in _listed(label)]
    if not flat or not all(isinstance(label, str) and label and label.isprintable() for label in flat):
        raise InputError(f"runner {text!r} names no labels", hint=_LABELS_HINT)
    return json.dumps(named[0] if isinstance(named, list) and len(named) == 1 else named)


def parse_owner(text: str) -> str:
    """Who owns the policy's files, as CODEOWNERS names people; InputError for anything else."""
    owner = text.strip()
    if owner and not _OWNER.fullmatch(owner):
        raise InputError(f"owner {text!r} is neither @name, @organisation/team nor an address", hint="--owner @acme/ml")
    return owner


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _check_names(followed: Followed) -> None:
    try:
        check_environment_name(followed.environment)
        check_branch_name(followed.branch)
    except ValueError as error:
        raise InputError(
            f"environment {followed.environment!r} on branch {followed.branch!r}: {error}", hint="production=main"
        ) from error
