"""Keeps processes running on this machine after the kit has ended, and finds them again.

Each service has a folder of its own with a state file: its process, when it was started, and what it serves. A process
is touched only where both its number and its start fit the state, so that a number that was given out again is never
mistaken for a service.
"""

import contextlib
import json
import os
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.owner import is_owner_alive
from mlops_kit.adapters.process import Call, end_group, reap, start_detached
from mlops_kit.core.errors import IntegrityError, OutsideError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.serving import RunningService, Service

_STATE, _LOG, _FILES = "state.json", "output.log", "files"
_TRACKED = "RUNNER_TRACKING_ID"
"""With this variable a runner ends a process when its job is over."""
_LAST_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class _State:
    """What is kept of a service: its process, when that was started, and what was noted."""

    pid: int
    started_at: float
    notes: dict[str, str]


class LocalServices:
    """The Services port over a folder of states; `environment` is what every service gets."""

    def __init__(self, folder: Path, root: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._root = root
        self._environment = {name: value for name, value in environment.items() if name != _TRACKED}

    def keep_files(self, name: str, key: str, files: ModelFiles) -> Path:
        """A folder with copies of the files; a copy that was cut short is never used."""
        target = self.folder / name / _FILES / key
        if target.is_dir():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
            copy = Path(scratch, "files")
            for relative, path in files.files.items():
                place = copy / relative
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
            with contextlib.suppress(FileExistsError, OSError):
                copy.rename(target)
        if not target.is_dir():
            raise OutsideError(f"the files of {name} could not be copied to {target}")
        return target

    def read(self, name: str) -> RunningService | None:
        """The service of this name; None where none was started."""
        state = self._read_state(name)
        if state is None:
            return None
        reap(state.pid)
        return RunningService(
            name=name,
            started_at=state.started_at,
            alive=is_owner_alive(state.pid, state.started_at),
            notes=state.notes,
            last_words=self._last_words(name),
        )

    def list_services(self) -> tuple[RunningService, ...]:
        """All that have a state, by name."""
        folders = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return tuple(found for folder in folders if (found := self.read(folder.name)))

    def start(self, service: Service) -> RunningService:
        """Stop the one of its name, and start it in a session of its own with its output in a file.

        Its command begins when its state is kept: a kit that is killed in between leaves nothing behind.
        """
        self.stop(service.name)
        home = self.folder / service.name
        home.mkdir(parents=True, exist_ok=True)
        call = Call(words=service.words, folder=self._root, environment={**self._environment, **service.variables})
        with start_detached(call, home / _LOG) as pid:
            state = _State(pid=pid, started_at=time.time(), notes=dict(service.notes))
            write_atomic(home / _STATE, json.dumps(asdict(state), sort_keys=True).encode())
        found = self.read(service.name)
        if found is None:
            raise OutsideError(f"the state of {service.name} could not be kept")
        return found

    def stop(self, name: str) -> None:
        """End the process group, politely and then not, then forget it; files of other versions go too."""
        state = self._read_state(name)
        if state is None:
            return
        if is_owner_alive(state.pid, state.started_at):
            end_group(state.pid)
        (self.folder / name / _STATE).unlink(missing_ok=True)

    def find_port(self, wanted: int = 0) -> int:
        """A port of loopback that nobody listens on now; a connection that was closed just now does not count."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError as error:
                raise OutsideError(f"port {wanted} is taken by another program", hint="choose another port") from error
            return int(probe.getsockname()[1])

    def write_file(self, path: str, text: str) -> None:
        """Replace a file's text in one step."""
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, text.encode())

    def read_file(self, path: str) -> str | None:
        """A file's text, None where there is none."""
        try:
            return self._place(path).read_text("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutsideError(f"{path} cannot be read: {error.strerror}") from error

    def _place(self, path: str) -> Path:
        return self._root / Path(path).expanduser()

    def _read_state(self, name: str) -> _State | None:
        file = self.folder / name / _STATE
        try:
            read = json.loads(file.read_bytes())
            return _State(pid=int(read["pid"]), started_at=float(read["started_at"]), notes=dict(read["notes"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise IntegrityError(
                f"{file} is not a service's state", hint="end what it served by hand, then delete the file"
            ) from error

    def _last_words(self, name: str) -> str:
        try:
            with (self.folder / name / _LOG).open("rb") as output:
                output.seek(max(0, output.seek(0, os.SEEK_END) - _LAST_BYTES))
                lines = output.read().decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""
