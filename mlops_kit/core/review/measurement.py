"""How a metric was measured, as the lock tells: on which data, by which scripts, with which seeds.

What a stage reads is the model under test, evaluation data or a script. Nobody declares which, so it is told by rules,
which docs/report.md explains; the policy's `evaluation` patterns overrule them for data. Values only.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from mlops_kit.core.pipeline.graph import Producers, index_producers, link_stages
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Dependency, OutputKind, Stage, is_inside
from mlops_kit.core.pipeline.values import Value, param_values
from mlops_kit.core.types import Digest, StageName


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CODE_ENDINGS = _words("py ipynb r rmd jl sh sql scala java kt go rs c cc cpp h hpp cu js ts lua m")
MODEL_ENDINGS = _words(
    "pkl pickle joblib skops pt pth ckpt safetensors onnx keras h5 pb tflite cbm ubj bst gguf mlmodel"
)
MODEL_NAMES = frozenset({"model", "models", "weights", "checkpoint", "checkpoints"})
"""The last word of a file's or folder's name that is a model whatever its ending."""
EVALUATION_NAMES = frozenset({"test", "val", "valid", "validation", "eval", "evaluation", "holdout"})
"""Words in a path that say that something is evaluated on it."""
DATA_NAMES = frozenset({"data", "dataset", "datasets", "features"})
"""Words in a path beside which an ending such as `.pkl` makes no model."""

_WORD = re.compile(r"[a-z]+|\d+")


class _Role(StrEnum):
    UNDER_TEST = "under test"
    NAMED_DATA = "named data"
    DATA = "data"
    SCRIPT = "script"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What went into the values of one metrics file besides the model under test.

    A digest is None where the lock has none. `seeds` are by `FILE:KEY`, None where the stage has never been run.
    """

    stage: StageName
    data: Mapping[str, Digest | None]
    scripts: Mapping[str, Digest | None]
    seeds: Mapping[str, Value] | None
    under_test: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """A project indexed by who writes what and which stages' results depend on a model."""

    project: Project
    stages: Mapping[StageName, Stage]
    producers: Producers
    sources: Mapping[StageName, tuple[StageName, ...]]
    training: frozenset[StageName]
    after_training: frozenset[StageName]

    def find_writer(self, path: str) -> Stage | None:
        """The stage whose command writes a path."""
        return next((found.stage for found in self.producers.around(path) if not found.stage.is_data), None)

    def measure(self, stage: Stage, patterns: Iterable[str] = ()) -> Measurement:
        """How the stage measures what it writes; `patterns` are the only data where there are any."""
        given = tuple(patterns)
        chain, roles = self._chain(stage, given)
        data = [found for found, role in roles if role in {_Role.NAMED_DATA, _Role.DATA}]
        under_test = frozenset(found.path for found, role in roles if role is _Role.UNDER_TEST)
        trains = stage.name in self.training or not under_test
        if trains:
            data = [found for found, role in roles if role is _Role.NAMED_DATA]
        scripts = [] if trains else [found for found, role in roles if role is _Role.SCRIPT]
        fed = [found for found, role in roles if role is not _Role.SCRIPT] if trains else data
        return Measurement(
            stage=stage.name,
            data={found.path: found.digest for found in data},
            scripts={found.path: found.digest for found in scripts},
            seeds=None if stage.locked_command is None else dict(self._seeds(chain, fed)),
            under_test=under_test,
        )

    def _chain(
        self, stage: Stage, patterns: tuple[str, ...]
    ) -> tuple[tuple[Stage, ...], tuple[tuple[Dependency, _Role], ...]]:
        """The stage and those between it and the training, such as one that predicts, with all that they read."""
        chain, waiting, roles = {stage.name: stage}, [stage], []
        while waiting:
            for dependency in waiting.pop().dependencies:
                roles.append((dependency, self._role(dependency, patterns)))
                if roles[-1][1] is _Role.UNDER_TEST:
                    between = [found for found in self._makers(dependency.path) if found.name not in self.training]
                    waiting += [found for found in between if found.name not in chain]
                    chain |= {found.name: found for found in between}
        return tuple(chain.values()), tuple(roles)

    def _role(self, found: Dependency, patterns: tuple[str, ...]) -> _Role:
        """By the patterns where there are any and they fit; else by the first rule that does."""
        if any(fits(found.path, pattern) for pattern in patterns):
            return _Role.NAMED_DATA
        role = self._guess(found)
        return _Role.OTHER if patterns and role in {_Role.NAMED_DATA, _Role.DATA} else role

    def _guess(self, found: Dependency) -> _Role:
        words = path_words(found.path)
        if any(_touch(found.path, model.path) for model in self.project.models):
            return _Role.UNDER_TEST
        if not self.producers.find(found.path) and _is_code(found, words):
            return _Role.SCRIPT
        if self._is_made_by_model(found.path, words) or _is_model(found.path):
            return _Role.UNDER_TEST
        return _Role.NAMED_DATA if EVALUATION_NAMES & words else _Role.DATA

    def _is_made_by_model(self, path: str, words: frozenset[str]) -> bool:
        makers = self._makers(path)
        if EVALUATION_NAMES & words and all(maker.name in self.training for maker in makers):
            return False
        return any(maker.name in self.after_training for maker in makers)

    def _makers(self, path: str) -> tuple[Stage, ...]:
        return tuple(found.stage for found in self.producers.find(path) if not found.stage.is_data)

    def _seeds(self, chain: Iterable[Stage], fed: Iterable[Dependency]) -> Iterator[tuple[str, Value]]:
        """The seeds of the measuring stages, and of those that made, and perhaps split, what they measure on."""
        makers = (maker.name for found in fed for maker in self._makers(found.path))
        behind = follow(makers, self.sources) - self.after_training
        sources = {name: self.stages[name] for name in sorted(behind)}
        for stage in (*chain, *sources.values()):
            for params in stage.params:
                for key, value in param_values(params.file, dict(params.locked or {})).values.items():
                    if _is_seed(key):
                        yield f"{params.file}:{key}", value


def index_measuring(project: Project) -> Measuring:
    """The project, ready to be asked how its metrics were measured."""
    sources = link_stages(project.stages)
    readers: dict[StageName, list[StageName]] = {}
    for name, read in sources.items():
        for source in read:
            readers.setdefault(source, []).append(name)
    training = frozenset(stage.name for stage in project.stages if _trains(stage, project))
    return Measuring(
        project=project,
        stages={stage.name: stage for stage in project.stages},
        producers=index_producers(project.stages),
        sources=sources,
        training=training,
        after_training=follow(training, readers),
    )


def follow(names: Iterable[StageName], links: Mapping[StageName, Iterable[StageName]]) -> frozenset[StageName]:
    """The names, and all that the links lead to from them."""
    waiting, reached = list(names), set[StageName]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(links.get(name, ()))
    return frozenset(reached)


def fits(path: str, pattern: str) -> bool:
    """Whether a pattern names a path, a folder around it, or something inside of it."""
    return fnmatchcase(path, pattern) or _touch(path, pattern.rstrip("/"))


def path_words(path: str) -> frozenset[str]:
    """The words of a path, in lower case, without its ending."""
    return frozenset(_WORD.findall(path.removesuffix(f".{_ending(path)}").lower()))


def _trains(stage: Stage, project: Project) -> bool:
    """Whether a command makes a model: a declared one, or an output that looks like one."""
    outputs = [found.path for found in stage.outputs if found.kind is OutputKind.DATA]
    return not stage.is_data and any(
        _is_model(path) or any(_touch(path, model.path) for model in project.models) for path in outputs
    )


def _is_code(found: Dependency, words: frozenset[str]) -> bool:
    """Whether a path that only git keeps holds code: by its ending, or a folder that is not called data."""
    is_folder = found.digest is not None and found.digest.is_directory
    return _ending(found.path) in CODE_ENDINGS or (is_folder and not words & (DATA_NAMES | EVALUATION_NAMES))


def _is_model(path: str) -> bool:
    words = path_words(path)
    name = _WORD.findall(path.rpartition("/")[2].removesuffix(f".{_ending(path)}").lower())
    if name and name[-1] in MODEL_NAMES:
        return True
    return _ending(path) in MODEL_ENDINGS and not words & (DATA_NAMES | EVALUATION_NAMES)


def _is_seed(key: str) -> bool:
    words = _WORD.findall(key.rpartition(".")[2].lower())
    return words[-1:] == ["seed"] or words[-2:] == ["random", "state"] or words == ["seed", "everything"]


def _touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies inside of it."""
    return bool(one and other) and (is_inside(one, other) or is_inside(other, one))


def _ending(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name[1:] else ""
