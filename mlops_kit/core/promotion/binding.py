"""What the answers of gates are bound to beside the digest, and whose earlier answers hold still."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.core.config import Config, Environment
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.promotion.canonical import hash_canonical
from mlops_kit.core.promotion.obstacles import REFUSING
from mlops_kit.core.review.lookup import MetricName, find_names
from mlops_kit.core.review.measurement import Measuring, index_measuring
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import Digest, EnvironmentName, EvidenceKey, GateAnswer, PromotionRecord

_REUSED = " (answered for "


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One side of a comparison: a version, its project and its metrics."""

    digest: Digest | None
    project: Project
    metrics: tuple[MetricFile, ...]


def bind_evidence(environment: Environment, config: Config, head: Measured, live: Measured | None) -> EvidenceKey:
    """The policy that judges head, and the data: what was measured, on what, and what it is compared with.

    The version that is live counts only where a gate compares with it.
    """
    names = [name for gate in environment.gates for name in find_names(gate.metric, head.metrics, _metrics(live))]
    policy = {
        "gates": [gate.model_dump(mode="json", by_alias=True) for gate in environment.gates],
        "metrics": {f"{path}:{key}": _policy(config, (path, key)) for path, key in names},
        "history": config.review.history,
    }
    data = {
        "head": _side(head, config),
        "live": _side(live, config) if live and _compares(environment) else None,
    }
    return EvidenceKey(policy=hash_canonical(policy), data=hash_canonical(data))


def find_known(records: Iterable[PromotionRecord], digest: Digest, key: EvidenceKey) -> PromotionRecord | None:
    """The newest record whose gates let the same version pass by the same policy and data; None where there is none.

    What a gate refused is never reused, whoever accepted it then.
    """
    known = (
        record
        for record in records
        if (record.digest, record.evidence) == (digest, key)
        and record.gates
        and not any(answer.answer in REFUSING for answer in record.gates)
    )
    return max(known, key=lambda record: (record.recorded_at is not None, record.recorded_at, record.seq), default=None)


def reuse_answers(record: PromotionRecord, environment: EnvironmentName) -> tuple[GateAnswer, ...]:
    """A record's answers for an environment; each says for which record it was given first."""
    origin = f"{_REUSED}#{record.seq} of {record.environment})"
    return tuple(
        replace(
            answer,
            environment=environment,
            message=answer.message if _REUSED in answer.message else f"{answer.message}{origin}",
        )
        for answer in record.gates
    )


def _compares(environment: Environment) -> bool:
    return any(gate.max_drop or gate.max_rise or gate.require_comparable for gate in environment.gates)


def _metrics(live: Measured | None) -> tuple[MetricFile, ...]:
    return live.metrics if live else ()


def _policy(config: Config, name: MetricName) -> Mapping[str, object]:
    return config.policy(*name).model_dump(mode="json", by_alias=True)


def _side(side: Measured, config: Config) -> Mapping[str, object]:
    index = index_measuring(side.project)
    return {
        "digest": str(side.digest),
        "metrics": [
            {
                "path": file.path,
                "values": dict(file.values),
                "dropped": sorted(file.dropped),
                "error": file.error,
                "measured": sorted(_measurements(index, file, config)),
            }
            for file in side.metrics
        ],
    }


def _measurements(index: Measuring, file: MetricFile, config: Config) -> Iterator[str]:
    """What each metric of a file was measured on and by, as text; nothing where no stage writes the file."""
    writer = index.find_writer(file.path)
    if writer is None:
        return
    for patterns in {config.policy(file.path, key).evaluation for key in file.values} or {()}:
        found = index.measure(writer, patterns)
        parts = (found.data, found.scripts, {name: repr(value) for name, value in (found.seeds or {}).items()})
        yield repr([sorted((path, str(value)) for path, value in part.items()) for part in parts])
