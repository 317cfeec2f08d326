"""GitHub's deployments as the kit writes and reads them: their payload, their states, their texts.

A deployment is the kit's own where its payload says so; model, environment, number and digest in it are its identity.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import InputError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.promotion.log import SEQ_LIMIT
from mlops_kit.core.promotion.names import spell_for_tag
from mlops_kit.core.review.event import Field
from mlops_kit.core.types import Digest, EnvironmentName, ModelName

KIT = "mlops-kit"
DESCRIPTION_LIMIT = 140
ID_LIMIT = 2**63

_URL = re.compile(r"https?://[^\s]+")
_STATES = {
    "in_progress": DeploymentState.IN_PROGRESS,
    "success": DeploymentState.SUCCESS,
    "failure": DeploymentState.FAILURE,
    "inactive": DeploymentState.INACTIVE,
}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which promotion a deployment is of."""

    model: ModelName
    environment: EnvironmentName
    seq: int
    digest: Digest


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a deployment stands; `state` is None where it is none that the kit sets."""

    state: DeploymentState | None
    description: str = ""
    url: str = ""
    log_url: str = ""


def identity_of(announcement: Announcement) -> Identity:
    """The announcement's identity."""
    return Identity(
        model=announcement.model,
        environment=announcement.environment,
        seq=announcement.seq,
        digest=announcement.digest,
    )


def status_of(announcement: Announcement) -> Status:
    """The announcement's state as GitHub keeps it: short, and with addresses of the web alone."""
    return Status(
        state=announcement.state,
        description=" ".join(announcement.description.split())[:DESCRIPTION_LIMIT],
        url=announcement.url if _URL.fullmatch(announcement.url) else "",
        log_url=announcement.log_url if _URL.fullmatch(announcement.log_url) else "",
    )


def task_of(model: ModelName) -> str:
    """What the deployments of a model are found by."""
    return f"promote:{spell_for_tag(model)}"


def deployment_body(announcement: Announcement) -> Mapping[str, object]:
    """What creates the deployment.

    It counts as one of production whatever the environment: of all others GitHub makes every earlier one inactive when
    a job that names the environment succeeds, and the job that promotes is such a job.
    """
    payload = {
        "kit": KIT,
        "model": announcement.model,
        "environment": announcement.environment,
        "seq": announcement.seq,
        "digest": str(announcement.digest),
    }
    return {
        "ref": announcement.commit,
        "environment": announcement.environment,
        "task": task_of(announcement.model),
        "description": status_of(announcement).description,
        "payload": payload,
        "auto_merge": False,
        "required_contexts": [],
        "production_environment": True,
        "transient_environment": False,
    }


def status_body(status: Status, environment: EnvironmentName) -> Mapping[str, object]:
    """What sets the status; older deployments are left to the kit."""
    state = status.state or DeploymentState.INACTIVE
    addresses = {"environment_url": status.url, "log_url": status.log_url}
    return {
        "state": state.value,
        "description": status.description,
        "environment": environment,
        "auto_inactive": False,
        **{name: address for name, address in addresses.items() if address},
    }


def read_identity(payload: object) -> Identity | None:
    """The identity that a payload tells, None for one that is not the kit's.

    GitHub gives a payload back as an object, as JSON, or as JSON of JSON.
    """
    for _ in range(2):
        payload = _parsed(payload) if isinstance(payload, str) else payload
    if not isinstance(payload, dict) or payload.get("kit") != KIT:
        return None
    model, environment, seq = (payload.get(name) for name in ("model", "environment", "seq"))
    digest = _digest(payload.get("digest"))
    if not (isinstance(model, str) and isinstance(environment, str) and _is_seq(seq)) or digest is None:
        return None
    return Identity(model=ModelName(model), environment=EnvironmentName(environment), seq=int(str(seq)), digest=digest)


def read_status(status: Field, *, names: Mapping[str, str]) -> Status:
    """A status of either API; `names` are the fields' own names there."""
    if status.value is None:
        return Status(state=None)

    def text(name: str) -> str:
        value = status.at(names.get(name, name)).value
        return value if isinstance(value, str) else ""

    state = status.at("state").text().lower()
    return Status(
        state=_STATES.get(state),
        description=text("description"),
        url=text("environment_url"),
        log_url=text("log_url"),
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _digest(text: object) -> Digest | None:
    try:
        return Digest.parse(text) if isinstance(text, str) else None
    except (ValueError, InputError):
        return None


def _is_seq(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= SEQ_LIMIT
