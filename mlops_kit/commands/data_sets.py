"""Finds data sets by their path: as a revision records them, or as the model of an environment was trained on them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import CommitTree, project_of
from mlops_kit.commands.live import LIVE, find_live_commit, last_records, tell_commits
from mlops_kit.core.config import Config
from mlops_kit.core.drift.profile import DataFile, DataSet, table_format
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.pipeline.project import Project, root_of
from mlops_kit.core.pipeline.stages import Output, is_inside
from mlops_kit.core.ports import Git, Objects, PromotionLog, Tree
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName

LARGEST = 10**15
"""Bytes of the largest file that is fetched: data may be as large as it is."""
_LISTING_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """Where data sets are found.

    `open_place` finds one by a path or an address that no revision names; None where there is nothing of that name.
    `keep` writes the bytes of a file that git keeps, under its name, and says where.
    """

    git: Git
    log: PromotionLog
    objects: Objects
    work_tree: Tree
    open_place: Callable[[str], DataSet | None]
    keep: Callable[[str, bytes], Path]


def find_reference(warehouse: Warehouse, path: str, wanted: str, config: Config) -> DataSet:
    """The data that a revision records, or that the live model of an environment was trained on.

    With nothing wanted it is the last environment, in their order, in which something is live.
    """
    if wanted and not wanted.startswith(LIVE):
        return at_revision(warehouse, path, wanted)
    environment, commit = _live_commit(warehouse, wanted.removeprefix(LIVE), config)
    return _at_commit(warehouse, path, commit, f"{path} of what is live in {environment}")


def find_current(warehouse: Warehouse, path: str, wanted: str) -> DataSet:
    """A file, folder or address, else what a revision records; with nothing wanted what the work tree records."""
    if not wanted:
        tree = warehouse.work_tree
        return _find(warehouse, path, tree, f"{path} of the work tree")
    return warehouse.open_place(wanted) or at_revision(warehouse, path, wanted)


def at_revision(warehouse: Warehouse, path: str, revision: str) -> DataSet:
    """The data as a revision records it."""
    commit = require_commit(warehouse.git, revision).commit
    return _at_commit(warehouse, path, commit, f"{path} at {revision}")


def _at_commit(warehouse: Warehouse, path: str, commit: CommitSha, name: str) -> DataSet:
    return _find(warehouse, path, CommitTree(git=warehouse.git, commit=commit), name)


def _live_commit(warehouse: Warehouse, wanted: str, config: Config) -> tuple[str, CommitSha]:
    records = warehouse.log.read_records()
    if wanted and wanted not in config.environments:
        known = ", ".join(config.environments)
        raise InputError(f"{wanted!r} is not an environment", hint=f"environments are: {known}")
    for name in (wanted,) if wanted else reversed(tuple(config.environments)):
        live = last_records(records, EnvironmentName(name))
        if not live:
            continue
        commit = find_live_commit(warehouse.git, live)
        if commit is None:
            raise InputError(
                f"no single commit is live in {name}: {tell_commits(live)}", hint="name one with --reference REVISION"
            )
        return name, require_commit(warehouse.git, commit).commit
    where = f"in {wanted!r}" if wanted else "in any environment"
    raise InputError(f"nothing is live {where}", hint="name the data's revision with --reference REVISION")


def _find(warehouse: Warehouse, path: str, tree: Tree, name: str) -> DataSet:
    project = project_of(tree)
    output = _holder(project, path)
    if output is None or not output[1].cached:
        return _kept_by_git(warehouse, path, tree, name, project)
    root, found = output
    if found.digest is None:
        raise InputError(f"{name}: it was never made, nothing is in the lock", hint="run it: mlops-kit reproduce")
    digests = dict(_files(warehouse, root, found, path))
    places = _places(warehouse, root, digests, name)
    files = tuple(DataFile(place=places[digest], name=file) for file, digest in sorted(digests.items()))
    whole = digests.get(path) or (found.digest if path == found.path else None)
    return DataSet(name=name, files=files, digest=str(whole or ""))


def _holder(project: Project, path: str) -> tuple[str, Output] | None:
    """The DVC root and the output that is, or has, a path."""
    return next(
        (
            (root_of(stage.file, project.roots), output)
            for stage in project.stages
            for output in stage.outputs
            if is_inside(path, output.path)
        ),
        None,
    )


def _files(warehouse: Warehouse, root: str, output: Output, path: str) -> Iterator[tuple[str, Digest]]:
    """The tables of an output that lie at a path or below it, by path."""
    digest = output.digest
    if digest is None:
        return
    if not digest.is_directory:
        yield path, digest
        return
    listing = warehouse.objects.read(root, [digest], limit=_LISTING_LIMIT).get(digest)
    if listing is None:
        raise _lost(output.path, digest)
    for name, value in parse_listing(listing, digest).items():
        full = f"{output.path}/{name}"
        if full == path or (is_inside(full, path) and table_format(name)):
            yield full, Digest(algorithm=digest.algorithm, value=value)


def _places(warehouse: Warehouse, root: str, digests: Mapping[str, Digest], name: str) -> Mapping[Digest, Path]:
    if not digests:
        raise InputError(f"{name}: it has no table", hint="tables end in .csv, .tsv, .parquet, .pq, .jsonl or .ndjson")
    places = warehouse.objects.find(root, digests.values(), limit=LARGEST)
    for file, digest in digests.items():
        if digest not in places:
            raise _lost(file, digest)
    return places


def _lost(path: str, digest: Digest) -> OutsideError:
    return OutsideError(
        f"{path} ({digest}) is neither in the DVC cache here nor in the DVC remote", hint="bring it there: dvc push"
    )


def _kept_by_git(warehouse: Warehouse, path: str, tree: Tree, name: str, project: Project) -> DataSet:
    """A file, or the tables of a folder, that git keeps itself."""
    wanted = [path, *(file for file in tree.list_folder(path) if table_format(file))]
    found = tree.read_files(wanted)
    if not found:
        known = sorted({output.path for stage in project.stages for output in stage.outputs if output.cached})
        hint = f"tracked are: {', '.join(known[:10])}" if known else "track it: dvc add"
        raise InputError(f"{name}: there is no such data", hint=hint)
    files = tuple(DataFile(place=warehouse.keep(file, data), name=file) for file, data in sorted(found.items()))
    return DataSet(name=name, files=files)
