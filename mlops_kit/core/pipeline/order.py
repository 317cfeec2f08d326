"""Which stage waits for which: paths that one writes and another reads, equal or one inside the other.

Linear in stages, paths and overlaps. A path that many stages read is one group, so readers and writers are never
multiplied. Knows nothing of when a stage runs; that is `core.pipeline.schedule`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median

from mlops_kit.core.errors import InputError
from mlops_kit.core.run import PlannedStage, Wants
from mlops_kit.core.types import StageName

STRICT, LOOSE = "reads", "watches"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A path with the stages that read it and the number that write it; `strict` where failure passes on."""

    readers: tuple[StageName, ...]
    writers: int
    strict: bool


@dataclass(frozen=True, kw_only=True)
class OrderedStage:
    """A stage's place: the groups it waits for, the groups that wait for it, and its wants.

    Its mutexes include those of paths that others write too. `rank` is the seconds of the longest chain that starts
    with it; `position` its place in the plan.
    """

    position: int
    waits: tuple[str, ...]
    groups: tuple[str, ...]
    wants: Wants
    seconds: float
    awaits_data: bool
    rank: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Order:
    """Stages by name, in the order of the plan, and the groups between them."""

    stages: Mapping[StageName, OrderedStage]
    groups: Mapping[str, Group]


def order_stages(stages: Iterable[PlannedStage]) -> Order:
    """Link stages by their paths; InputError where they wait for each other in a circle."""
    planned = tuple(stages)
    owners = _owners(planned)
    readers = _readers(planned)
    written = dict(_covered(readers, owners))
    groups = {
        key: Group(readers=tuple(names), writers=len(written[key]), strict=key.startswith(STRICT))
        for key, names in readers.items()
        if key in written
    }
    return Order(stages=_ranked(_places(planned, groups, written), groups), groups=groups)


def overlap_mutexes(stages: Iterable[PlannedStage]) -> Mapping[StageName, tuple[str, ...]]:
    """A mutex for every topmost path that several stages write, in it or below it."""
    owners = _owners(tuple(stages))
    found: dict[StageName, list[str]] = {}
    for top, names in _clusters(owners):
        if len(set(names)) > 1:
            for name in set(names):
                found.setdefault(name, []).append(f"path {top}")
    return {name: tuple(mutexes) for name, mutexes in found.items()}


def _owners(stages: tuple[PlannedStage, ...]) -> Mapping[str, list[StageName]]:
    owners: dict[str, list[StageName]] = {}
    for stage in stages:
        for path in dict.fromkeys(stage.writes):
            owners.setdefault(path, []).append(stage.name)
    return owners


def _clusters(owners: Mapping[str, list[StageName]]) -> Iterator[tuple[str, list[StageName]]]:
    """Every path with no written path above it, and the writers in and below it."""
    tops: dict[str, list[StageName]] = {}
    for path in sorted(owners, key=lambda one: one.split("/")):
        top = next((above for above in _upwards(path) if above in tops), path)
        tops.setdefault(top, []).extend(owners[path])
    yield from tops.items()


def _readers(stages: tuple[PlannedStage, ...]) -> Mapping[str, list[StageName]]:
    readers: dict[str, list[StageName]] = {}
    for stage in stages:
        for kind, paths in ((STRICT, stage.reads), (LOOSE, stage.watches)):
            for path in dict.fromkeys(paths):
                readers.setdefault(f"{kind} {path}", []).append(stage.name)
    return readers


def _covered(
    readers: Mapping[str, list[StageName]], owners: Mapping[str, list[StageName]]
) -> Iterator[tuple[str, tuple[StageName, ...]]]:
    """For each group that has any, the stages that write its path, something above it, or something below it."""
    below = sorted(owners)
    for key in readers:
        path = key.partition(" ")[2]
        names = [name for above in _upwards(path) for name in owners.get(above, ())]
        start = bisect_left(below, f"{path}/") if path else 0
        for inner in below[start:]:
            if path and not inner.startswith(f"{path}/"):
                break
            names.extend(owners[inner])
        if names:
            yield key, tuple(dict.fromkeys(names))


def _upwards(path: str) -> Iterator[str]:
    """The path itself and everything above it, up to the root, an empty string."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _places(
    planned: tuple[PlannedStage, ...], groups: Mapping[str, Group], written: Mapping[str, tuple[StageName, ...]]
) -> Mapping[StageName, OrderedStage]:
    feeds: dict[StageName, list[str]] = {}
    for key in groups:
        for name in written[key]:
            feeds.setdefault(name, []).append(key)
    waits: dict[StageName, list[str]] = {}
    for key, group in groups.items():
        for name in group.readers:
            waits.setdefault(name, []).append(key)
    shared = overlap_mutexes(planned)
    usual = _usual_seconds(planned)
    return {
        stage.name: OrderedStage(
            position=position,
            waits=tuple(waits.get(stage.name, ())),
            groups=tuple(feeds.get(stage.name, ())),
            wants=replace(stage.wants, mutexes=tuple(sorted({*stage.wants.mutexes, *shared.get(stage.name, ())}))),
            seconds=usual if stage.seconds is None else stage.seconds,
            awaits_data=stage.awaits_data,
        )
        for position, stage in enumerate(planned)
    }


def _usual_seconds(planned: tuple[PlannedStage, ...]) -> float:
    """What a stage that never ran here is taken to need: as long as the middle one of those that did, else 1 s."""
    known = [stage.seconds for stage in planned if stage.seconds is not None]
    return median(known) if known else 1.0


def _ranked(stages: Mapping[StageName, OrderedStage], groups: Mapping[str, Group]) -> dict[StageName, OrderedStage]:
    """The stages with the seconds of the longest chain behind each, found from the last ones backwards."""
    behind: dict[str, float] = {}
    ranks: dict[StageName, float] = {}
    for name in reversed(_sorted_by_need(stages, groups)):
        place = stages[name]
        ranks[name] = place.seconds + max((behind.get(key, 0.0) for key in place.groups), default=0.0)
        for key in place.waits:
            behind[key] = max(behind.get(key, 0.0), ranks[name])
    return {name: replace(place, rank=ranks[name]) for name, place in stages.items()}


def _sorted_by_need(stages: Mapping[StageName, OrderedStage], groups: Mapping[str, Group]) -> list[StageName]:
    missing = {name: len(place.waits) for name, place in stages.items()}
    left = {key: group.writers for key, group in groups.items()}
    found = [name for name, count in missing.items() if count == 0]
    for name in found:
        for key in stages[name].groups:
            left[key] -= 1
            if left[key] == 0:
                for reader in groups[key].readers:
                    missing[reader] -= 1
                    if missing[reader] == 0:
                        found.append(reader)
    if len(found) < len(stages):
        circle = ", ".join(sorted(set(stages) - set(found))[:5])
        raise InputError(f"stages wait for each other in a circle: {circle}", hint="see them with: dvc dag")
    return found
