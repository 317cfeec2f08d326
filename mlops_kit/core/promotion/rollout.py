"""What a reading of a serving target means for a roll-out under way: go on, wait, or give up."""

from enum import StrEnum

from mlops_kit.core.types import Digest, Health, ServingReading


class Step(StrEnum):
    """What to do next."""

    GO_ON = "go on"
    WAIT = "wait"
    GIVE_UP = "give up"


def judge_reading(reading: ServingReading, wanted: Digest, *, whole: bool) -> Step:
    """Go on where the target is well, give up where it says that it is not, else wait.

    `whole` says that all of the traffic should be led to the wanted version by now; before that the target still names
    the stable one.
    """
    if reading.health is Health.DEGRADED:
        return Step.GIVE_UP
    arrived = reading.digest == wanted or not whole
    return Step.GO_ON if arrived and reading.health is Health.HEALTHY else Step.WAIT


def describe_reading(reading: ServingReading) -> str:
    """What the target says, in a few words."""
    return f"{reading.health}: {reading.message}" if reading.message else str(reading.health)
