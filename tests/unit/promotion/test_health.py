"""One word out of many."""

import itertools

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.health import worst_health
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.promotion.status import worst_sync
from mlops_kit.core.types import Health, Sync

ORDER = [Health.HEALTHY, Health.SUSPENDED, Health.PROGRESSING, Health.MISSING, Health.DEGRADED, Health.UNKNOWN]


@pytest.mark.parametrize(("better", "worse"), [*itertools.pairwise(ORDER)])
def test_the_worst_health_wins_in_any_order(better: Health, worse: Health) -> None:
    assert worst_health([better, worse, better]) is worse
    assert worst_health([worse, better]) is worse


def test_every_health_has_its_place() -> None:
    assert {worst_health([health]) for health in Health} == set(Health)
    assert worst_health([]) is Health.HEALTHY


def test_unknown_outweighs_blocked_and_blocked_outweighs_out_of_sync() -> None:
    assert worst_sync([Sync.SYNCED, Sync.BLOCKED, Sync.OUT_OF_SYNC]) is Sync.BLOCKED
    assert worst_sync(Sync) is Sync.UNKNOWN
    assert worst_sync([]) is Sync.SYNCED


def test_integrity_outweighs_whatever_else_a_promotion_meets() -> None:
    met = [
        ExitCode.INPUT,
        ExitCode.DIFFERENCE,
        ExitCode.REFUSED,
        ExitCode.OUTSIDE,
        ExitCode.INTEGRITY,
        ExitCode.CONFLICT,
    ]
    assert worst_code(met) is ExitCode.INTEGRITY
    assert worst_code([ExitCode.REFUSED, ExitCode.DIFFERENCE]) is ExitCode.REFUSED
    assert worst_code([]) is ExitCode.DONE


def test_every_exit_code_has_its_place() -> None:
    assert {worst_code([code]) for code in ExitCode} == set(ExitCode)
