"""The Settings port over GitHub's API: reads only, each call with the permission that it needs."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

from mlops_kit.adapters.github.pages import document_of, read_pages
from mlops_kit.adapters.github.session import open_transport
from mlops_kit.adapters.github.transport import Patience, Request, Transport
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.review.event import Field
from mlops_kit.core.settings import BranchRules, GuardedEnvironment, OwnRunner, ScheduledWorkflow, WorkflowRights

Result = TypeVar("Result")
PATIENCE = Patience(timeout=15, answer=30.0, tries=3, deadline=90.0)
_ADMINISTRATION, _ACTIONS, _SECRETS = "administration: read", "actions: read", "secrets: read"


def connect_settings(repository: str, *, api_url: str, token: str) -> "GitHubSettings":
    """The settings of `owner/name`; what cannot be one is told at the first call."""
    return GitHubSettings(
        repository, lambda: open_transport(repository, api_url=api_url, token=token, patience=PATIENCE)
    )


class GitHubSettings:
    """One repository's settings; the session is opened at the first call."""

    def __init__(self, repository: str, connect: Callable[[], Transport]) -> None:
        self._home = f"/repos/{repository}"
        self._connect = connect

    @cached_property
    def _transport(self) -> Transport:
        return self._connect()

    def is_public(self) -> bool:
        """Whether everybody can see the repository."""
        return self._read("", "metadata: read", lambda found: found.at("private").value is False)

    def read_scopes(self) -> frozenset[str] | None:
        """What GitHub says of a classic token with every answer (`X-OAuth-Scopes`)."""
        told = self._transport.send(
            self._request("", "metadata: read"), lambda reply: reply.headers.get("x-oauth-scopes")
        )
        return None if told is None else frozenset(scope.strip() for scope in told.split(",") if scope.strip())

    def read_branch(self, branch: str) -> BranchRules:
        """Rulesets and classic protection together: the stricter of both holds."""
        name = quote(branch, safe="")
        try:
            classic = self._read(f"/branches/{name}", "contents: read", _read_protection)
        except ConflictError:
            return BranchRules(exists=False)
        request = self._request(f"/rules/branches/{name}", "metadata: read")
        rules = read_pages(self._transport, request, lambda entry: entry)
        kinds = {str(rule.at("type").value) for rule in rules}
        return BranchRules(
            exists=True,
            requires_pull_request="pull_request" in kinds or classic.requires_pull_request,
            checks=classic.checks | {check for rule in rules for check in _required_checks(rule)},
            forbids_force_push="non_fast_forward" in kinds or classic.forbids_force_push,
            forbids_deletion="deletion" in kinds or classic.forbids_deletion,
        )

    def list_tag_patterns(self) -> tuple[str, ...]:
        """The patterns that active rulesets for tags include."""
        request = self._request("/rulesets", "metadata: read")
        rulesets = read_pages(self._transport, request, lambda entry: entry)
        numbers = [
            one.at("id").positive_number()
            for one in rulesets
            if (one.at("target").value, one.at("enforcement").value) == ("tag", "active")
        ]
        return tuple(
            pattern for number in numbers for pattern in self._read(f"/rulesets/{number}", "metadata: read", _included)
        )

    def list_environments(self) -> tuple[GuardedEnvironment, ...]:
        """The environments with their rules."""
        return self._list("/environments", _ACTIONS, "environments", _environment)

    def read_workflow_rights(self) -> WorkflowRights:
        """What `GITHUB_TOKEN` may do where a workflow says nothing."""
        return self._read(
            "/actions/permissions/workflow",
            _ADMINISTRATION,
            lambda found: WorkflowRights(
                writes_by_default=found.at("default_workflow_permissions").text() == "write",
                opens_pull_requests=found.at("can_approve_pull_request_reviews").value is True,
            ),
        )

    def list_runners(self) -> tuple[OwnRunner, ...]:
        """The repository's own runners; those of its organisation are not told here."""
        return self._list("/actions/runners", _ADMINISTRATION, "runners", _runner)

    def list_secret_names(self) -> frozenset[str]:
        """The names of the repository's secrets and of those that its organisation shares with it."""
        own = self._list("/actions/secrets", _SECRETS, "secrets", _name)
        return frozenset((*own, *self._list("/actions/organization-secrets", _SECRETS, "secrets", _name)))

    def list_environment_secret_names(self, environment: str) -> frozenset[str]:
        """The names of an environment's secrets; none where there is no such environment."""
        try:
            path = f"/environments/{quote(environment, safe='')}/secrets"
            return frozenset(self._list(path, _SECRETS, "secrets", _name))
        except ConflictError:
            return frozenset()

    def read_schedule(self, file: str) -> ScheduledWorkflow:
        """Whether GitHub runs the file's schedule, and when it did last."""
        path = f"/actions/workflows/{quote(file, safe='')}"
        state = self._read(path, _ACTIONS, lambda found: found.at("state").text())
        request = self._request(f"{path}/runs", _ACTIONS, event="schedule", per_page="1")
        last = self._transport.send(request, lambda reply: _last_run(document_of(reply, request)))
        return ScheduledWorkflow(file=file, is_active=state == "active", last=last)

    def _read(self, path: str, permission: str, read: Callable[[Field], Result]) -> Result:
        request = self._request(path, permission)
        return self._transport.send(request, lambda reply: read(document_of(reply, request)))

    def _list(self, path: str, permission: str, key: str, read: Callable[[Field], Result]) -> tuple[Result, ...]:
        """The entries of a list that stands under a key; its first hundred."""
        request = self._request(path, permission, per_page="100")
        return self._transport.send(
            request, lambda reply: tuple(read(entry) for entry in document_of(reply, request).at(key).entries())
        )

    def _request(self, path: str, permission: str, **query: str) -> Request:
        return Request(verb="GET", path=f"{self._home}{path}", permission=permission, query=query)


def _read_protection(branch: Field) -> BranchRules:
    """What `protected` branches tell to everybody: the checks; the rest is the administration's."""
    protection = branch.at("protection")
    listed = protection.at("required_status_checks").at("contexts").value
    checks = frozenset(str(one) for one in listed) if isinstance(listed, list) else frozenset()
    guarded = branch.at("protected").value is True and protection.at("enabled").value is True
    return BranchRules(
        exists=True, checks=checks, forbids_force_push=guarded, forbids_deletion=guarded, requires_pull_request=False
    )


def _required_checks(rule: Field) -> Iterator[str]:
    if rule.at("type").value == "required_status_checks":
        for check in rule.at("parameters").at("required_status_checks").entries():
            yield check.at("context").text()


def _included(ruleset: Field) -> tuple[str, ...]:
    listed = ruleset.at("conditions").at("ref_name").at("include")
    return tuple(entry.text() for entry in listed.entries()) if listed.value is not None else ()


def _environment(entry: Field) -> GuardedEnvironment:
    listed = entry.at("protection_rules")
    found = listed.entries() if listed.value is not None else ()
    rules = [rule for rule in found if rule.at("type").value == "required_reviewers"]
    return GuardedEnvironment(
        name=entry.at("name").text(),
        has_reviewers=any(rule.at("reviewers").entries() for rule in rules),
        prevents_self_review=any(rule.at("prevent_self_review").value is True for rule in rules),
        limits_branches=isinstance(entry.at("deployment_branch_policy").value, dict),
    )


def _runner(entry: Field) -> OwnRunner:
    ephemeral = entry.at("ephemeral").value
    return OwnRunner(
        name=entry.at("name").text(),
        labels=frozenset(label.at("name").text() for label in entry.at("labels").entries()),
        online=entry.at("status").value == "online",
        ephemeral=ephemeral if isinstance(ephemeral, bool) else None,
    )


def _name(entry: Field) -> str:
    return entry.at("name").text()


def _last_run(document: Field) -> datetime | None:
    runs = document.at("workflow_runs").entries()
    if not runs:
        return None
    told = runs[0].at("created_at")
    try:
        return datetime.fromisoformat(told.text())
    except ValueError as error:
        raise told.error("expected a time") from error
