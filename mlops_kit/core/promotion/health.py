"""One health out of many: the worst.

Order as in Argo CD: what is broken outweighs what is missing, what is missing outweighs what is on its way.
"""

from collections.abc import Iterable

from mlops_kit.core.types import Health

WORST_LAST = (
    Health.HEALTHY,
    Health.SUSPENDED,
    Health.PROGRESSING,
    Health.MISSING,
    Health.DEGRADED,
    Health.UNKNOWN,
)


def worst_health(healths: Iterable[Health]) -> Health:
    """The worst of them; Healthy for none."""
    return max(healths, key=WORST_LAST.index, default=Health.HEALTHY)
