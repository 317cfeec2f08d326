"""Looks at every dvc.yaml of the work tree before DVC does, for what DVC would notice late or never."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.expansion import MOST_STAGES
from mlops_kit.core.pipeline.ignored import IGNORE_FILE, drop_ignored
from mlops_kit.core.pipeline.soundness import parse_pipelines, pipeline_faults, raise_faults
from mlops_kit.core.pipeline.stages import PIPELINE_FILE


def check_pipelines(git: GitRepository, folder: Path, *, most_stages: int | None = None) -> None:
    """Raise everything that is wrong with the dvc.yaml files of the DVC repository around a folder."""
    pipelines = parse_pipelines(_read_pipelines(git, folder))
    raise_faults(pipelines.errors)
    variables = dict(_read_variables(git.root, pipelines.variable_files))
    roots = (_dvc_root(git.root, folder),)
    raise_faults(pipeline_faults(pipelines, variables, roots=roots, most_stages=most_stages or MOST_STAGES))


def _read_pipelines(git: GitRepository, folder: Path) -> Mapping[str, bytes]:
    """The dvc.yaml files that DVC would read: those of the same DVC root that neither git nor DVC ignores."""
    wanted = [name for name in sorted(git.list_work_tree()) if PurePosixPath(name).name in {PIPELINE_FILE, IGNORE_FILE}]
    home = _dvc_root(git.root, folder)
    own = [name for name in wanted if _dvc_root(git.root, git.root / PurePosixPath(name).parent) == home]
    return drop_ignored({name: data for name in own if (data := read_limited(git.root, name)) is not None})


def _read_variables(root: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files of variables that can be read; about the others DVC knows what to say."""
    for name in names:
        with suppress(KitError):
            if (data := read_limited(root, name)) is not None:
                yield name, data


def _dvc_root(top: Path, folder: Path) -> str:
    """The innermost folder around `folder` that holds `.dvc`, as a path from the repository's top."""
    place = find_dvc_root(folder, top=top)
    return "" if place is None or place == top else place.relative_to(top).as_posix()
