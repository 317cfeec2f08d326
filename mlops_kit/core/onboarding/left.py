"""What a person still has to do after the files are written: each step with the command or the page for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_kit.core.onboarding.choices import Choices
from mlops_kit.core.onboarding.files import PlannedFile
from mlops_kit.core.onboarding.survey import Survey
from mlops_kit.core.onboarding.workflow_file import needed_secrets, review_secrets

_BY_IDENTITY = frozenset({"gs", "azure"})
"""Remotes that no stored key is handed on for."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do; `commands` are for a shell, and may be none."""

    text: str
    commands: tuple[str, ...] = ()


def steps_left(survey: Survey, choices: Choices, planned: Sequence[PlannedFile]) -> tuple[Step, ...]:
    """The steps, in the order to take them."""
    return (
        *_commit(planned),
        *_branches(survey, choices),
        *_access(survey, choices),
        *_guards(choices),
        Step(text="See what is still missing:", commands=("mlops-kit doctor --remote",)),
    )


def _commit(planned: Sequence[PlannedFile]) -> Iterator[Step]:
    if paths := [file.path for file in planned if file.is_written]:
        yield Step(
            text="Commit the files on a branch and open a pull request; the first report is its comment.",
            commands=(f"git add {' '.join(paths)}", 'git commit -m "Add mlops-kit"'),
        )


def _branches(survey: Survey, choices: Choices) -> Iterator[Step]:
    """A branch that is missing begins where the default branch is: what was merged is what runs first."""
    missing = [one.branch for one in choices.followed if one.branch not in survey.branches]
    if missing:
        yield Step(
            text="After the merge create what environments follow; where a branch points to is promoted first.",
            commands=("git fetch origin", *(_push(survey.default_branch, branch) for branch in missing)),
        )


def _push(source: str, branch: str) -> str:
    return f"git push origin {_shell(f'origin/{source}:refs/heads/{branch}')}"


def _access(survey: Survey, choices: Choices) -> Iterator[Step]:
    if secrets := needed_secrets(choices):
        yield Step(
            text="Give promotion its access, as secrets (or without any, by OpenID Connect: docs/cloud.md).",
            commands=tuple(f"gh secret set {secret}" for secret in secrets),
        )
    if readers := [secret for secret in review_secrets(choices) if secret not in needed_secrets(choices)]:
        yield Step(
            text="Where the runner's machine cannot read the DVC remote, give reviews a key that may only read: a pull "
            "request's code can use it.",
            commands=tuple(f"gh secret set {secret}" for secret in readers),
        )
    if choices.extra in _BY_IDENTITY:
        yield Step(
            text=f"Promotion reaches {choices.extra}:// by the run's own identity: call promote-cloud.yml in the place "
            "of promote.yml and reconcile.yml (docs/cloud.md).",
        )
    remote = survey.remote
    if remote is None:
        yield Step(text="Name a default DVC remote: runners fetch data from it and models are promoted from it.",
                   commands=("dvc remote add --default storage s3://BUCKET/PREFIX",))  # fmt: skip
    elif not remote.scheme:
        yield Step(text=f"The DVC remote {remote.name!r} is a folder: only runners on that machine reach it.")
    elif not remote.is_supported:
        yield Step(
            text=f"The kit's lock has nothing that reaches {remote.scheme}:// remotes: use s3, gs, azure, ssh or http."
        )
    if len(survey.roots) > 1:
        others = ", ".join(root or "." for root in survey.roots if root != survey.root)
        yield Step(
            text=f"Other pipelines lie in {others}: give each a review job of its own, with working-directory and "
            "report-id."
        )


def _guards(choices: Choices) -> Iterator[Step]:
    last = choices.followed[-1]
    branches = ", ".join(one.branch for one in choices.followed)
    yield Step(
        text=f"Protect {branches} and the tags mlops/** by rulesets (Settings, Rules): require pull requests and the "
        "check mlops-kit, forbid force pushes."
    )
    yield Step(
        text=f"Let people approve what enters {last.environment}: Settings, Environments, {last.environment}, "
        "required reviewers."
    )


def _shell(text: str) -> str:
    """The text as one word of a shell."""
    plain = all(sign.isalnum() or sign in "_./:@+-" for sign in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"
