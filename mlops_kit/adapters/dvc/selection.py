"""Which of DVC's stages a run looks at, in which order, and how each looks to the scheduler."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from dvc.dependency import DatasetDependency
from dvc.dvcfile import PROJECT_FILE
from dvc.exceptions import OutputNotFoundError
from dvc.output import Output
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages
from dvc.stage import PipelineStage, Stage
from dvc.stage.exceptions import StageFileDoesNotExistError, StageNotFound
from networkx import DiGraph, dfs_postorder_nodes

from mlops_kit.adapters.dvc.boundary import Boundary
from mlops_kit.adapters.stage_times import read_times
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.pipeline.wants import parse_wants
from mlops_kit.core.run import PlannedStage, Selection, Wants
from mlops_kit.core.types import StageName


def select_stages(repo: Repo, graph: DiGraph, selection: Selection) -> list[Stage]:
    """The selected stages and what they need, each after what it needs."""
    if selection.targets:
        chosen = [stage for target in selection.targets for stage in _find(repo, target)]
    else:
        chosen = _all_stages(repo, selection)
    stages = list(dfs_postorder_nodes(graph.subgraph(_with_needs(graph, chosen))))
    Boundary(repo).check(stages)
    return stages


def address(stage: Stage, root: Path) -> StageName:
    """DVC's address of a stage, as seen from DVC's root."""
    file = Path(stage.path).relative_to(root).as_posix()
    if not isinstance(stage, PipelineStage):
        return StageName(file)
    return StageName(str(stage.name) if file == PROJECT_FILE else f"{file}:{stage.name}")


def describe_stages(stages: Iterable[Stage], root: Path) -> tuple[PlannedStage, ...]:
    """Stages as the scheduler sees them, with the times that they took here."""
    times = read_times(root)
    return tuple(replace(stage, seconds=times.get(stage.name)) for stage in (_describe(one, root) for one in stages))


def _describe(stage: Stage, root: Path) -> PlannedStage:
    reads = tuple(dict.fromkeys(_reads(stage, root)))
    return PlannedStage(
        name=address(stage, root),
        reads=() if stage.frozen else reads,
        writes=tuple(path_from_root(out, root) for out in stage.outs),
        watches=reads if stage.frozen else (),
        wants=read_wants(stage, root),
    )


def path_from_root(item: Output, root: Path) -> str:
    """Where a dependency or an output lies, from DVC's root with forward slashes (empty for the root itself).

    Elsewhere its address.
    """
    if item.protocol != "local":
        return f"{item.protocol}://{item.fs_path}"
    path = Path(os.path.relpath(item.fs_path, root)).as_posix()
    return "" if path == "." else path


def read_wants(stage: Stage, root: Path) -> Wants:
    """What a stage's meta asks for."""
    place = Location(file=Path(stage.path).relative_to(root).as_posix())
    return parse_wants(stage.meta, place=place, stage=str(getattr(stage, "name", "")))


def _find(repo: Repo, target: str) -> list[Stage]:
    """The stages that a target names, or the one that writes it."""
    try:
        return list(collect_stages(repo, [target]))
    except (StageNotFound, StageFileDoesNotExistError):
        try:
            return [out.stage for out in repo.find_outs_by_path(target)]
        except OutputNotFoundError:
            pass
        raise


def _all_stages(repo: Repo, selection: Selection) -> list[Stage]:
    """Every stage of the folder's dvc.yaml, or of all pipelines; InputError where there is none."""
    if selection.every_pipeline:
        found = list(repo.index.stages)
    elif Path(PROJECT_FILE).is_file():
        home = str(Path(PROJECT_FILE).absolute())
        found = [stage for stage in repo.index.stages if stage.path == home]
    else:
        raise InputError(
            f"no {PROJECT_FILE} in {Path.cwd()}",
            hint="name a target, take every pipeline with --all-pipelines, or add a stage with: dvc stage add",
        )
    if not any(isinstance(stage, PipelineStage) for stage in found):
        raise InputError("no stages", location=Location(file=PROJECT_FILE), hint="add one with: dvc stage add")
    return found


def _with_needs(graph: DiGraph, chosen: Iterable[Stage]) -> set[Stage]:
    """The chosen stages and everything that they need, directly or not."""
    found: set[Stage] = set()
    left = list(chosen)
    while left:
        stage = left.pop()
        if stage not in found:
            found.add(stage)
            left.extend(graph.successors(stage))
    return found


def _reads(stage: Stage, root: Path) -> Iterator[str]:
    if stage.is_repo_import or stage.is_db_import:
        return
    for dep in stage.deps:
        if not isinstance(dep, DatasetDependency):
            yield path_from_root(dep, root)
