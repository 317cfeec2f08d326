"""What DVC does to one stage, step by step: has it changed, can it be restored, what did it produce.

The same calls in the same order as DVC's own `Stage.reproduce` and `Stage.run`, without its path marks around every
step: one process does all of this in one thread, so they would only cost time.
"""

from collections.abc import Iterator

from dvc.dependency import DatasetDependency, DbDependency, Dependency
from dvc.exceptions import CheckoutError
from dvc.stage import Stage
from dvc.stage.cache import _can_hash
from dvc.stage.imports import sync_import
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.stage.utils import check_missing_outputs

from mlops_kit.adapters.dvc.outputs import check_out_missing
from mlops_kit.core.errors import StageFailedError

_changed_dependencies = Stage._changed_deps.__wrapped__
_changed_outputs = Stage.changed_outs.__wrapped__
_commit_outputs = Stage.commit.__wrapped__


def is_changed(stage: Stage, upstream: list[Stage], *, allow_missing: bool = False) -> bool:
    """Whether DVC would run the stage; with `allow_missing`, data that is only absent here is no change."""
    return bool(
        stage.changed_stage()
        or _has_changed_dependencies(stage, upstream, allow_missing=allow_missing)
        or _changed_outputs(stage, allow_missing=allow_missing)
    )


def _has_changed_dependencies(stage: Stage, upstream: list[Stage], *, allow_missing: bool) -> bool:
    if stage.frozen:
        return False
    if stage.is_callback or stage.always_changed:
        return True
    return bool(_changed_dependencies(stage, allow_missing=allow_missing, upstream=upstream))


def is_only_absent(stage: Stage, upstream: list[Stage]) -> bool:
    """Whether the stage is unchanged, but for data that the lock names and git does not keep: it may be absent."""
    settled = all(out.hash_info and (out.use_cache or out.exists) for out in stage.outs)
    return settled and not is_changed(stage, upstream, allow_missing=True)


def pull_outputs(stage: Stage) -> bool:
    """Fetch and check out a stage's data in DVC's own way; whether that worked."""
    try:
        stage.repo.pull(stage.addressing)
        stage.checkout()
    except CheckoutError:
        return False
    return True


def missing_dependencies(stage: Stage) -> Iterator[Dependency]:
    """Dependencies that are not in the workspace."""
    for dep in stage.deps:
        if not isinstance(dep, DatasetDependency | DbDependency) and not dep.exists:
            yield dep


def require_dependencies(stage: Stage) -> None:
    """Raise StageFailedError where a dependency is missing, before anything is removed for the run."""
    for dep in missing_dependencies(stage):
        raise StageFailedError(f"dependency {str(dep)!r} does not exist")


def find_earlier(stage: Stage) -> Stage | None:
    """What the stage wrote from the same inputs before, as a stage: by the lock or the run-cache.

    The first half of DVC's `StageCache.restore`. It notes the inputs as they are now, so it is asked once only: then
    the lock's outputs would seem to be of these inputs.
    """
    if not _can_hash(stage):
        return None
    if not stage.changed_stage() and stage.deps_cached() and all(out.hash_info for out in stage.outs):
        entry = to_single_stage_lockfile(stage)
    else:
        stage.save_deps()
        entry = stage.repo.stage_cache._load(stage)
    return stage.repo.stage_cache._create_stage(entry, wdir=stage.wdir) if entry else None


def check_out_earlier(earlier: Stage) -> bool:
    """Check an earlier result out; whether the cache has all of it. The second half of DVC's `StageCache.restore`."""
    if not earlier.outs_cached():
        return False
    earlier.checkout()
    return True


def restore_data(stage: Stage, upstream: list[Stage]) -> bool:
    """Check out missing data from the cache; whether the stage is unchanged then."""
    check_out_missing(stage)
    return not is_changed(stage, upstream)


def update_import(stage: Stage) -> None:
    """Download what an import points to."""
    sync_import(stage)


def verify_outputs(stage: Stage) -> None:
    """Raise where an output of a frozen stage, or the data of a `.dvc` file, is missing."""
    check_missing_outputs(stage)


def save_outputs(stage: Stage) -> None:
    """Hash dependencies and outputs, move outputs into the cache, and note the run in the run-cache."""
    uncached_data = any(not out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot))
    stage.save(run_cache=not uncached_data)
    _commit_outputs(stage)
