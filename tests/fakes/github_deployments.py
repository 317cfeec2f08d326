"""The fake GitHub's deployments: the REST calls, and the one GraphQL query, which is executed by its schema."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import build_schema, graphql_sync

from tests.fakes import github_shapes as shapes

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Answer, Call

STATES = frozenset({"error", "failure", "inactive", "in_progress", "queued", "pending", "success"})
DESCRIPTION_LIMIT = 140
_SHA = re.compile("[0-9a-f]{40}")
_SCHEMA = build_schema("""
type Query { repository(owner: String!, name: String!): Repository }
type Repository {
  deployments(environments: [String!], orderBy: DeploymentOrder, first: Int, after: String): DeploymentConnection!
}
input DeploymentOrder { field: DeploymentOrderField!, direction: OrderDirection! }
enum DeploymentOrderField { CREATED_AT }
enum OrderDirection { ASC DESC }
type DeploymentConnection { nodes: [Deployment], pageInfo: PageInfo! }
type PageInfo { endCursor: String, hasNextPage: Boolean! }
scalar URI
type Deployment {
  databaseId: Int, task: String, payload: String, commitOid: String!, environment: String
  latestStatus: DeploymentStatus
}
type DeploymentStatus { state: DeploymentStatusState!, description: String, environmentUrl: URI, logUrl: URI }
enum DeploymentStatusState { ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING }
""")
"""The part of GitHub's public schema that the kit asks for."""


def query_deployments(call: "Call") -> dict[str, Any]:
    """The answer to a GraphQL query of deployments, errors among it as GitHub gives them."""
    if not {"deployments: read", "deployments: write"} & (call.account.permissions if call.account else frozenset()):
        error = {"type": "FORBIDDEN", "path": ["repository", "deployments"], "message": "Resource not accessible"}
        return {"data": {"repository": None}, "errors": [error]}
    sent = call.sent
    root = {"repository": lambda _info, **_names: {"deployments": _Connection(call).answer}}
    done = graphql_sync(_SCHEMA, sent["query"], root, variable_values=sent.get("variables"))
    return {"data": done.data, **({"errors": [{"message": one.message} for one in done.errors]} if done.errors else {})}


class _Connection:
    """The repository's deployments, a page at a time."""

    def __init__(self, call: "Call") -> None:
        self._github = call.github

    def answer(
        self,
        _info: object,
        *,
        first: int,
        environments: list[str] | None = None,
        after: str | None = None,
        orderBy: Mapping[str, str] | None = None,  # noqa: N803 - GitHub's name
    ) -> dict[str, Any]:
        """One page."""
        if not 1 <= first <= 100:
            raise ValueError("Requesting records on the `deployments` connection exceeds the `first` limit of 100.")
        down = (orderBy or {}).get("direction") == "DESC"
        found = [one for _, one in sorted(self._github.deployments.items(), reverse=down)]
        found = [one for one in found if environments is None or one["environment"] in environments]
        start = int(after) if after else 0
        page = found[start : start + first]
        more = start + first < len(found)
        return {
            "nodes": [self._node(one) for one in page],
            "pageInfo": {"hasNextPage": more, "endCursor": str(start + len(page)) if page else None},
        }

    def _node(self, one: dict[str, Any]) -> dict[str, Any]:
        statuses = _statuses_of(self._github.deployment_statuses, one["id"])
        last = statuses[0] if statuses else None
        return {
            "databaseId": one["id"],
            "task": one["task"],
            "payload": json.dumps(one["payload"]),
            "commitOid": one["ref"],
            "environment": one["environment"],
            "latestStatus": last
            and {
                "state": last["state"].upper(),
                "description": last["description"],
                "environmentUrl": last["environment_url"] or None,
                "logUrl": last["log_url"] or None,
            },
        }


def _statuses_of(statuses: Mapping[int, dict[str, Any]], deployment: int) -> list[dict[str, Any]]:
    """The newest first."""
    return [one for _, one in sorted(statuses.items(), reverse=True) if one["deployment"] == deployment]


def _list_deployments(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    github = call.github
    wanted = {key: call.query[key] for key in ("environment", "task", "ref") if key in call.query}
    there = [one for _, one in sorted(github.deployments.items(), reverse=True)]
    there = [one for one in there if all(one[key] == value for key, value in wanted.items())]
    return call.page(there, shapes.deployment)


def _create_deployment(call: "Call", account: "Account", _found: re.Match[str]) -> "Answer":
    call.require("deployments: write")
    github, sent = call.github, call.sent
    if not _SHA.fullmatch(str(sent.get("ref"))):
        raise call.refusal(422, f"No ref found for: {sent.get('ref')}")
    if sent.get("auto_merge", True):
        raise call.refusal(409, "Conflict merging the default branch into the ref.")
    if sent.get("required_contexts") != []:
        raise call.refusal(409, "Conflict: Commit status checks failed for the ref.")
    identity = github.add_deployment(
        str(sent.get("environment", "production")),
        ref=sent["ref"],
        task=sent.get("task", "deploy"),
        payload=sent.get("payload", {}),
        description=sent.get("description"),
        production_environment=bool(sent.get("production_environment")),
        creator=account.login,
    )
    return call.reply(201, shapes.deployment(github.url, github.repository, github.deployments[identity]))


def _list_statuses(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    github, identity = call.github, _known(call, found)
    there = _statuses_of(github.deployment_statuses, identity)
    return call.page(there, shapes.deployment_status)


def _create_status(call: "Call", account: "Account", found: re.Match[str]) -> "Answer":
    """Add a status; a success retires what is older, as GitHub does, unless that is production or not wanted."""
    call.require("deployments: write")
    github, sent, identity = call.github, call.sent, _known(call, found)
    if sent.get("state") not in STATES or len(sent.get("description") or "") > DESCRIPTION_LIMIT:
        raise call.refusal(422, "Validation Failed")
    one = _add_status(call, identity, {**sent, "creator": account.login})
    if sent["state"] == "success" and sent.get("auto_inactive", True):
        for older in [key for key in github.deployments if key < identity]:
            _retire(call, older, github.deployments[identity]["environment"])
    return call.reply(201, shapes.deployment_status(github.url, github.repository, one))


def _retire(call: "Call", identity: int, environment: str) -> None:
    one = call.github.deployments[identity]
    if one["environment"] == environment and not one["production_environment"]:
        _add_status(call, identity, {"state": "inactive", "creator": "ghost"})


def _add_status(call: "Call", identity: int, sent: dict[str, Any]) -> dict[str, Any]:
    github = call.github
    texts = {key: sent.get(key) or "" for key in ("description", "environment_url", "log_url")}
    status = {
        **texts, "id": github.new_id(), "deployment": identity, "state": sent["state"], "creator": sent["creator"],
        "environment": github.deployments[identity]["environment"],
    }  # fmt: skip
    github.deployment_statuses[status["id"]] = status
    return status


def _known(call: "Call", found: re.Match[str]) -> int:
    if int(found["id"]) not in call.github.deployments:
        raise call.refusal(404, "Not Found")
    return int(found["id"])


DEPLOYMENT_ROUTES = (
    ("GET", r"/deployments", _list_deployments),
    ("POST", r"/deployments", _create_deployment),
    ("GET", r"/deployments/(?P<id>\d+)/statuses", _list_statuses),
    ("POST", r"/deployments/(?P<id>\d+)/statuses", _create_status),
)
