"""The fake GitHub's settings of a repository: rules, environments, runners, names of secrets, schedules. Read only."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.fakes import github_shapes as shapes
from tests.fakes.github_shapes import TIME, Json

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Answer, Call

ADMINISTRATION, ACTIONS, SECRETS = "administration: read", "actions: read", "secrets: read"
SEES_ALL = frozenset({ADMINISTRATION, ACTIONS, SECRETS})


@dataclass(kw_only=True)
class RepositorySettings:
    """What a person set up. `rules` are rulesets' rules by branch, `protected` the checks of classic protection.

    `environments` name their reviewers, `runners` their labels, `schedules` the time of each file's last run.
    """

    public: bool = True
    scopes: str | None = None
    branches: set[str] = field(default_factory=set)
    rules: dict[str, list[Json]] = field(default_factory=dict)
    protected: dict[str, list[str]] = field(default_factory=dict)
    tag_patterns: list[str] = field(default_factory=list)
    environments: dict[str, Json] = field(default_factory=dict)
    runners: list[Json] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    environment_secrets: dict[str, set[str]] = field(default_factory=dict)
    default_permissions: str = "read"
    opens_pull_requests: bool = True
    schedules: dict[str, str] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)


def _read_branch(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    settings, name = call.github.settings, unquote(found["name"])
    if name not in settings.branches:
        raise call.refusal(404, "Branch not found")
    checks = settings.protected.get(name)
    protection: Json = {"enabled": checks is not None}
    if checks is not None:
        protection["required_status_checks"] = {"enforcement_level": "everyone", "contexts": checks, "checks": []}
    return call.reply(200, {
        "name": name,
        "commit": _commit(call),
        "_links": {"html": "https://github.test", "self": "https://github.test"},
        "protected": checks is not None or bool(settings.rules.get(name)),
        "protection": protection,
        "protection_url": "https://github.test",
    })  # fmt: skip


def _list_rules(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    there = call.github.settings.rules.get(unquote(found["name"]), [])
    return call.page(there, lambda _url, _repository, rule: {"ruleset_id": 1, "ruleset_source": "acme", **rule})


def _list_rulesets(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    patterns = call.github.settings.tag_patterns
    return call.page([_ruleset(patterns)] if patterns else [], lambda _url, _repository, one: one)


def _read_ruleset(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    return call.reply(200, _ruleset(call.github.settings.tag_patterns))


def _list_environments(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    call.require(ACTIONS)
    there = [_environment(call, name, one) for name, one in sorted(call.github.settings.environments.items())]
    return call.reply(200, {"total_count": len(there), "environments": there})


def _read_rights(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    call.require(ADMINISTRATION)
    settings = call.github.settings
    return call.reply(200, {
        "default_workflow_permissions": settings.default_permissions,
        "can_approve_pull_request_reviews": settings.opens_pull_requests,
    })  # fmt: skip


def _list_runners(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    call.require(ADMINISTRATION)
    there = [
        {"id": number, "os": "linux", "busy": False, **one, "labels": [{"name": name} for name in _list(one["labels"])]}
        for number, one in enumerate(call.github.settings.runners, 1)
    ]
    return call.reply(200, {"total_count": len(there), "runners": there})


def _list_secrets(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    call.require(SECRETS)
    settings = call.github.settings
    environment = found.groupdict().get("environment")
    if environment is not None and unquote(environment) not in settings.environments:
        raise call.refusal(404, "Not Found")
    names = settings.environment_secrets.get(unquote(environment), set()) if environment else settings.secrets
    there = [{"name": name, "created_at": TIME, "updated_at": TIME} for name in sorted(names)]
    return call.reply(200, {"total_count": len(there), "secrets": there})


def _list_shared_secrets(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    call.require(SECRETS)
    return call.reply(200, {"total_count": 0, "secrets": []})


def _read_workflow(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    call.require(ACTIONS)
    settings, file = call.github.settings, found["file"]
    if file not in settings.schedules:
        raise call.refusal(404, "Not Found")
    links = {f"{name}url": "https://github.test" for name in ("", "html_", "badge_")}
    state = "disabled_inactivity" if file in settings.disabled else "active"
    path = f".github/workflows/{file}"
    return call.reply(200, {
        "id": 1, "node_id": "W", "name": "mlops", "path": path, "state": state, "created_at": TIME, "updated_at": TIME,
        **links,
    })  # fmt: skip


def list_scheduled_runs(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    """The last run by the schedule of a file, where there was one."""
    call.require(ACTIONS)
    last = call.github.settings.schedules.get(found["file"], "")
    runs = [show_run(call, last)] if last else []
    return call.reply(200, {"total_count": len(runs), "workflow_runs": runs})


def _environment(call: "Call", name: str, one: Json) -> Json:
    """An Environment with its rules."""
    rules: list[Json] = [{"id": 1, "node_id": "R", "type": "branch_policy"}] if one.get("limited") else []
    if reviewers := _list(one.get("reviewers", [])):
        people = [{"type": "User", "reviewer": shapes.user(call.github.url, str(login))} for login in reviewers]
        kept = bool(one.get("prevent_self_review"))
        rules.append({
            "id": 2, "node_id": "R", "type": "required_reviewers", "prevent_self_review": kept, "reviewers": people,
        })  # fmt: skip
    policy = {"protected_branches": True, "custom_branch_policies": False} if one.get("limited") else None
    return {
        "id": 1, "node_id": "E", "name": name, "url": "https://github.test", "html_url": "https://github.test",
        "created_at": TIME, "updated_at": TIME, "protection_rules": rules, "deployment_branch_policy": policy,
    }  # fmt: skip


def _ruleset(patterns: list[str]) -> Json:
    return {
        "id": 1, "name": "log", "source": "acme/churn", "target": "tag", "enforcement": "active",
        "conditions": {"ref_name": {"include": patterns, "exclude": []}}, "rules": [{"type": "deletion"}],
    }  # fmt: skip


def _commit(call: "Call") -> Json:
    person = {"name": "Ada", "email": "ada@example.com", "date": TIME}
    about = {
        "url": "https://github.test", "author": person, "committer": person, "message": "m", "comment_count": 0,
        "tree": {"sha": "a" * 40, "url": "https://github.test"},
    }  # fmt: skip
    author = shapes.user(call.github.url, "ada")
    links = {f"{name}url": "https://github.test" for name in ("", "html_", "comments_")}
    return {
        "sha": "a" * 40,
        "node_id": "C",
        "commit": about,
        "author": author,
        "committer": author,
        "parents": [],
        **links,
    }


def show_run(call: "Call", moment: str) -> Json:
    """A WorkflowRun."""
    repository = shapes.repository(call.github.url, call.github.repository)
    names = ("", "html_", "jobs_", "logs_", "check_suite_", "artifacts_", "cancel_", "rerun_", "workflow_")
    return {
        "id": 1, "node_id": "R", "head_branch": "main", "head_sha": "a" * 40, "path": ".github/workflows/mlops.yml",
        "run_number": 1, "event": "schedule", "status": "completed", "conclusion": "success", "workflow_id": 1,
        "pull_requests": [], "created_at": moment, "updated_at": moment, "head_commit": None, "repository": repository,
        "head_repository": repository, "display_title": "mlops",
        **{f"{name}url": "https://github.test" for name in names},
    }  # fmt: skip


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


SETTINGS_ROUTES = (
    ("GET", r"/branches/(?P<name>[^/]+)", _read_branch),
    ("GET", r"/rules/branches/(?P<name>[^/]+)", _list_rules),
    ("GET", r"/rulesets", _list_rulesets),
    ("GET", r"/rulesets/1", _read_ruleset),
    ("GET", r"/environments", _list_environments),
    ("GET", r"/environments/(?P<environment>[^/]+)/secrets", _list_secrets),
    ("GET", r"/actions/permissions/workflow", _read_rights),
    ("GET", r"/actions/runners", _list_runners),
    ("GET", r"/actions/secrets", _list_secrets),
    ("GET", r"/actions/organization-secrets", _list_shared_secrets),
    ("GET", r"/actions/workflows/(?P<file>[^/]+)", _read_workflow),
    ("GET", r"/actions/workflows/(?P<file>[^/]+)/runs", list_scheduled_runs),
)
