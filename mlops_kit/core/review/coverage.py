"""Which gates can find their metric in the metric files as they are now."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from mlops_kit.core.config import Config
from mlops_kit.core.config.names import did_you_mean
from mlops_kit.core.documents import Document
from mlops_kit.core.errors import Problem
from mlops_kit.core.review.metrics import MetricFile


def check_gates(config: Config, metrics: Iterable[MetricFile], document: Document) -> tuple[Problem, ...]:
    """A problem for every gate whose metric no file has; `document` is the configuration's, for the places."""
    known = {
        name for found in metrics for key in (*found.values, *found.dropped) for name in (key, f"{found.path}:{key}")
    }
    return tuple(_uncovered(config, sorted(known), document))


def _uncovered(config: Config, known: list[str], document: Document) -> Iterator[Problem]:
    for name, environment in config.environments.items():
        for number, gate in enumerate(environment.gates):
            if not any(fnmatchcase(metric, gate.metric) for metric in known):
                path = ("environments", name, "gates", number, "metric")
                yield Problem(
                    message=f"no metric file has {gate.metric!r}: the gate would refuse every version",
                    location=document.locate(path),
                    field=".".join(map(str, path)),
                    hint=did_you_mean(gate.metric, known),
                )
