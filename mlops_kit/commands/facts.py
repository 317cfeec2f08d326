"""Reads the facts of one commit or of the work tree: its project, metrics and params.

Git objects first, in one pass, and what DVC keeps by its digest; DVC itself is asked only for what the files do not
say themselves.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from mlops_kit.commands.cached import Reading
from mlops_kit.commands.value_files import expand, read_values
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.pipeline.hashing import hash_bytes, is_pointer
from mlops_kit.core.pipeline.lock import Inconsistency, inconsistencies, paths_to_check
from mlops_kit.core.pipeline.project import ParamsFile, Project, parse_project, project_paths, root_of
from mlops_kit.core.pipeline.stages import join_path
from mlops_kit.core.pipeline.values import ValueFile, metric_values, needs_dvc, param_values, parse_values
from mlops_kit.core.ports import Git, Objects, Resolver, Tree
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import CommitSha, ResolvedFile

_LOST = "its bytes are neither in the DVC cache here nor in the DVC remote (dvc push brings them there)"


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
        files = self.list_files()
        return files[bisect_left(files, f"{folder}/") : bisect_left(files, f"{folder}0")] if folder else files

    def list_special(self) -> Mapping[str, str]:
        """What is no regular file: each path with what it is."""
        return self.git.list_special(self.commit)

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


def inconsistencies_of(tree: Tree, project: Project) -> tuple[Inconsistency, ...]:
    """What nobody can have run in the lock of a tree; empty where it is consistent.

    A file that is too large to be read is not decided.
    """
    paths = paths_to_check(project, tree.list_files())
    try:
        return inconsistencies(project, tree.read_files(paths))
    except InputError:
        return inconsistencies(project, dict(_read_each(tree, paths)))


def _read_each(tree: Tree, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        with suppress(InputError):
            yield from tree.read_files([path]).items()


def project_of(tree: Tree) -> Project:
    """The project that a tree declares; models that git itself keeps get the digest of their bytes."""
    project = declared_project(tree)
    plain = [model.path for model in project.models if model.digest is None]
    read = tree.read_files(plain) if plain else {}
    found = {path: data for path, data in read.items() if not is_pointer(data)}
    models = (
        replace(model, digest=hash_bytes(found[model.path]), cached=False) if model.path in found else model
        for model in project.models
    )
    return replace(project, models=tuple(models))


def declared_project(tree: Tree) -> Project:
    """The project as its files alone declare it."""
    return _parse_once(tuple(tree.read_files(project_paths(tree.list_files())).items()))


def read_facts(tree: Tree, resolver: Resolver, objects: Objects | None = None) -> Facts:
    """Everything a report compares, of one tree; raises only where the project itself cannot be read."""
    project = project_of(tree)
    own = _read_own(tree, project, objects)
    asked = _ask(tree, resolver, project, own.unknown)
    return Facts(
        project=project,
        metrics=_choose(asked.metrics, own.metrics, project, asked.roots),
        params=_choose(asked.params, own.params, project, asked.roots),
        notes=asked.notes,
    )


@lru_cache(maxsize=8)
def _parse_once(files: tuple[tuple[str, bytes], ...]) -> Project:
    """The project that files declare: base, head and the plan often have the same ones."""
    return parse_project(dict(files))


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


def _read_own(tree: Tree, project: Project, objects: Objects | None) -> _Own:
    metrics = read_values(tree, project, objects, expand(project.metric_files, tree))
    named = {path: file for file in project.params_files for path in expand((file.path,), tree)}
    params = read_values(tree, project, objects, named)
    for_dvc = [path for path in params.files if path in named and _is_for_dvc(named[path])]
    for path in for_dvc:
        del params.files[path]
    return _Own(
        metrics={**_not_in_git(project, metrics), **_parse(metrics, metric_values)},
        params=_parse(params, partial(_read_params, named)),
        unknown=(*metrics.unknown, *params.unknown, *for_dvc, *project.templated),
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


def _not_in_git(project: Project, reading: Reading) -> dict[str, ValueFile]:
    """Metrics that git should have, for the last run made them and DVC does not keep them."""
    made = {output.path for stage in project.stages for output in stage.outputs if output.digest}
    lost = (path for path in project.metric_files if path in made and not reading.knows(path))
    return {path: ValueFile(path=path, error="dvc.lock knows it, but it is not in git") for path in lost}


def _parse(reading: Reading, read: Callable[[str, object], ValueFile]) -> dict[str, ValueFile]:
    """The values of what was read, and the reasons of what was not, by path."""
    errors = {**dict.fromkeys(reading.unknown, _LOST), **reading.errors}
    failed = {path: ValueFile(path=path, error=error) for path, error in errors.items()}
    return failed | {path: _read(path, data, read) for path, data in reading.files.items()}


def _read_params(named: Mapping[str, ParamsFile], path: str, content: object) -> ValueFile:
    return param_values(path, content, named[path].keys if path in named else ())


def _read(path: str, data: bytes, read: Callable[[str, object], ValueFile]) -> ValueFile:
    try:
        return read(path, parse_values(data, path=path))
    except InputError as error:
        return ValueFile(path=path, error=str(error))
