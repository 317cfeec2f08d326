"""What a model is trained on: the data that leads to it in the pipeline, and the digests that it had.

Data is what a `.dvc` file tracks, and what a stage reads that neither a stage nor git makes. Code, params and whatever
else git keeps come by pull requests of their own, unless the policy names them. Values only.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.graph import Producers, index_producers, upstream_of
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Dependency, Stage, is_inside
from mlops_kit.core.types import Digest, ModelName


@dataclass(frozen=True, kw_only=True, order=True)
class Source:
    """One path that a model is trained on. `digest` is None where nobody knows it; `file` is a `.dvc` file or empty."""

    path: str
    digest: Digest | None = None
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Everything that a model is trained on, sorted by path."""

    sources: tuple[Source, ...] = ()

    @property
    def digest(self) -> str:
        """The sha256 over paths and contents, in hexadecimal."""
        return hashlib.sha256(_canonical(sorted(self.values.items()))).hexdigest()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The paths whose content nobody knows."""
        return tuple(source.path for source in self.sources if source.digest is None)

    @property
    def data_files(self) -> frozenset[str]:
        """The `.dvc` files among it."""
        return frozenset(source.file for source in self.sources if source.file)

    def is_same(self, other: "TrainingData") -> bool:
        """Whether both have the same paths with the same contents."""
        return self.values == other.values

    def changes(self, before: "TrainingData") -> tuple[tuple[str, Digest | None, Digest | None], ...]:
        """What differs: path, digest before, digest here."""
        old, new = ({source.path: source.digest for source in side.sources} for side in (before, self))
        paths = sorted({*old, *new})
        return tuple((path, old.get(path), new.get(path)) for path in paths if _value(old, path) != _value(new, path))

    @property
    def values(self) -> Mapping[str, str]:
        """Contents by path, empty where nobody knows one.

        DVC 3 names the same hash of the same file differently, so that the value alone counts.
        """
        return {source.path: source.digest.value if source.digest else "" for source in self.sources}


def read_training_data(
    project: Project, model: ModelName, *, named: Iterable[str] = (), in_git: frozenset[str] = frozenset()
) -> TrainingData:
    """What the commit's `.dvc` files say that the model is trained on; what a stage reads besides is as its lock says.

    `named` are the only paths that count where there are any, `in_git` the files that git keeps. InputError where no
    stage makes the model, and where a named path leads to nothing.
    """
    upstream = upstream_of(_find_maker(project, model), project.stages)
    producers = index_producers(project.stages)
    tracked = {source.path: source for source in _tracked(upstream)}
    read = {found.path: found for found in _untracked(upstream, producers)}
    every = {**{path: Source(path=path, digest=found.digest) for path, found in read.items()}, **tracked}
    chosen = _choose(every, tuple(named)) if named else _without_git(every, in_git)
    return TrainingData(sources=tuple(sorted(chosen, key=lambda source: source.path)))


def as_trained(data: TrainingData, project: Project, model: ModelName) -> TrainingData:
    """The data with the digests that the stages before the model read when they last ran, where the lock says them."""
    upstream = upstream_of(_find_maker(project, model), project.stages)
    locked = {found.path: found.digest for stage in upstream for found in stage.dependencies if found.digest}
    return TrainingData(
        sources=tuple(replace(source, digest=locked.get(source.path, source.digest)) for source in data.sources)
    )


def with_digests(data: TrainingData, found: Mapping[str, Digest]) -> TrainingData:
    """The data with the digests that somebody found for some of its paths."""
    return TrainingData(
        sources=tuple(replace(source, digest=found.get(source.path, source.digest)) for source in data.sources)
    )


def find_maker(project: Project, model: ModelName) -> Stage:
    """The stage that makes the model; InputError where none does, or there is no such model."""
    return _find_maker(project, model)


def _find_maker(project: Project, model: ModelName) -> Stage:
    found = next((one for one in project.models if one.name == model), None)
    if found is None:
        known = ", ".join(sorted(one.name for one in project.models))
        raise InputError(
            f"the pipeline declares no model {model!r}",
            hint=f"models are: {known}" if known else "declare one in dvc.yaml, below artifacts, with type: model",
        )
    makers = [maker.stage for maker in index_producers(project.stages).around(found.path)]
    if not makers or makers[0].is_data:
        raise InputError(f"no stage makes the model {model}, so nothing can train it again")
    return makers[0]


def _tracked(upstream: Iterable[Stage]) -> Iterator[Source]:
    for stage in upstream:
        for output in stage.outputs if stage.is_data else ():
            yield Source(path=output.path, digest=output.digest or output.origin, file=stage.file)


def _untracked(upstream: Iterable[Stage], producers: Producers) -> Iterator[Dependency]:
    for stage in upstream:
        for dependency in stage.dependencies if not stage.is_data else ():
            if not producers.find(dependency.path):
                yield dependency


def _without_git(every: Mapping[str, Source], in_git: frozenset[str]) -> list[Source]:
    return [
        source for path, source in every.items() if source.file or not any(is_inside(file, path) for file in in_git)
    ]


def _choose(every: Mapping[str, Source], named: tuple[str, ...]) -> list[Source]:
    """The sources that are a named path, inside of it or around it."""
    for path in named:
        if not any(_touch(path, source) for source in every):
            known = ", ".join(sorted(every)[:10])
            raise InputError(
                f"the model is not trained on {path!r}",
                field="training.data",
                hint=f"it is trained on: {known}" if known else "nothing but outputs of stages leads to it",
            )
    return [source for path, source in every.items() if any(_touch(name, path) for name in named)]


def _touch(one: str, other: str) -> bool:
    return is_inside(one, other) or is_inside(other, one)


def _value(side: Mapping[str, Digest | None], path: str) -> str | None:
    digest = side.get(path)
    return digest.value if digest else ("" if path in side else None)


def _canonical(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()
