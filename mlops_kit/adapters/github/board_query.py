"""The one question that tells how a whole environment stands on the board, in GraphQL, and its answer.

REST would need a call for each deployment's status.
"""

from dataclasses import dataclass

from mlops_kit.adapters.github.deployments import read_identity, read_status
from mlops_kit.core.errors import OutsideError, RefusedError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.review.event import Field
from mlops_kit.core.types import EnvironmentName

QUERY = """
query ($owner: String!, $name: String!, $environment: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    deployments(
      environments: [$environment], first: 100, after: $after, orderBy: {field: CREATED_AT, direction: DESC}
    ) {
      nodes { payload commitOid latestStatus { state description environmentUrl logUrl } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
_NAMES = {"environment_url": "environmentUrl", "log_url": "logUrl"}
_FORBIDDEN = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page of deployments shows of the kit's, and where the next begins; None after the last."""

    shown: tuple[Announcement, ...]
    following: str | None


def read_page(document: Field, environment: EnvironmentName) -> Page:
    """The page that an answer holds.

    RefusedError where the token may not read it, OutsideError for another error of GraphQL, InputError where it is
    malformed.
    """
    if document.at("errors").value is not None:
        raise _failure(document.at("errors"))
    found = document.at("data").at("repository").at("deployments")
    shown = (_announcement(node, environment) for node in found.at("nodes").entries())
    pages = found.at("pageInfo")
    more = pages.at("hasNextPage")
    if not isinstance(more.value, bool):
        raise more.error("expected true or false")
    return Page(
        shown=tuple(one for one in shown if one),
        following=pages.at("endCursor").text() if more.value else None,
    )


def _announcement(node: Field, environment: EnvironmentName) -> Announcement | None:
    """What a deployment announces, None where it is not the kit's; without a status it was only begun."""
    identity = read_identity(node.at("payload").value)
    if identity is None or identity.environment != environment:
        return None
    status = read_status(node.at("latestStatus"), names=_NAMES)
    return Announcement(
        model=identity.model,
        environment=identity.environment,
        seq=identity.seq,
        digest=identity.digest,
        commit=node.at("commitOid").commit(),
        state=status.state or DeploymentState.IN_PROGRESS,
        description=status.description,
        url=status.url,
        log_url=status.log_url,
    )


def _failure(errors: Field) -> RefusedError | OutsideError:
    first = errors.entries()[0]
    words, kind = first.at("message").value, first.at("type").value
    said = " ".join(words.split())[:200] if isinstance(words, str) else "an error"
    if kind in _FORBIDDEN:
        return RefusedError(
            f"GitHub does not show the deployments: {said}", hint="the token needs the permission `deployments: read`"
        )
    return OutsideError(f"GitHub could not tell the deployments: {said}", hint="run it again")
