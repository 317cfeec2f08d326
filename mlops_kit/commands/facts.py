"""Reads the facts of one commit or of the work tree: its project, metrics and params.

Git objects first, in one pass and without DVC; DVC is asked only for what the files do not say themselves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.pipeline.hashing import hash_bytes, is_pointer
from mlops_kit.core.pipeline.lock import Inconsistency, inconsistencies, paths_to_check
from mlops_kit.core.pipeline.project import ParamsFile, Project, parse_project, project_paths, root_of
from mlops_kit.core.pipeline.stages import is_inside, join_path
from mlops_kit.core.pipeline.values import ValueFile, metric_values, needs_dvc, param_values, parse_values
from mlops_kit.core.ports import Git, Resolver, Tree
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import CommitSha, ResolvedFile


@dataclass(frozen=True, kw_only=True)
class CommitTree:
    """The Tree port over one commit."""

    git: Git
    commit: CommitSha

    def list_files(self) -> tuple[str, ...]:
        """All regular files of the commit, sorted."""
        return self.git.list_files(self.commit)

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The regular files of the commit below a folder, sorted."""
        return tuple(path for path in self.list_files() if path != folder and is_inside(path, folder))

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit."""
        return self.git.read_files(self.commit, paths)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a report compares: the project, its metrics and params, and what could not be found out."""

    project: Project
    metrics: tuple[MetricFile, ...] = ()
    params: tuple[ValueFile, ...] = ()
    notes: tuple[str, ...] = ()


def read_project(git: Git, revision: str) -> Project:
    """The project that a commit declares, from git objects alone."""
    return project_of(CommitTree(git=git, commit=git.resolve(revision)))


def read_metrics(git: Git, resolver: Resolver, revision: str) -> tuple[MetricFile, ...]:
    """The metrics of a commit, sorted by path; a file that cannot be read has its `error` set."""
    return read_facts(CommitTree(git=git, commit=git.resolve(revision)), resolver).metrics


def inconsistencies_of(tree: Tree, project: Project) -> tuple[Inconsistency, ...]:
    """What nobody can have run in the lock of a tree; empty where it is consistent."""
    return inconsistencies(project, tree.read_files(paths_to_check(project, tree.list_files())))


def project_of(tree: Tree) -> Project:
    """The project that a tree declares; models that git itself keeps get the digest of their bytes."""
    project = parse_project(tree.read_files(project_paths(tree.list_files())))
    plain = [model.path for model in project.models if model.digest is None]
    read = tree.read_files(plain) if plain else {}
    found = {path: data for path, data in read.items() if not is_pointer(data)}
    models = (
        replace(model, digest=hash_bytes(found[model.path]), cached=False) if model.path in found else model
        for model in project.models
    )
    return replace(project, models=tuple(models))


def read_facts(tree: Tree, resolver: Resolver) -> Facts:
    """Everything a report compares, of one tree; raises only where the project itself cannot be read."""
    project = project_of(tree)
    own = _read_own(tree, project)
    asked = _ask(tree, resolver, project, own.unknown)
    return Facts(
        project=project,
        metrics=_choose(asked.metrics, own.metrics, project, asked.roots),
        params=_choose(asked.params, own.params, project, asked.roots),
        notes=asked.notes,
    )


@dataclass(frozen=True, kw_only=True)
class _Own:
    """What the files say themselves, by path, and the paths for which DVC must be asked."""

    metrics: Mapping[str, ValueFile]
    params: Mapping[str, ValueFile]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """DVC's answers, by path, the roots that it answered for, and what it could not say."""

    metrics: Mapping[str, ValueFile]
    params: Mapping[str, ValueFile]
    roots: tuple[str, ...]
    notes: tuple[str, ...]


def _read_own(tree: Tree, project: Project) -> _Own:
    metrics = _expand(project.metric_files, tree)
    params = {path: file for file in project.params_files for path in _expand((file.path,), tree)}
    files = tree.read_files([*metrics, *params])
    unknown = [path for path in metrics if path not in files and is_cached(project, path)]
    unknown += [path for path, file in params.items() if path in files and _is_for_dvc(file)]
    return _Own(
        metrics={file.path: file for file in _own_metrics(project, files, metrics)},
        params={file.path: file for file in _own_params(files, params)},
        unknown=(*unknown, *project.templated),
    )


def _ask(tree: Tree, resolver: Resolver, project: Project, unknown: Iterable[str]) -> _Asked:
    metrics: dict[str, ValueFile] = {}
    params: dict[str, ValueFile] = {}
    roots, notes = [], []
    for root in sorted({root_of(path, project.roots) for path in unknown}):
        try:
            answer = resolver.read_values(root, tree.commit)
        except OutsideError as error:
            notes.append(f"DVC could not read {root or 'the project'} in {tree.commit or 'the work tree'}: {error}")
            continue
        roots.append(root)
        metrics |= _resolved(root, answer.metrics, metric_values)
        params |= _resolved(root, answer.params, param_values)
    return _Asked(metrics=metrics, params=params, roots=tuple(roots), notes=tuple(notes))


def _choose(
    asked: Mapping[str, ValueFile], own: Mapping[str, ValueFile], project: Project, answered: Iterable[str]
) -> tuple[ValueFile, ...]:
    """One reading per path, sorted: DVC's where templates decide, else the file's own, each before a failed one."""
    by_dvc = {root_of(path, project.roots) for path in project.templated} & set(answered)
    chosen = []
    for path in sorted({*asked, *own}):
        templated = root_of(path, project.roots) in by_dvc
        readings = [asked.get(path), own.get(path)] if templated else [own.get(path), asked.get(path)]
        if not templated or readings[0] is not None:
            known = [reading for reading in readings if reading is not None]
            chosen.append(min(known, key=lambda reading: reading.error != ""))
    return tuple(chosen)


def _expand(paths: Iterable[str], tree: Tree) -> tuple[str, ...]:
    """The files that the paths stand for: a folder is every file in it."""
    known = set(tree.list_files())
    return tuple(inner for path in paths for inner in ((path,) if path in known else tree.list_folder(path) or (path,)))


def is_cached(project: Project, path: str) -> bool:
    """Whether the last run left this file, or a folder around it, in DVC's cache."""
    return any(
        output.cached and output.digest is not None and is_inside(path, output.path)
        for stage in project.stages
        for output in stage.outputs
    )


def _is_for_dvc(file: ParamsFile) -> bool:
    return file.path.endswith(".py") or needs_dvc(file.keys)


def _resolved(
    root: str, files: Iterable[ResolvedFile], read: Callable[[str, object], ValueFile]
) -> dict[str, ValueFile]:
    found = {join_path(root, file.path): file for file in files}
    return {
        path: ValueFile(path=path, error=file.error) if file.error else read(path, file.content)
        for path, file in found.items()
    }


def _own_metrics(project: Project, files: Mapping[str, bytes], paths: Iterable[str]) -> Iterator[ValueFile]:
    for path in paths:
        if path in files:
            yield _read(path, files[path], metric_values)
        elif is_cached(project, path):
            yield ValueFile(path=path, error="its bytes are not in the DVC cache here (dvc fetch brings them)")
        elif (output := project.find_output(path)) and output.digest:
            yield ValueFile(path=path, error="dvc.lock knows it, but it is not in git")


def _own_params(files: Mapping[str, bytes], params: Mapping[str, ParamsFile]) -> Iterator[ValueFile]:
    for path, file in params.items():
        if path in files and not _is_for_dvc(file):
            yield _read(path, files[path], partial(param_values, keys=file.keys))


def _read(path: str, data: bytes, read: Callable[[str, object], ValueFile]) -> ValueFile:
    try:
        return read(path, parse_values(data, path=path))
    except InputError as error:
        return ValueFile(path=path, error=str(error))
