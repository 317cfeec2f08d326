"""What init says is left to do: only what is, each with a command that a shell can take as it stands."""

import shlex
from dataclasses import replace

import pytest

from mlops_kit.core.config import RegistryKind
from mlops_kit.core.onboarding.choices import Choices, parse_followed, suggest
from mlops_kit.core.onboarding.files import plan_files
from mlops_kit.core.onboarding.left import steps_left
from mlops_kit.core.onboarding.survey import Remote, Survey
from tests.unit.onboarding.test_files import PIN, SURVEY


def told(survey: Survey = SURVEY, choices: Choices | None = None) -> tuple[str, list[str]]:
    """All texts, and all commands."""
    chosen = choices or suggest(survey)
    steps = steps_left(survey, chosen, plan_files(survey, chosen, PIN, {}))
    return " ".join(step.text for step in steps), [command for step in steps for command in step.commands]


def test_files_that_were_written_are_to_be_committed_and_nothing_where_none_was() -> None:
    assert "git add mlops.yaml .github/workflows/mlops.yml" in told()[1]
    assert not any(
        command.startswith("git add") for step in steps_left(SURVEY, suggest(SURVEY), ()) for command in step.commands
    )


def test_only_branches_that_lack_are_created() -> None:
    _, commands = told(replace(SURVEY, branches=("dev", "main"), default_branch="main"))
    assert [command for command in commands if "refs/heads" in command] == [
        "git push origin origin/main:refs/heads/staging",
        "git push origin origin/main:refs/heads/production",
    ]
    complete = replace(SURVEY, branches=("dev", "staging", "production"))
    assert not [command for command in told(complete)[1] if "refs/heads" in command]


def test_a_branch_is_one_word_of_the_command_whatever_it_is_called() -> None:
    name = "x;touch${IFS}'PWNED'"
    choices = replace(suggest(SURVEY), followed=parse_followed(f"live={name}"))
    (command,) = [one for one in told(choices=choices)[1] if "refs/heads" in one]
    assert shlex.split(command)[-1] == f"origin/main:refs/heads/{name}"


@pytest.mark.parametrize(
    ("scheme", "extra", "secrets", "text"),
    [
        ("s3", "s3", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], ""),
        ("gs", "gs", [], "promote-cloud.yml"),
        ("azure", "azure", [], "promote-cloud.yml"),
        ("", "", [], "is a folder"),
        ("gdrive", "", [], "nothing that reaches gdrive://"),
        ("ssh", "", [], ""),
    ],
)
def test_each_remote_asks_for_what_it_needs(scheme: str, extra: str, secrets: list[str], text: str) -> None:
    survey = replace(SURVEY, remotes=(Remote(name="r", scheme=scheme, is_default=True),))
    assert suggest(survey).extra == extra
    texts, commands = told(survey, replace(suggest(survey), registry=RegistryKind.NONE))
    asked = [command.split()[-1] for command in commands if command.startswith("gh secret set")]
    assert asked == [*secrets, *(f"READ_ONLY_{name}" for name in secrets)]
    assert text in texts
    assert ("promote-cloud.yml" in texts) is (text == "promote-cloud.yml")


def test_without_a_remote_the_command_for_one_is_told() -> None:
    assert "dvc remote add --default storage s3://BUCKET/PREFIX" in told(replace(SURVEY, remotes=()))[1]


def test_other_pipelines_are_named() -> None:
    assert "Other pipelines lie in vision" in told(replace(SURVEY, roots=("", "vision")))[0]
