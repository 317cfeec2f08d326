"""Judges a repository's settings on the forge: rules of branches and tags, environments, runners, secrets, schedule."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from mlops_kit.core.doctor.finding import Condition, Finding, Part
from mlops_kit.core.settings import BranchRules, GuardedEnvironment, OwnRunner, ScheduledWorkflow, WorkflowRights
from mlops_kit.core.types import EnvironmentName

CHECK = "mlops-kit"
LOG_PATTERNS = frozenset({"refs/tags/mlops/**", "refs/tags/mlops/**/*", "~ALL", "refs/tags/**"})
_MIGHTY = ("admin:", "delete_repo", "delete:", "site_admin", "write:org", "codespace", "user")
STALE = timedelta(hours=26)
"""A schedule of a day at most should have run within this."""


def judge_branch(environment: EnvironmentName, branch: str, rules: BranchRules) -> Iterator[Finding]:
    """Whether what promotes is guarded as strictly as a promotion wants."""
    what = f"branch {branch} ({environment})"
    if not rules.exists:
        yield _finding(what, Condition.WARN, "does not exist yet", fix=f"git push origin HEAD:refs/heads/{branch}")
        return
    lacking = [
        text
        for missing, text in (
            (not rules.requires_pull_request, "require a pull request"),
            (
                not any(check == CHECK or check.startswith(f"{CHECK}/") for check in rules.checks),
                f"require the check {CHECK}",
            ),
            (not rules.forbids_force_push, "forbid force pushes"),
            (not rules.forbids_deletion, "forbid deletion"),
        )
        if missing
    ]
    if lacking:
        yield _finding(
            what, Condition.FAIL, "whoever may push to it may promote",
            fix=f"a ruleset (Settings, Rules) for it should {', '.join(lacking)}",
        )  # fmt: skip
    else:
        yield _finding(what, Condition.OK, "guarded: pull request, check, no force push, no deletion")


def judge_scopes(scopes: frozenset[str] | None) -> Iterator[Finding]:
    """Whether a classic token can do what the kit does, and little else; other tokens do not tell what they may."""
    if scopes is None:
        return
    if not scopes & {"repo", "public_repo"}:
        yield _finding("token", Condition.FAIL, "it may not write to repositories", fix="give it the scope repo")
    elif excess := sorted(scope for scope in scopes if scope.startswith(_MIGHTY)):
        yield _finding(
            "token", Condition.WARN, f"it may do more than the kit ever needs: {', '.join(excess)}",
            fix="a fine-grained token for this repository alone, or an app's",
        )  # fmt: skip
    else:
        yield _finding("token", Condition.OK, "its scopes are enough, and no more")


def judge_log_rules(patterns: Collection[str]) -> Finding:
    """Whether a ruleset keeps people from the log's tags."""
    if LOG_PATTERNS & set(patterns):
        return _finding("tags mlops/**", Condition.OK, "a ruleset guards the log")
    return _finding(
        "tags mlops/**", Condition.WARN, "nothing guards the log: a tag can be deleted or moved by whoever may push",
        fix="a tag ruleset for mlops/** that restricts updates and deletions, and lets the workflow's app create",
    )  # fmt: skip


def judge_environments(wanted: Iterable[EnvironmentName], found: Iterable[GuardedEnvironment]) -> Iterator[Finding]:
    """Whether each environment of the policy is one of the forge's; the last one should have reviewers."""
    names = list(wanted)
    known = {one.name: one for one in found}
    for name in names:
        one = known.get(name)
        what = f"environment {name}"
        if one is None:
            yield _finding(
                what, Condition.WARN, "GitHub has none of this name: the first promotion makes one without any rule",
                fix=f"create it (Settings, Environments), limited to its branch; keep {name}'s secrets there",
            )  # fmt: skip
        elif name == names[-1] and not one.has_reviewers:
            yield _finding(
                what, Condition.WARN, "nobody has to approve what enters it",
                fix="Settings, Environments, required reviewers, and prevent self-review",
            )  # fmt: skip
        elif one.has_reviewers and not one.prevents_self_review:
            yield _finding(what, Condition.WARN, "who started a run may approve it", fix="prevent self-review")
        elif not one.limits_branches:
            yield _finding(
                what, Condition.WARN, "a workflow on any branch may use it and its secrets",
                fix="Settings, Environments, deployment branches: selected branches only",
            )  # fmt: skip
        else:
            yield _finding(what, Condition.OK, "guarded")


def judge_rights(rights: WorkflowRights) -> Iterator[Finding]:
    """What workflows may do that say nothing themselves."""
    if rights.writes_by_default:
        yield _finding(
            "workflow permissions", Condition.WARN, "a workflow that says nothing may write",
            fix="Settings, Actions, General, Workflow permissions: read repository contents",
        )  # fmt: skip
    else:
        yield _finding("workflow permissions", Condition.OK, "read, where a workflow says nothing")
    if not rights.opens_pull_requests:
        yield _finding(
            "pull requests", Condition.WARN, "workflows may open none, so rollback only pushes a branch there",
            fix="Settings, Actions, General: allow GitHub Actions to create pull requests; or an app's token",
        )  # fmt: skip


def judge_runners(runners: Iterable[OwnRunner], wanted: Collection[str], *, public: bool) -> Iterator[Finding]:
    """Whether there is a runner for the labels, and whether strangers could reach one that lives on."""
    known = list(runners)
    lasting = sorted(one.name for one in known if one.ephemeral is False)
    if public and lasting:
        yield _finding(
            "runners", Condition.FAIL,
            f"the repository is public and {', '.join(lasting)} live on: a fork's code could stay on them",
            fix="register them with --ephemeral or just in time, and require approval for all outside contributors "
            "(docs/runners.md)",
        )  # fmt: skip
    if wanted:
        fitting = [one for one in known if set(wanted) <= one.labels]
        labels = ", ".join(sorted(wanted))
        if not fitting:
            yield _finding("labels", Condition.WARN, f"no runner of this repository has {labels}",
                           fix="an organisation's runner may; else register one (docs/runners.md)")  # fmt: skip
        elif not any(one.online for one in fitting):
            yield _finding("labels", Condition.WARN, f"every runner with {labels} is offline", fix="start one")
        else:
            yield _finding("labels", Condition.OK, f"a runner with {labels} is there")


def judge_secrets(wanted: Iterable[str], known: Collection[str]) -> Iterator[Finding]:
    """Whether each secret that a workflow hands on exists; only names are ever read."""
    lacking = sorted(set(wanted) - set(known))
    for name in lacking:
        yield _finding(
            f"secret {name}", Condition.WARN, "a workflow hands it on, and it is not set", fix=f"gh secret set {name}"
        )
    if not lacking:
        yield _finding("secrets", Condition.OK, "all that workflows hand on are set")


def judge_schedule(workflow: ScheduledWorkflow, now: datetime) -> Finding:
    """Whether what heals is alive: GitHub stops schedules of a repository where nothing happens for 60 days."""
    what = f"schedule {workflow.file}"
    if not workflow.is_active:
        return _finding(what, Condition.FAIL, "GitHub has disabled it", fix=f"gh workflow enable {workflow.file}")
    if workflow.last is None:
        return _finding(what, Condition.WARN, "it never ran", fix="it runs from the default branch: merge it there")
    age = now - workflow.last
    if age > STALE:
        return _finding(
            what, Condition.WARN, f"it ran last {age.days} days and {age.seconds // 3600} hours ago",
            fix=f"gh workflow run {workflow.file}; see whether its runs wait for a runner",
        )  # fmt: skip
    return _finding(what, Condition.OK, f"it ran last {age.seconds // 60 + age.days * 1440} minutes ago")


def _finding(check: str, condition: Condition, message: str, *, fix: str = "") -> Finding:
    return Finding(part=Part.GITHUB, check=check, condition=condition, message=message, fix=fix)
