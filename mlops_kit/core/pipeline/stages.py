"""A pipeline's stages as one commit says them: what they read, write and were last run with.

Values only. All paths are from the repository's root with forward slashes, however the files wrote them.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mlops_kit.core.pipeline.plot_options import PlotOptions
from mlops_kit.core.types import Digest, StageName, StoredFile

PIPELINE_FILE = "dvc.yaml"
LOCK_FILE = "dvc.lock"
DEFAULT_PARAMS_FILE = "params.yaml"


class OutputKind(StrEnum):
    """Under which key of a stage an output stands."""

    DATA = "outs"
    METRIC = "metrics"
    PLOT = "plots"


@dataclass(frozen=True, kw_only=True, order=True)
class Dependency:
    """A path that a stage reads. `digest` is what the last run read, None where the lock says nothing.

    `files` is the number of files in a directory and `size` the bytes, None where the lock does not say. `stored` says
    where a versioned DVC remote keeps them.
    """

    path: str
    digest: Digest | None = None
    files: int | None = None
    size: int | None = None
    stored: tuple[StoredFile, ...] = field(default=(), compare=False)


@dataclass(frozen=True, kw_only=True, order=True)
class Output:
    """A path that a stage writes; `cached` is False where git keeps the bytes, `plot` says how a plot is drawn.

    `origin` is what an import was taken from, all that is known of one whose bytes were not downloaded: the digest of
    its source, or the commit as `git:…`. `remote` names the DVC remote that keeps it (empty: the default one), `stored`
    says where a versioned one does; `pushed` is False where none does.
    """

    path: str
    kind: OutputKind = OutputKind.DATA
    cached: bool = True
    digest: Digest | None = None
    files: int | None = None
    size: int | None = None
    origin: Digest | None = None
    plot: PlotOptions | None = field(default=None, compare=False)
    remote: str = field(default="", compare=False)
    stored: tuple[StoredFile, ...] = field(default=(), compare=False)
    pushed: bool = field(default=True, compare=False)


@dataclass(frozen=True, kw_only=True)
class StageParams:
    """The keys of one params file that a stage reads; no keys mean the whole file.

    `locked` holds the values of the last run, None where the lock has none for this file.
    """

    file: str
    keys: tuple[str, ...] = ()
    locked: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage. `file` is its dvc.yaml or `.dvc` file, `folder` where its command runs.

    `command` is empty for a `.dvc` file. `locked_command` is what the last run executed, None where the lock has no
    entry. `templated` says that dvc.yaml writes the stage with templates: then its parts come from the lock.
    """

    name: StageName
    file: str
    folder: str = ""
    command: tuple[str, ...] = ()
    locked_command: tuple[str, ...] | None = None
    dependencies: tuple[Dependency, ...] = ()
    params: tuple[StageParams, ...] = ()
    outputs: tuple[Output, ...] = ()
    frozen: bool = False
    always_changed: bool = False
    templated: bool = False
    meta: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_data(self) -> bool:
        """Whether it is a `.dvc` file: data that was added or imported, not made by a command."""
        return not self.file.endswith(PIPELINE_FILE)


def stage_name(file: str, name: str) -> StageName:
    """DVC's address of a stage: its name in the root's dvc.yaml, else `FILE:NAME`."""
    return StageName(name if file == PIPELINE_FILE else f"{file}:{name}")


def local_name(name: StageName, folder: str) -> str:
    """What a caller in `folder` writes for a stage: its bare name where the folder's own dvc.yaml has it."""
    file, separator, bare = name.rpartition(":")
    if not separator:
        file, bare = PIPELINE_FILE, name
    path = posixpath.relpath(file, folder or ".")
    return bare if path == PIPELINE_FILE else f"{path}:{bare}"


def rooted_name(root: str, name: StageName) -> StageName:
    """The address, from the repository's top, of what a DVC root below it calls `name`."""
    if not root:
        return name
    is_file = ":" in name or name.endswith(".dvc")
    return StageName(f"{root}/{name}" if is_file else f"{root}/{PIPELINE_FILE}:{name}")


def join_path(folder: str, path: str) -> str:
    """`path` as written in a stage that runs in `folder`, normalised; a URL or an absolute path stays as it is."""
    if "://" in path or path.startswith("/"):
        return path
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it; everything lies below the root, an empty string."""
    return path == folder or not folder or path.startswith(f"{folder}/")
