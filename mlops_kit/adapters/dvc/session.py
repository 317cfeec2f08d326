"""One DVC repository opened as a library: quiet, under DVC's own locks, its errors in the kit's words."""

import contextlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage
from typing import Any

from dvc.exceptions import CacheLinkError, DvcException, FileTransferError, NotDvcRepoError
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.rwlock import RWLOCK_FILE, rwlock
from dvc.stage import Stage
from dvc_objects.errors import ObjectDBError, ObjectFormatError

from mlops_kit.adapters.dvc.databases import LITTLE_BYTES, bounded_databases
from mlops_kit.adapters.dvc.outputs import DISK_FULL
from mlops_kit.adapters.dvc.quick_graph import quick_graph
from mlops_kit.adapters.dvc.quick_reading import quick_reading
from mlops_kit.adapters.dvc.remote import remote_errors, remote_failure
from mlops_kit.adapters.owner import is_owner_alive
from mlops_kit.core.errors import InputError, IntegrityError, KitError, OutsideError, StageFailedError

_LOCK_PATIENCE_SECONDS = 600.0
_NO_PARAM = "Unsupported value of type"
"""How DVC's templates refuse a value; not one of its own errors (dvc/parsing/context.py)."""

_BUSY_HINT = "wait for it to end, then run again"


class Session:
    """DVC's repository around a folder; paths that people name are relative to that folder."""

    def __init__(self, folder: Path) -> None:
        _silence_dvc()
        with contextlib.ExitStack() as opening:
            opening.enter_context(bounded_databases())
            self.repo = _open(folder)
            self._open = opening.pop_all()
        self.root = Path(self.repo.root_dir)
        self.temporary = Path(self.repo.tmp_dir)
        self._open.callback(self.repo.close)
        self._open.enter_context(contextlib.chdir(folder))
        self._open.enter_context(quick_reading())
        self._open.enter_context(quick_graph())
        self._had_lock = False

    def close(self) -> None:
        """Let go of the repository and of its folder."""
        self._open.close()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold DVC's lock, for bookkeeping only: a stage's command may call DVC itself.

        OutsideError where another process holds it. That process is waited for once the run has begun, so that a
        stage which took hours is not lost for it.
        """
        self._acquire()
        self.repo._lock_depth += 1
        try:
            yield
        finally:
            self.repo._lock_depth -= 1
            self.repo.lock.unlock()

    @contextlib.contextmanager
    def reserved(self, stage: Stage) -> Iterator[None]:
        """Mark a stage's paths as DVC does while its command runs; OutsideError where another process uses them."""
        reads = [dep.fs_path for dep in stage.deps if dep.protocol == "local"]
        writes = [out.fs_path for out in stage.outs]
        marks = rwlock(
            self.repo.tmp_dir,
            self.repo.fs,
            f"mlops-kit reproduce {stage.addressing}",
            reads,
            writes,
            self.repo.config["core"].get("hardlink_lock", False),
        )
        try:
            marks.__enter__()
        except LockError as error:
            raise _busy(str(error)) from error
        try:
            yield
        finally:
            marks.__exit__(None, None, None)

    def require_free(self, stage: Stage) -> None:
        """OutsideError where another process marked one of the stage's paths."""
        if self._read_marking_pids() - {os.getpid()}:
            with self.reserved(stage):
                pass

    def heal_marks(self) -> None:
        """Drop the marks that killed processes left; DVC itself stops at an unreadable file.

        A number that another process got since then marks nothing; where one owner lives, DVC sorts out the others.
        """
        marks = self.temporary / RWLOCK_FILE
        try:
            written = marks.stat().st_mtime
        except FileNotFoundError:
            return
        if not any(is_owner_alive(pid, written) for pid in self._read_marking_pids()):
            marks.unlink(missing_ok=True)

    def _read_marking_pids(self) -> set[int]:
        """The processes that marked paths; none where the file is missing or unreadable."""
        try:
            return set(_pids(json.loads((self.temporary / RWLOCK_FILE).read_bytes())))
        except (FileNotFoundError, ValueError, AttributeError, TypeError, KeyError):
            return set()

    def _acquire(self) -> None:
        patience = time.monotonic() + (_LOCK_PATIENCE_SECONDS if self._had_lock else 0.0)
        while True:
            try:
                self.repo.lock.lock()
            except LockError as error:
                if time.monotonic() > patience:
                    raise _busy(self._holder()) from error
            else:
                self._had_lock = True
                return

    def _holder(self) -> str:
        try:
            return f"(PID {int((self.temporary / 'lock').read_text())})"
        except (OSError, ValueError):
            return ""


def _open(folder: Path) -> Repo:
    try:
        with pipeline_errors():
            return Repo(str(folder))
    except InputError as error:
        if isinstance(error.__cause__, NotDvcRepoError):
            hint = "create one with: dvc init"
            raise InputError(f"{folder} is not inside a DVC repository", hint=hint) from error
        raise


@contextlib.contextmanager
def pipeline_errors() -> Iterator[None]:
    """What DVC has against a pipeline or a target, as InputError; a full disk and the like as OutsideError."""
    try:
        with room_errors(), remote_errors():
            yield
    except FileTransferError as error:
        raise OutsideError(explain(error)) from error
    except DvcException as error:
        raise InputError(explain(error)) from error
    except TypeError as error:
        if _NO_PARAM not in str(error):
            raise
        raise InputError(explain(error), hint="a date is no param to DVC: put it in quotes") from error
    except OSError as error:
        if error.filename is None:  # a remote's own way to say no: Forbidden, no such bucket
            raise remote_failure(error) from error
        raise OutsideError(f"{error.filename}: {error.strerror or error}") from error


@contextlib.contextmanager
def stage_errors() -> Iterator[None]:
    """What DVC has against one stage, as StageFailedError."""
    try:
        with room_errors(), remote_errors():
            yield
    except IntegrityError as error:
        raise StageFailedError(str(error)) from error
    except KitError:
        raise
    except LockError as error:
        raise _busy(str(error)) from error
    except (DvcException, ObjectDBError, ObjectFormatError, OSError) as error:
        raise StageFailedError(explain(error)) from error
    except (TypeError, ValueError) as error:  # as in `pipeline_errors`: DVC takes them for a failed stage too
        raise StageFailedError(explain(error)) from error


@contextlib.contextmanager
def room_errors() -> Iterator[None]:
    """OutsideError where the disk is full, wherever that came up: a file, the cache, DVC's own databases."""
    try:
        yield
    except KitError:
        raise
    except Exception as error:
        for cause in _causes(error):
            if isinstance(cause, OSError) and cause.errno in DISK_FULL:
                raise _no_room(str(cause.filename or "the repository")) from error
            if isinstance(cause, CacheLinkError) and disk_usage(Path.cwd()).free < LITTLE_BYTES:
                raise _no_room("the cache") from error
        raise


def _no_room(place: str) -> OutsideError:
    hint = "make room, then run again: finished stages are kept"
    return OutsideError(f"no space left on the disk of {place}", hint=hint)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def explain(error: BaseException) -> str:
    """An exception and its causes in one line."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        text = " ".join(str(cause).split())
        if text and not any(text in part for part in parts):
            parts.append(text)
        cause = cause.__cause__
    return ": ".join(parts) or type(error).__name__


def _busy(about: str) -> OutsideError:
    found = re.search(r"PID (\d+)", about)
    holder = f"process {found[1]}" if found else "another process"
    return OutsideError(f"DVC is in use here by {holder}", hint=_BUSY_HINT)


def _pids(marks: dict[str, Any]) -> Iterator[int]:
    yield from (int(info["pid"]) for info in marks.get("write", {}).values())
    yield from (int(info["pid"]) for infos in marks.get("read", {}).values() for info in infos)


def _silence_dvc() -> None:
    """DVC talks through its loggers, and its progress bars follow their level."""
    for name in ("dvc", "dvc_data", "dvc_objects", "scmrepo"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
