"""How well an InferenceService does, by Argo CD's rules for it.

Ported from resource_customizations/serving.kserve.io/InferenceService/health.lua of argo-cd, with three differences: a
status of an older generation says nothing yet; a model that still loads is Progressing also while conditions are
False, as they are until the first pod is ready; and no replicas at rest (`minReplicas: 0`) are not Suspended.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_kit.core.types import Health

_LOADING, _SETTLED = "InProgress", frozenset({"", "UpToDate"})
_MESSAGE_LIMIT = 300


def judge_service(service: Mapping[str, Any]) -> tuple[Health, str]:
    """The health of a service as `kubectl get -o json` prints it, and why."""
    status = service.get("status") or {}
    conditions = [one for one in status.get("conditions") or [] if isinstance(one, dict)]
    if _is_behind(service, status):
        return Health.PROGRESSING, "the cluster has not looked at the newest manifest yet"
    if any(one.get("type") == "Stopped" and one.get("status") == "True" for one in conditions):
        return Health.SUSPENDED, "it is stopped"
    if not conditions:
        return Health.PROGRESSING, "waiting for the service's status"
    transition = str((status.get("modelStatus") or {}).get("transitionStatus") or "")
    counted = [one for one in conditions if one.get("type") != "Stopped"]
    message = "; ".join(_complaints(transition, status, counted))[:_MESSAGE_LIMIT]
    return _judge(transition, {str(one.get("status")) for one in counted}), message


def _judge(transition: str, states: set[str]) -> Health:
    if transition not in _SETTLED and transition != _LOADING:
        return Health.DEGRADED
    if transition == _LOADING or "Unknown" in states:
        return Health.PROGRESSING
    return Health.DEGRADED if "False" in states else Health.HEALTHY


def _is_behind(service: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    wanted, seen = (service.get("metadata") or {}).get("generation"), status.get("observedGeneration")
    return isinstance(wanted, int) and isinstance(seen, int) and seen < wanted


def _complaints(transition: str, status: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if transition not in _SETTLED:
        failure = (status.get("modelStatus") or {}).get("lastFailureInfo") or {}
        yield _join(f"model {transition}", failure.get("reason"), failure.get("message"))
    for one in conditions:
        if one.get("status") != "True":
            yield _join(f"{one.get('type')} is {one.get('status')}", one.get("reason"), one.get("message"))


def _join(*parts: object) -> str:
    return ": ".join(str(part) for part in parts if part)
