"""Brings here, by few requests, what a report is going to read of two commits: files of git, and what DVC keeps."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from mlops_kit.commands.cached import fetch_ahead
from mlops_kit.commands.facts import CommitTree, declared_project
from mlops_kit.commands.value_files import expand
from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.errors import InputError, OutsideError, RefusedError
from mlops_kit.core.pipeline.definition import fits_template, parse_definition, written_paths
from mlops_kit.core.pipeline.expansion import variable_files
from mlops_kit.core.pipeline.lock import paths_to_check
from mlops_kit.core.pipeline.project import Project, project_paths
from mlops_kit.core.ports import Git, Objects, Tree
from mlops_kit.core.review.plotting import files_of
from mlops_kit.core.review.report import Side
from mlops_kit.core.types import CommitSha


def bring_files(git: Git, sides: Iterable[Side], config_file: str) -> None:
    """Fetch what a partial clone lacks of several commits; what cannot be had is told by whoever reads it.

    The first one is looked at before the others: what it declares they mostly have too, and where it is checked out
    it is here, so that all comes by one request.
    """
    if not git.is_partial:
        return
    head, *others = (CommitTree(git=git, commit=CommitSha(side.commit)) for side in sides)
    first = {tree.commit: [config_file, *project_paths(tree.list_files())] for tree in (head, *others)}
    with suppress(OutsideError):
        git.prefetch({head.commit: first[head.commit]})
        likely = _needs(head)
        git.prefetch({commit: [*paths, *likely] for commit, paths in first.items()})
        git.prefetch({tree.commit: _needs(tree) for tree in others})


def bring_objects(objects: Objects | None, trees: Iterable[Tree]) -> None:
    """Fetch the metrics and params that DVC keeps of several commits."""
    needs: list[tuple[Project, tuple[str, ...]]] = []
    for tree in trees:
        if tree.commit is not None:
            project = declared_project(tree)
            needs.append((project, _values(tree, project)))
    if objects is not None:
        fetch_ahead(objects, needs)


def _needs(tree: Tree) -> tuple[str, ...]:
    """What a commit's own declarations make a report read, and DVC where it is asked."""
    try:
        project = declared_project(tree)
        models = (model.path for model in project.models if model.digest is None)
        checked = paths_to_check(project, tree.list_files())
        plots = expand((file for plot in project.plots for file in files_of(plot)), tree)
        return (*_values(tree, project), *checked, *models, *plots, *_templated(tree, project))
    except (InputError, RefusedError):
        return ()


def _values(tree: Tree, project: Project) -> tuple[str, ...]:
    return expand((*project.metric_files, *(file.path for file in project.params_files)), tree)


def _templated(tree: Tree, project: Project) -> Iterator[str]:
    """What DVC reads where a dvc.yaml has templates: its variables, and every file that a written path can become."""
    for file, data in tree.read_files(project.templated).items():
        yield from variable_files(parse_yaml(data, file=file))
        written = tuple(written_paths(parse_definition(data, file=file)))
        yield from (path for path in tree.list_files() if any(fits_template(one, path) for one in written))
