"""Which stage feeds which: edges between stages, found by their paths.

An edge is not always an equal path: a stage may read a folder that several stages fill, or one file of a folder that
another stage writes whole. Both count, as they do for DVC.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.pipeline.stages import Output, Stage
from mlops_kit.core.types import StageName


@dataclass(frozen=True, kw_only=True)
class Producer:
    """A stage and one of its outputs."""

    stage: Stage
    output: Output


@dataclass(frozen=True, kw_only=True)
class Producers:
    """Who writes what: by the output's own path, and by every folder above it."""

    exact: Mapping[str, tuple[Producer, ...]]
    below: Mapping[str, tuple[Producer, ...]]

    def around(self, path: str) -> tuple[Producer, ...]:
        """Who writes exactly `path`, or a folder that contains it."""
        return tuple(found for place in (path, *folders_above(path)) for found in self.exact.get(place, ()))

    def find(self, path: str) -> tuple[Producer, ...]:
        """Everyone whose output touches `path`: equal to it, around it, or below it."""
        return (*self.around(path), *self.below.get(path, ()))


def index_producers(stages: Iterable[Stage]) -> Producers:
    """Who writes what, for many look-ups."""
    exact: dict[str, list[Producer]] = defaultdict(list)
    below: dict[str, list[Producer]] = defaultdict(list)
    for stage in stages:
        for output in stage.outputs:
            producer = Producer(stage=stage, output=output)
            exact[output.path].append(producer)
            for folder in folders_above(output.path):
                below[folder].append(producer)
    return Producers(
        exact={path: tuple(found) for path, found in exact.items()},
        below={path: tuple(found) for path, found in below.items()},
    )


def link_stages(stages: Iterable[Stage]) -> Mapping[StageName, tuple[StageName, ...]]:
    """Each stage with the stages it reads from, sorted; a stage never reads from itself."""
    known = tuple(stages)
    producers = index_producers(known)
    return {stage.name: tuple(sorted(set(_sources(stage, producers)))) for stage in known}


def upstream_of(stage: Stage, stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """The stage and everything that leads to it, sorted by name."""
    known = {found.name: found for found in stages}
    reached = reach([stage.name], link_stages(known.values()))
    return tuple(known[name] for name in sorted(reached))


def reach(starts: Iterable[StageName], links: Mapping[StageName, Iterable[StageName]]) -> frozenset[StageName]:
    """Every stage that links lead to from some, these included."""
    reached: set[StageName] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(links.get(name, ()))
    return frozenset(reached)


def reverse_links(links: Mapping[StageName, Iterable[StageName]]) -> Mapping[StageName, tuple[StageName, ...]]:
    """Each stage with the stages that read from it."""
    readers: dict[StageName, list[StageName]] = defaultdict(list)
    for name, sources in links.items():
        for source in sources:
            readers[source].append(name)
    return {name: tuple(found) for name, found in readers.items()}


def folders_above(path: str) -> Iterator[str]:
    """Every folder that contains the path, nearest first, the root (an empty string) last."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _sources(stage: Stage, producers: Producers) -> Iterator[StageName]:
    for dependency in stage.dependencies:
        for found in producers.find(dependency.path):
            if found.stage.name != stage.name:
                yield found.stage.name
