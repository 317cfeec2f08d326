"""One stage's books where its command runs on another machine: what crosses, there and back.

The machine that plans needs no data: it knows hashes from lock entries. The one that runs gets data from the DVC
remote and sends what it made there.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dvc.dependency import DatasetDependency, ParamsDependency
from dvc.exceptions import CheckoutError
from dvc.output import Output
from dvc.stage import PipelineStage, Stage
from dvc.stage.loader import StageLoader
from dvc.stage.serialize import to_lockfile
from dvc.utils.serialize import dumps_yaml, load_yaml

from mlops_kit.adapters.dvc import sending, steps
from mlops_kit.adapters.dvc.selection import address
from mlops_kit.adapters.files import write_atomic
from mlops_kit.core.errors import IntegrityError, StageFailedError
from mlops_kit.core.run import Errand, RemoteResult, StageState

SMALL_BYTES = 64 * 1024 * 1024
"""The most that a stage's outputs with `cache: false`, which travel by themselves, may have in all."""


def is_changed(stage: Stage, upstream: list[Stage], brought: set[Stage]) -> bool:
    """Whether the stage must run, judged without its data; `brought` are the stages that ran in this run.

    DVC compares an absent input with an output of the same path only. Where one lies inside the other, an output that
    was made anew counts as a change. An output that git keeps is not in the DVC remote: where it is absent, it is lost.
    """
    return bool(
        any(not out.use_cache and not out.exists for out in stage.outs)
        or any(not item.hash_info for item in (*_hashed(stage.deps), *stage.outs))
        or steps.is_changed(stage, upstream, allow_missing=True)
        or any(dep.fs_path != out.fs_path for dep, out in _meetings(stage, [up for up in upstream if up in brought]))
    )


def require_unchanged(stage: Stage, upstream: list[Stage]) -> StageState:
    """The state of a stage without a command; StageFailedError where it differs from what other machines will get."""
    if steps.is_changed(stage, upstream, allow_missing=True):
        raise StageFailedError(
            f"{stage.relpath} is not up to date here, and other machines take what it says: "
            "run dvc commit or dvc update, dvc push, and commit it"
        )
    return StageState.CACHED


def describe_errand(stage: PipelineStage, upstream: list[Stage]) -> Errand:
    """The stage with the lock entries of what it reads, and the contents that only git or this work tree has."""
    root = Path(stage.repo.root_dir)
    locks: dict[str, dict[str, Any]] = {}
    for each in (*upstream, stage):
        if isinstance(each, PipelineStage) and any(out.hash_info for out in each.outs):
            path = Path(each.dvcfile._lockfile.path).relative_to(root).as_posix()
            locks.setdefault(path, {}).update(to_lockfile(each))
    meetings = [(dep, out) for dep, out in _meetings(stage, upstream) if out.protocol == "local"]
    small = {out.fs_path: out for _, out in meetings if not out.use_cache}
    return Errand(
        stage=address(stage, root),
        root=Path(os.path.relpath(root, stage.repo.scm.root_dir)).as_posix(),
        locks=locks,
        files=_read_files(small.values(), root) | _read_ignore_files(meetings, root),
    )


def lay_out(errand: Errand, root: Path, *, site: Path) -> None:
    """Put what is newer than the commit into a clone whose DVC root is `root`; DVC's own files go to `site`."""
    config = f"[core]\n    analytics = false\n    site_cache_dir = {site}\n"
    write_atomic(root / ".dvc" / "config.local", config.encode())
    for name, entries in errand.locks.items():
        path = root / name
        data: dict[str, Any] = load_yaml(str(path)) if path.exists() else {"schema": "2.0"}
        data["stages"] = {**(data.get("stages") or {}), **entries}
        write_atomic(path, dumps_yaml(data).encode("utf-8"))
    for name, content in errand.files.items():
        write_atomic(root / name, content)


def fetch_inputs(stage: Stage, upstream: list[Stage]) -> None:
    """Bring the stage's inputs, and outputs that it keeps from run to run, from the DVC remote."""
    wanted = {_inner(dep, out) for dep, out in _meetings(stage, upstream) if out.use_cache}
    kept = {out.fs_path for out in stage.outs if out.persist and out.use_cache and out.hash_info}
    try:
        if targets := sorted(os.path.relpath(path) for path in wanted | kept):
            stage.repo.pull(targets)
    except CheckoutError as error:
        lost = ", ".join(repr(str(target)) for target in error.target_infos[:5])
        raise StageFailedError(f"not in the DVC remote: {lost}") from error
    for dep in stage.deps:
        if not isinstance(dep, DatasetDependency) and not dep.exists:
            raise StageFailedError(f"dependency {str(dep)!r} is neither in the commit nor in the DVC remote")


def deliver(stage: PipelineStage) -> RemoteResult:
    """Send a saved stage's outputs, its run-cache entry and its small outputs; its lock entry and those outputs.

    The lock on disk is up to date.
    """
    small = [out for out in stage.outs if not out.use_cache and out.protocol == "local"]
    files = _read_files(small, Path(stage.repo.root_dir))
    sending.push(stage.repo, stage)
    return RemoteResult(entry=to_lockfile(stage), files=files)


def take_in(stage: PipelineStage, remote: RemoteResult) -> None:
    """Make the stage what its lock entry says, and write its small outputs."""
    StageLoader.fill_from_lock(stage, remote.entry[stage.name])
    for out in stage.outs:
        if out.protocol == "local":
            Path(out.fs_path).parent.mkdir(parents=True, exist_ok=True)
        if out.persist and out.use_cache and out.exists and out.changed_checksum():
            out.remove()
    for path, content in _placed_files(stage, remote):
        write_atomic(path, content)


def ignore_outputs(stage: Stage) -> None:
    """Let git ignore the stage's outputs, as DVC does when it saves them."""
    for out in stage.outs:
        out.ignore()


def _placed_files(stage: Stage, remote: RemoteResult) -> Iterator[tuple[Path, bytes]]:
    """Where each file that was brought back belongs; IntegrityError for one that is no output of the stage."""
    tops = [Path(out.fs_path) for out in stage.outs if not out.use_cache]
    for name, content in remote.files.items():
        path = Path(os.path.normpath(Path(stage.repo.root_dir) / name))
        if not any(path.is_relative_to(top) for top in tops):
            raise IntegrityError(f"stage {stage.addressing!r} brought back a file that is not its output: {name!r}")
        yield path, content


def _hashed(deps: Iterable[Output]) -> Iterator[Output]:
    return (dep for dep in deps if not isinstance(dep, ParamsDependency | DatasetDependency))


def _meetings(stage: Stage, upstream: Iterable[Stage]) -> Iterator[tuple[Output, Output]]:
    """Every input of the stage with every output that is it, lies in it, or contains it."""
    for dep in _hashed(stage.deps):
        for out in (out for each in upstream for out in each.outs):
            if dep.protocol == out.protocol and (_is_below(dep, out) or _is_below(out, dep)):
                yield dep, out


def _is_below(one: Output, other: Output) -> bool:
    return f"{one.fs_path}/".startswith(f"{other.fs_path}/")


def _inner(dep: Output, out: Output) -> str:
    return str(dep.fs_path if _is_below(dep, out) else out.fs_path)


def _read_files(outs: Iterable[Output], root: Path) -> dict[str, bytes]:
    """The contents of outputs by path from DVC's root; StageFailedError where they are not small."""
    found: dict[str, bytes] = {}
    left = SMALL_BYTES
    for out in outs:
        for path in _files(Path(out.fs_path)):
            left -= path.stat().st_size
            if left < 0 or not out.is_in_repo:
                why = f"more than {SMALL_BYTES // 2**20} MiB" if left < 0 else "a place outside of the repository"
                raise StageFailedError(f"output {out.def_path!r} has cache: false and {why}: it cannot travel")
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _read_ignore_files(meetings: Iterable[tuple[Output, Output]], root: Path) -> dict[str, bytes]:
    """The `.gitignore` of every output in a folder that is read: it is part of the folder's hash."""
    places = {
        Path(out.fs_path).parent / ".gitignore"
        for dep, out in meetings
        if dep.fs_path != out.fs_path and out.use_scm_ignore
    }
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(places) if path.is_file()}


def _files(top: Path) -> list[Path]:
    return [path for path in (sorted(top.rglob("*")) if top.is_dir() else [top]) if path.is_file()]
