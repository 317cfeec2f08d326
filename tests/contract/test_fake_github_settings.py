"""The fake GitHub's settings answer what GitHub's own schema says."""

from collections.abc import Iterator

import pytest
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from tests.contract.test_fake_github import PERSON, call
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import WRITE_ALL, Account
from tests.fakes.github_settings import SEES_ALL

HOME = "/repos/acme/churn"
ANSWERS = [
    ("/branches/main", models.BranchWithProtection),
    ("/branches/release%2F1", models.BranchWithProtection),
    ("/rules/branches/main", models.RepositoryRuleDetailedOneof0),
    ("/rulesets", models.RepositoryRuleset),
    ("/rulesets/1", models.RepositoryRuleset),
    ("/environments", models.ReposOwnerRepoEnvironmentsGetResponse200),
    ("/environments/production/secrets", models.ReposOwnerRepoEnvironmentsEnvironmentNameSecretsGetResponse200),
    ("/actions/permissions/workflow", models.ActionsGetDefaultWorkflowPermissions),
    ("/actions/runners", models.ReposOwnerRepoActionsRunnersGetResponse200),
    ("/actions/secrets", models.ReposOwnerRepoActionsSecretsGetResponse200),
    ("/actions/organization-secrets", models.ReposOwnerRepoActionsOrganizationSecretsGetResponse200),
    ("/actions/workflows/mlops.yml", models.Workflow),
    ("/actions/workflows/mlops.yml/runs", models.ReposOwnerRepoActionsWorkflowsWorkflowIdRunsGetResponse200),
]


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts = {PERSON: Account(login="ada", is_app=False, permissions=WRITE_ALL | SEES_ALL)}
    found = fake.settings
    found.branches = {"main", "release/1"}
    found.protected["release/1"] = ["mlops-kit"]
    found.rules["main"] = [{"type": "creation"}]
    found.tag_patterns = ["refs/tags/mlops/**"]
    found.environments["production"] = {"reviewers": ["ada"], "prevent_self_review": True, "limited": True}
    found.runners = [{"name": "gpu-1", "status": "online", "labels": ["self-hosted", "gpu"], "ephemeral": False}]
    found.secrets = {"A"}
    found.schedules["mlops.yml"] = "2026-01-02T03:04:05Z"
    with fake.serve():
        yield fake


@pytest.mark.parametrize(("path", "model"), ANSWERS, ids=lambda value: str(value)[:60])
def test_an_answer_fits_the_published_model(github: FakeGitHub, path: str, model: type[object]) -> None:
    status, text = call(github, "GET", f"{HOME}{path}")

    assert status == 200
    TypeAdapter(list[model] if text.startswith("[") else model).validate_json(text)  # type: ignore[valid-type]


@pytest.mark.parametrize("path", [path for path, _ in ANSWERS if "/actions/" in path or "environments" in path])
def test_who_may_not_see_a_setting_is_refused(github: FakeGitHub, path: str) -> None:
    github.accounts[PERSON] = Account(login="ada", permissions=frozenset())

    assert call(github, "GET", f"{HOME}{path}")[0] == 403
