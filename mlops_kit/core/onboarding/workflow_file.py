"""The text of `.github/workflows/mlops.yml`: one file, at most thirty lines, that calls the kit's three workflows."""

import re
from collections.abc import Iterator, Mapping

from mlops_kit.core.config import RegistryKind
from mlops_kit.core.onboarding.choices import HOSTED, Choices, Followed
from mlops_kit.core.onboarding.grants import GRANTS, REASONS
from mlops_kit.core.onboarding.pin import Pin
from mlops_kit.core.onboarding.survey import Survey
from mlops_kit.core.onboarding.yaml_words import flow_list, quoted, word

REPOSITORY = "mlops-kit/mlops-kit"
SCHEMA = "https://json.schemastore.org/github-workflow.json"
_PATTERN_SIGNS = re.compile(r"([+!\]])")
_REGISTRY_SECRETS = ("MLFLOW_TRACKING_URI",)
_REMOTE_SECRETS: Mapping[str, tuple[str, ...]] = {"s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
_READ_ONLY = "READ_ONLY_"
_EVENTS: Mapping[str, tuple[str, ...]] = {
    "review": ("pull_request", "merge_group"),
    "promote": ("push",),
    "reconcile": ("schedule", "workflow_dispatch"),
}


def workflow_text(survey: Survey, choices: Choices, pin: Pin, *, minute: int) -> str:
    """The file's text; `minute` is when in the hour the schedule runs, so that not all repositories ask at once."""
    where = {"working-directory": quoted(survey.root)} if survey.root else {}
    extra = {"extras": choices.extra} if choices.extra else {}
    environment = {"environment": quoted(_environment(choices.followed))}
    lines = [
        *_head(choices, minute),
        *_job("review", pin, _review_inputs(survey, choices) | extra | where, review_secrets(choices)),
        *_job("promote", pin, environment | extra | where, needed_secrets(choices)),
        *_job("reconcile", pin, extra | where, needed_secrets(choices)),
    ]
    return "\n".join([*lines, ""])


def needed_secrets(choices: Choices) -> tuple[str, ...]:
    """The secrets that promotion reads where nothing else gives it access."""
    registry = _REGISTRY_SECRETS if choices.registry is RegistryKind.MLFLOW else ()
    return (*registry, *_REMOTE_SECRETS.get(choices.extra, ()))


def review_secrets(choices: Choices) -> tuple[str, ...]:
    """The secrets of a review: what keeps the lock's outputs, and what a pull request's code may read data with."""
    remote = _REMOTE_SECRETS.get(choices.extra, ())
    return (*remote, *(f"{_READ_ONLY}{secret}" for secret in remote))


def _head(choices: Choices, minute: int) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA}"
    yield "name: mlops"
    yield "on:"
    yield "  pull_request: {types: [opened, synchronize, reopened, closed]}"
    yield "  merge_group:"
    yield f"  push: {{branches: {flow_list(_pattern(one.branch) for one in choices.followed)}}}"
    yield f'  schedule: [{{cron: "{minute} * * * *"}}]'
    yield "  workflow_dispatch:"
    yield "permissions: {}"
    yield "jobs:"


def _job(name: str, pin: Pin, inputs: Mapping[str, str], secrets: tuple[str, ...]) -> Iterator[str]:
    events = " || ".join(f"github.event_name == '{event}'" for event in _EVENTS[name])
    yield f"  {name}:"
    yield f"    if: {events}"
    yield f"    uses: {REPOSITORY}/.github/workflows/{name}.yml@{pin.commit} # {pin.tag or 'no release'}"
    yield f"    permissions: {_flow(GRANTS[name])} # {REASONS[name]}"
    if inputs:
        yield f"    with: {_flow(inputs)}"
    if secrets:
        yield f"    secrets: {_flow({secret: quoted(f'${{{{ secrets.{secret} }}}}') for secret in secrets})}"


def _review_inputs(survey: Survey, choices: Choices) -> dict[str, str]:
    """What differs from the workflow's own defaults; data that is in no commit comes from the remote."""
    given = {
        "runner": _literal(choices.runner) if choices.runner != HOSTED else "",
        "setup": _literal(choices.setup) if choices.setup else "",
        "python": quoted(choices.python) if choices.python else "",
        "arguments": "--pull" if survey.remote else "",
    }
    return {name: value for name, value in given.items() if value}


def _environment(followed: tuple[Followed, ...]) -> str:
    """The expression for the environment of the branch that was pushed to."""
    others = [one for one in followed if one.environment != one.branch]
    cases = [f"github.ref_name == {_text(one.branch)} && {_text(one.environment)} || " for one in others]
    return f"${{{{ {''.join(cases)}github.ref_name }}}}"


def _text(text: str) -> str:
    """The text as an expression has it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _literal(text: str) -> str:
    """A value that no part of is an expression, whatever it holds."""
    return quoted(text.replace("${{", "${{ '${{' }}"))


def _pattern(branch: str) -> str:
    """The branch as a filter pattern that means it alone."""
    return _PATTERN_SIGNS.sub(r"\\\1", branch)


def _flow(pairs: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{word(key)}: {value}' for key, value in pairs.items())}}}"
