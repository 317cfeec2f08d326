"""Reads what scoring the live model beside the candidate left in a tree, and says of what it does not hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.core.config import Config
from mlops_kit.core.config.evaluation import EvaluationPolicy
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.hashing import hash_bytes, hash_folder
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.scoring import Trial, files_of_interest, plan_trial, touches_any
from mlops_kit.core.pipeline.stages import Dependency, is_inside
from mlops_kit.core.ports import Tree
from mlops_kit.core.review.evaluation import Evaluation, evaluation_path, parse_evaluation, why_not_of, why_stale
from mlops_kit.core.types import Digest, EnvironmentName, ModelName

_AS_BEFORE = "gates compare with what was recorded of the live model"


@dataclass(frozen=True, kw_only=True)
class Held:
    """The evaluations that hold, and what is to be said of the others."""

    evaluations: tuple[Evaluation, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where evaluations are read: a tree, what it declares, and the environment whose live version was scored."""

    tree: Tree
    project: Project
    environment: EnvironmentName


def read_evaluations(place: Place, config: Config, live: Mapping[ModelName, Digest]) -> Held:
    """The evaluations of the models that are live in other bytes than the tree's; nothing raises, all is said."""
    found: list[Evaluation] = []
    notes: list[str] = []
    for name, policy in sorted(config.evaluate.items()):
        try:
            found.extend(_read(place, ModelName(name), policy, live))
        except KitError as error:
            notes.append(f"{name} is not scored beside the live model: {error}; {_AS_BEFORE}")
    return Held(evaluations=tuple(found), notes=tuple(notes))


def read_evaluation(place: Place, trial: Trial, live: Digest) -> Evaluation:
    """The evaluation of a trial's model beside the live version; InputError where there is none that holds."""
    path = evaluation_path(place.environment, trial.model.name)
    data = place.tree.read_files([path]).get(path)
    if data is None:
        raise InputError(f"there is no {path} (mlops-kit evaluate makes it)")
    found = parse_evaluation(data, file=path)
    candidate = str(trial.model.digest)
    wrong = why_not_of(found, environment=place.environment, live=live, candidate=candidate)
    if wrong := wrong or why_stale(found, trial):
        raise InputError(f"{path} is of something else ({wrong}); mlops-kit evaluate makes it anew")
    return found


def trial_of(place: Place, name: ModelName, policy: EvaluationPolicy) -> Trial:
    """How a tree's model is scored; InputError where it cannot be."""
    known = frozenset(place.tree.list_files())
    wanted = [path for path in files_of_interest(policy) if path in known]
    digests = {path: hash_bytes(data) for path, data in place.tree.read_files(wanted).items()}
    trial = plan_trial(place.project, name, policy, files=digests)
    apart = [kept.path for kept in trial.kept]
    inputs = (one if touches_any(one.path, apart) else _as_it_is(place.tree, one) for one in trial.inputs)
    return replace(trial, inputs=tuple(inputs))


def _as_it_is(tree: Tree, found: Dependency) -> Dependency:
    """What git has is named by its bytes, which run, and not by what the lock says of them."""
    files = [path for path in tree.list_files() if is_inside(path, found.path)]
    try:
        hashes = {path: hash_bytes(data) for path, data in tree.read_files(files).items()}
    except InputError:  # too large to be read
        return found
    match list(hashes):
        case []:
            return found
        case [path] if path == found.path:
            return replace(found, digest=hashes[path])
        case _:
            return replace(found, digest=hash_folder({path: one.value for path, one in hashes.items()}))


def _read(
    place: Place, name: ModelName, policy: EvaluationPolicy, live: Mapping[ModelName, Digest]
) -> Iterator[Evaluation]:
    if name not in live:
        return
    trial = trial_of(place, name, policy)
    if trial.model.digest != live[name]:
        yield read_evaluation(place, trial, live[name])
