"""The Board port over GitHub Deployments: one deployment per promotion, its status kept up to date.

What creates something is sent once; whether it was done is what the next look shows. Of two deployments of one
promotion, which a race or a lost answer can leave, the lowest id counts and the others become inactive.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from mlops_kit.adapters.github.board_query import QUERY, Page, read_page
from mlops_kit.adapters.github.deployments import (
    ID_LIMIT,
    Identity,
    Status,
    deployment_body,
    identity_of,
    read_identity,
    read_status,
    status_body,
    status_of,
    task_of,
)
from mlops_kit.adapters.github.pages import document_of, read_pages
from mlops_kit.adapters.github.session import open_transport
from mlops_kit.adapters.github.transport import Patience, Repeat, Request, Transport
from mlops_kit.core.errors import OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.review.event import Field
from mlops_kit.core.types import CommitSha, EnvironmentName, ModelName

ROUNDS = 8
"""How often the deployments are looked at before giving up; without faults or rivals two are enough."""
PAGE_LIMIT = 5
"""After so many pages of everybody's deployments the models that were not among them are asked for one by one."""

_READ, _WRITE = "deployments: read", "deployments: write"
_RETIRED = Status(state=DeploymentState.INACTIVE)


def connect_board(repository: str, *, api_url: str, token: str, patience: Patience | None = None) -> "GitHubBoard":
    """The board of `owner/name`; a name, an address or a token that cannot be one is told at the first call."""
    return GitHubBoard(repository, lambda: open_transport(repository, api_url=api_url, token=token, patience=patience))


@dataclass(frozen=True, kw_only=True, order=True)
class _Deployment:
    """One deployment of the kit's."""

    id: int
    seq: int
    is_ours: bool


class GitHubBoard:
    """One repository's deployments; the session is opened at the first call."""

    def __init__(self, repository: str, connect: Callable[[], Transport]) -> None:
        self._repository = repository
        self._home = f"/repos/{repository}/deployments"
        self._connect = connect

    @cached_property
    def _transport(self) -> Transport:
        return self._connect()

    def read_last(
        self, environment: EnvironmentName, models: Collection[ModelName]
    ) -> Mapping[ModelName, Announcement]:
        """The announcement with the highest number of each model, those that are inactive left out.

        Pages are read, the newest first, until every model was seen: mostly one. What lies too deep is asked for alone.
        """
        found: dict[ModelName, Announcement] = {}
        seen: set[ModelName] = set()
        cursor: str | None = ""
        for _ in range(PAGE_LIMIT):
            page = self._read_page(environment, cursor)
            for shown in page.shown:
                seen.add(shown.model)
                known = found.get(shown.model)
                if shown.state is not DeploymentState.INACTIVE and (known is None or known.seq < shown.seq):
                    found[shown.model] = shown
            cursor = page.following
            if not cursor or seen >= set(models):
                return found
        alone = {model: self._read_alone(environment, model) for model in sorted(set(models) - seen)}
        return found | {model: shown for model, shown in alone.items() if shown}

    def _read_alone(self, environment: EnvironmentName, model: ModelName) -> Announcement | None:
        """The announcement of one model with the highest number, None where that is inactive or there is none."""
        found = read_pages(self._transport, self._listing(environment, model), _read_known)
        known = [one for one in found if one and (one[1].model, one[1].environment) == (model, environment)]
        if not known:
            return None
        number, identity, commit = max(known, key=lambda one: (one[1].seq, -one[0]))
        status = self._read_status(number)
        if status.state is DeploymentState.INACTIVE:
            return None
        return Announcement(
            model=model,
            environment=environment,
            seq=identity.seq,
            digest=identity.digest,
            commit=commit,
            state=status.state or DeploymentState.IN_PROGRESS,
            description=status.description,
            url=status.url,
            log_url=status.log_url,
        )

    def announce(self, announcement: Announcement) -> None:
        """Show the announcement; OutsideError where it does not settle, RefusedError where the token may not write."""
        obstacle: OutsideError | None = None
        for _ in range(ROUNDS):
            there = self._list(announcement)
            ours = [one for one in there if one.is_ours]
            try:
                if ours:
                    return self._settle(announcement, ours, there)
                self._create(announcement)
            except PassingError as failure:
                obstacle = failure
        raise OutsideError(
            f"the deployment of {announcement.model} to {announcement.environment} does not settle", hint="run it again"
        ) from obstacle

    def _settle(self, announcement: Announcement, ours: list[_Deployment], there: list[_Deployment]) -> None:
        """Give the one deployment that counts its status, after the others have lost theirs.

        Success comes last: a run that stops before it is known by that, and the next one announces again.
        """
        for extra in ours[1:]:
            self._set_status(extra.id, _RETIRED, announcement.environment)
        if announcement.state is DeploymentState.SUCCESS:
            self._retire([one for one in there if one.seq < announcement.seq], announcement.environment)
        self._set_status(ours[0].id, status_of(announcement), announcement.environment)

    def _retire(self, older: list[_Deployment], environment: EnvironmentName) -> None:
        """Make what came before inactive, the oldest first: so one that is inactive has only such ones before it."""
        active = []
        for one in reversed(older):
            if self._read_status(one.id).state is DeploymentState.INACTIVE:
                break
            active.append(one)
        for one in reversed(active):
            self._send_status(one.id, _RETIRED, environment)

    def _list(self, announcement: Announcement) -> list[_Deployment]:
        """The kit's deployments of the model in the environment, by id."""
        request = self._listing(announcement.environment, announcement.model)
        wanted = identity_of(announcement)
        found = read_pages(self._transport, request, lambda entry: _deployment(entry, wanted))
        return sorted(one for one in found if one)

    def _listing(self, environment: EnvironmentName, model: ModelName) -> Request:
        query = {"environment": environment, "task": task_of(model)}
        return Request(verb="GET", path=self._home, permission=_READ, query=query, missing=RefusedError)

    def _create(self, announcement: Announcement) -> None:
        body = deployment_body(announcement)
        self._send(Request(verb="POST", path=self._home, permission=_WRITE, body=body, repeat=Repeat.NEVER))

    def _set_status(self, deployment: int, status: Status, environment: EnvironmentName) -> None:
        """Set a status; nothing is written where it is the last one already."""
        last = self._read_status(deployment)
        if last != status and (last.state, status) != (DeploymentState.INACTIVE, _RETIRED):
            self._send_status(deployment, status, environment)

    def _send_status(self, deployment: int, status: Status, environment: EnvironmentName) -> None:
        self._send(
            Request(
                verb="POST",
                path=f"{self._home}/{deployment}/statuses",
                permission=_WRITE,
                body=status_body(status, environment),
                repeat=Repeat.NEVER,
                missing=RefusedError,
            )
        )

    def _read_status(self, deployment: int) -> Status:
        """The newest status: the one with the highest id."""
        request = Request(
            verb="GET",
            path=f"{self._home}/{deployment}/statuses",
            permission=_READ,
            missing=RefusedError,
        )
        found = read_pages(self._transport, request, _numbered_status)
        return max(found, key=lambda one: one[0], default=(0, Status(state=None)))[1]

    def _read_page(self, environment: EnvironmentName, cursor: str | None) -> Page:
        owner, _, name = self._repository.partition("/")
        variables = {"owner": owner, "name": name, "environment": environment, "after": cursor or None}
        request = Request(
            verb="POST",
            path=self._transport.graphql_url,
            permission=_READ,
            body={"query": QUERY, "variables": variables},
            missing=RefusedError,
        )
        return self._transport.send(request, lambda reply: read_page(document_of(reply, request), environment))

    def _send(self, request: Request) -> None:
        self._transport.send(request, lambda _reply: None)


def _deployment(entry: Field, wanted: Identity) -> _Deployment | None:
    """A deployment; None where it is none of the kit's for the model."""
    identity = read_identity(entry.at("payload").value)
    if identity is None or (identity.model, identity.environment) != (wanted.model, wanted.environment):
        return None
    number = entry.at("id").positive_number(limit=ID_LIMIT)
    return _Deployment(id=number, seq=identity.seq, is_ours=identity == wanted)


def _read_known(entry: Field) -> tuple[int, Identity, CommitSha] | None:
    """A deployment of the kit's: its number, what it is of, and its commit."""
    identity = read_identity(entry.at("payload").value)
    if identity is None:
        return None
    return entry.at("id").positive_number(limit=ID_LIMIT), identity, entry.at("sha").commit()


def _numbered_status(entry: Field) -> tuple[int, Status]:
    return entry.at("id").positive_number(limit=ID_LIMIT), read_status(entry, names={})
