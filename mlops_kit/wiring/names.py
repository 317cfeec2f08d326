"""The names that a repository's files declare, without DVC and without a network: what a shell offers to complete."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.wiring.repository import load_config, open_git, open_work_tree

if TYPE_CHECKING:
    from mlops_kit.core.types import EnvironmentName, ModelName


def list_environments(
    folder: Path, environment: Mapping[str, str], config_file: str | None
) -> tuple[EnvironmentName, ...]:
    """The environments of the configuration at a repository's top, in its order."""
    config = load_config(open_git(folder, environment).root, config_file)
    return tuple(config.environments)


def list_models(folder: Path, environment: Mapping[str, str]) -> tuple[ModelName, ...]:
    """The models of the work tree's DVC files."""
    from mlops_kit.commands.facts import project_of

    tree = open_work_tree(open_git(folder, environment))
    return tuple(model.name for model in project_of(tree).models)


def list_stages(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The stages of the work tree's dvc.yaml files, as a caller in `folder` names them."""
    from mlops_kit.commands.facts import project_of
    from mlops_kit.core.pipeline.stages import local_name

    git = open_git(folder, environment)
    place = folder.resolve().relative_to(git.root).as_posix()
    stages = project_of(open_work_tree(git)).stages
    return tuple(local_name(stage.name, "" if place == "." else place) for stage in stages if not stage.is_data)
