"""Checks what a repository says before anything runs: mlops.yaml, the DVC files, the metrics they name.

Reads files only, knows neither DVC nor a registry, and finds every problem in one go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from mlops_kit.commands.serving_check import check_deployers
from mlops_kit.core.config import Config, default_config, parse_config
from mlops_kit.core.documents import Document, parse_yaml
from mlops_kit.core.errors import FoundProblemsError, InputError, InvalidInputError, KitError, Location, Problem
from mlops_kit.core.pipeline.completeness import check_digests, check_end, check_entries, check_sizes, check_stages
from mlops_kit.core.pipeline.definition import Definition, parse_data_file, parse_definition
from mlops_kit.core.pipeline.expansion import MOST_STAGES
from mlops_kit.core.pipeline.ignored import drop_ignored
from mlops_kit.core.pipeline.keys import check_keys
from mlops_kit.core.pipeline.lockfile import LockedStage, parse_lock
from mlops_kit.core.pipeline.lockpaths import check_locked_paths
from mlops_kit.core.pipeline.project import Project, find_roots, parse_project, project_paths
from mlops_kit.core.pipeline.soundness import parse_pipelines, pipeline_faults
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE
from mlops_kit.core.pipeline.values import metric_values, parse_values
from mlops_kit.core.ports import Deployers, Tree
from mlops_kit.core.promotion.bundles import check_bundles
from mlops_kit.core.review.coverage import (
    check_directions,
    check_evaluated,
    check_gates,
    check_measuring,
    check_writers,
)
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import EnvironmentName, ModelName

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What was checked. `error` holds everything that is wrong, None where nothing is; warnings stop nobody.

    `config_file` is None where there is none and the defaults hold.
    """

    config_file: str | None
    environments: tuple[EnvironmentName, ...] = ()
    gates: int = 0
    models: tuple[ModelName, ...] = ()
    stages: int = 0
    metric_files: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    error: FoundProblemsError | None = None
    warnings: tuple[Problem, ...] = ()


def validate(
    tree: Tree, *, config_file: str | None, default_file: str, open_deployers: Callable[[Config], Deployers]
) -> Validation:
    """Check a tree's files; `config_file` is the one the user named, which must be there.

    `open_deployers` is asked only where an environment names a deployer.
    """
    found = _Findings()
    name = config_file or default_file
    data = found.attempt(partial(_read_config, tree, name, required=config_file is not None))
    config = default_config() if data is None else found.attempt(partial(parse_config, data, file=name))
    files = _read_all(tree, project_paths(tree.list_files()), found)
    _check_files(files, found)
    _check_soundness(tree, files, found)
    project = _read_project(files, found)
    metrics = _read_metrics(tree, project, found)
    if config and data:
        document = parse_yaml(data, file=name)
        _check_policy(config, document, project, metrics, found)
        if any(environment.deploy for environment in config.environments.values()):
            found.add(check_deployers(config, open_deployers(config), document))
    return _summary(None if data is None else name, config=config, project=project, files=files, found=found)


def _check_policy(
    config: Config, document: Document, project: Project, metrics: tuple[MetricFile, ...], found: "_Findings"
) -> None:
    """Whether the policy fits the pipeline; what would only be missed is said where everything else could be read."""
    complete = not found.errors and _all_read(project, metrics)
    if not found.errors:
        found.add(check_bundles(config.bundle, (model.name for model in project.models), document))
    found.add(check_directions(config, metrics, document))
    if complete:
        found.warn(check_gates(config, metrics, document))
        found.warn(check_measuring(config, project, document))
        found.warn(check_writers(config, project, metrics, document))
        found.warn(check_evaluated(config, project, document))


@dataclass(kw_only=True)
class _Findings:
    """Collects what is wrong instead of stopping at it."""

    errors: list[KitError] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def attempt(self, read: Callable[[], Read]) -> Read | None:
        """The answer, or None with the error kept."""
        try:
            return read()
        except KitError as error:
            self.errors.append(error)
            return None

    def add(self, problems: tuple[Problem, ...]) -> None:
        """Keep problems that are errors."""
        if problems:
            self.errors.append(InvalidInputError(problems))

    def warn(self, problems: tuple[Problem, ...]) -> None:
        """Keep problems that stop nobody."""
        self.warnings.extend(problems)


def _read_config(tree: Tree, file: str, *, required: bool) -> bytes | None:
    data = tree.read_files([file]).get(file)
    if data is None and required:
        raise InputError("no such file", location=Location(file=file))
    return data


def _read_all(tree: Tree, paths: tuple[str, ...], found: _Findings) -> Mapping[str, bytes]:
    read = (found.attempt(partial(tree.read_files, [path])) for path in paths)
    return {path: data for files in read if files for path, data in files.items()}


def _check_files(files: Mapping[str, bytes], found: _Findings) -> None:
    pipelines = sorted(path for path in files if _is(path, PIPELINE_FILE))
    if not pipelines:
        found.errors.append(
            InputError(f"no {PIPELINE_FILE} in this repository", hint="describe the pipeline: dvc stage add --help")
        )
    definitions = [_check_pipeline(path, files, found) for path in pipelines]
    empty = tuple(_no_stages(one.file) for one in definitions if one and not _declares(one))
    if len(empty) == len(pipelines):
        found.add(empty)
    else:
        found.warn(empty)
    for path in files:
        if path.endswith(".dvc"):
            found.attempt(partial(parse_data_file, files[path], file=path))
        elif _is(path, LOCK_FILE) and path.replace(LOCK_FILE, PIPELINE_FILE) not in files:
            found.attempt(partial(parse_lock, files[path], file=path))


def _check_soundness(tree: Tree, files: Mapping[str, bytes], found: _Findings) -> None:
    """What would keep `reproduce` from starting."""
    pipelines = parse_pipelines(drop_ignored(files))
    present = set(tree.list_files())
    variables = _read_all(tree, tuple(path for path in pipelines.variable_files if path in present), found)
    found.errors.extend(pipeline_faults(pipelines, variables, roots=find_roots(files), most_stages=MOST_STAGES))


def _is(path: str, name: str) -> bool:
    return path.rpartition("/")[2] == name


def _check_pipeline(path: str, files: Mapping[str, bytes], found: _Findings) -> Definition | None:
    """What a dvc.yaml says, with its lock checked against it; None where it cannot be read."""
    definition = found.attempt(partial(_read_definition, files[path], file=path))
    lock_path = path.removesuffix(PIPELINE_FILE) + LOCK_FILE
    if lock_path not in files:
        if definition and definition.stages:
            found.warn((_never_run(lock_path),))
        return definition
    locked = found.attempt(partial(parse_lock, files[lock_path], file=lock_path))
    if definition and locked is not None:
        found.add(_lock_problems(definition, locked, files, lock_path))
    return definition


def _declares(definition: Definition) -> bool:
    return any((definition.stages, definition.artifacts, definition.metrics, definition.params, definition.plots))


def _no_stages(file: str) -> Problem:
    return Problem(message="no stages", location=Location(file=file), hint="add one with: dvc stage add")


def _read_definition(data: bytes, *, file: str) -> Definition:
    document = parse_yaml(data, file=file)
    if problems := check_keys(document):
        raise InvalidInputError(problems)
    return parse_definition(data, file=file)


def _lock_problems(
    definition: Definition, locked: Mapping[str, LockedStage], files: Mapping[str, bytes], lock_path: str
) -> tuple[Problem, ...]:
    own = {path: files[path] for path in (definition.file, lock_path)}
    return (
        *check_end(files[lock_path], file=lock_path),
        *check_digests(locked, file=lock_path),
        *check_sizes(locked, file=lock_path),
        *check_stages(definition, locked, file=lock_path),
        *check_entries(parse_project(own).stages, file=lock_path),
        *check_locked_paths(locked, definition, file=lock_path),
    )


def _never_run(lock_path: str) -> Problem:
    return Problem(
        message="no such file: the pipeline has never been run",
        location=Location(file=lock_path),
        hint="run it with: mlops-kit reproduce",
    )


def _read_project(files: Mapping[str, bytes], found: _Findings) -> Project:
    """The project; an empty one where it is broken, which is said where it was not said of a file already."""
    try:
        return parse_project(files)
    except KitError as error:
        if not found.errors:
            found.errors.append(error)
        return Project()


def _read_metrics(tree: Tree, project: Project, found: _Findings) -> tuple[MetricFile, ...]:
    """The metric files that lie in the tree; those in a cache alone are not looked for."""
    files = _read_all(tree, project.metric_files, found)
    read = (found.attempt(partial(_read_metric_file, path, data)) for path, data in files.items())
    return tuple(file for file in read if file is not None)


def _read_metric_file(path: str, data: bytes) -> MetricFile:
    return metric_values(path, parse_values(data, path=path))


def _all_read(project: Project, metrics: tuple[MetricFile, ...]) -> bool:
    """Whether every metric of the project is known: only then can a gate be said to have none."""
    return not project.templated and {found.path for found in metrics} >= set(project.metric_files)


def _summary(
    name: str | None, *, config: Config | None, project: Project, files: Mapping[str, bytes], found: _Findings
) -> Validation:
    environments = config.environments if config else {}
    return Validation(
        config_file=name,
        environments=tuple(environments),
        gates=sum(len(environment.gates) for environment in environments.values()),
        models=tuple(model.name for model in project.models),
        stages=sum(not stage.is_data for stage in project.stages),
        metric_files=project.metric_files,
        files=tuple(sorted(path for path in files if path.endswith((PIPELINE_FILE, LOCK_FILE, ".dvc")))),
        error=FoundProblemsError(found.errors) if found.errors else None,
        warnings=tuple(found.warnings),
    )
