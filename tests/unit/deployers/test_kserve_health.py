"""What a status of an InferenceService means."""

import pytest

from mlops_kit.core.types import Health
from mlops_kit.deployers.kserve_health import judge_service

# generation/observed | conditions (type=status:reason) | transitionStatus | health | message
TABLE = """
1/1 | PredictorReady=True Ready=True | UpToDate | Healthy |
1/- | PredictorReady=True Ready=True | - | Healthy |
1/1 | PredictorReady=True Ready=True CanaryReady=True | UpToDate | Healthy |
1/1 | PredictorReady=True Ready=True Stopped=False | UpToDate | Healthy |
2/1 | PredictorReady=True Ready=True | UpToDate | Progressing | not looked at the newest
1/1 | - | - | Progressing | waiting for
1/1 | PredictorReady=Unknown Ready=Unknown | - | Progressing | PredictorReady is Unknown
1/1 | PredictorReady=Unknown Ready=False | UpToDate | Progressing | Ready is False
1/1|PredictorReady=False:MinimumReplicasUnavailable Ready=False|InProgress|Progressing|MinimumReplicasUnavailable
1/1 | PredictorReady=True Ready=True | InProgress | Progressing | model InProgress
1/1 | PredictorReady=True Ready=False:Broken | UpToDate | Degraded | Ready is False: Broken
1/1 | PredictorReady=True CanaryReady=False Ready=True | UpToDate | Degraded | CanaryReady is False
1/1 | PredictorReady=True Ready=True | BlockedByFailedLoad | Degraded | BlockedByFailedLoad
1/1 | PredictorReady=Unknown Ready=Unknown | BlockedByFailedLoad | Degraded | BlockedByFailedLoad
1/1 | PredictorReady=True Ready=True | InvalidSpec | Degraded | InvalidSpec
1/1 | PredictorReady=False Ready=False Stopped=True | InProgress | Suspended | it is stopped
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("generations", "conditions", "transition", "health", "message"), ROWS)
def test_the_health_follows_from_the_status(
    generations: str, conditions: str, transition: str, health: str, message: str
) -> None:
    wanted, seen = generations.split("/")
    status: dict[str, object] = {} if seen == "-" else {"observedGeneration": int(seen)}
    if conditions != "-":
        status["conditions"] = [condition(text) for text in conditions.split()]
    if transition != "-":
        status["modelStatus"] = {"transitionStatus": transition}
    found = judge_service({"metadata": {"generation": int(wanted)}, "status": status})
    assert found[0] is Health(health)
    assert message in found[1]
    assert bool(found[1]) == bool(message)


def condition(text: str) -> dict[str, str]:
    kind, _, rest = text.partition("=")
    state, _, reason = rest.partition(":")
    return {"type": kind, "status": state, "reason": reason}


@pytest.mark.parametrize(
    "service", [{}, {"status": None}, {"status": {}}, {"metadata": None, "status": {"conditions": None}}]
)
def test_no_status_is_progressing(service: dict[str, object]) -> None:
    assert judge_service(service) == (Health.PROGRESSING, "waiting for the service's status")


def test_a_failed_load_says_why() -> None:
    failure = {"reason": "ModelLoadFailed", "message": "No module named 'skops'"}
    status = {
        "conditions": [{"type": "Ready", "status": "False"}],
        "modelStatus": {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": failure},
    }
    assert judge_service({"status": status}) == (
        Health.DEGRADED,
        "model BlockedByFailedLoad: ModelLoadFailed: No module named 'skops'; Ready is False",
    )
