"""DVC's own loop, `dvc repro`, as one program that an engine runs and that notes how each stage ended.

The program (`python -I -m mlops_kit.adapters.dvc.own_loop FILE`, which says what is asked) is a process of its own: DVC
may be ended with it at any moment, and its commands are its children.
"""

import json
import logging
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.last_run import FOLDER
from mlops_kit.core.run import Selection, StageCommand, StageResult, StageState
from mlops_kit.core.types import StageName

LOOP = StageName("dvc repro")
"""What the engine calls the program."""

_REQUEST = "own-loop.json"
_EVENTS = "own-loop.jsonl"
_TAIL_BYTES = 4096
_STARTED = "started"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What DVC is asked to do; `events` is the file that tells how stages ended."""

    folder: str
    events: str
    targets: tuple[str, ...]
    every_pipeline: bool
    force: bool
    pull: bool
    keep_going: bool


class OwnLoop:
    """The OwnLoop port: the program's command, and what it noted so far below DVC's temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events = (find_dvc_root(folder) or folder) / FOLDER / _EVENTS

    def command(self, selection: Selection, *, keep_going: bool) -> StageCommand:
        """What an engine executes."""
        self._events.parent.mkdir(parents=True, exist_ok=True)
        self._events.write_bytes(b"")
        request = Request(
            folder=str(self._folder),
            events=str(self._events),
            targets=selection.targets,
            every_pipeline=selection.every_pipeline,
            force=selection.force,
            pull=selection.pull,
            keep_going=keep_going,
        )
        asked = self._events.with_name(_REQUEST)
        asked.write_text(json.dumps(asdict(request)), encoding="utf-8")
        words = [sys.executable, "-I", "-m", "mlops_kit.adapters.dvc.own_loop", str(asked)]
        return StageCommand(stage=LOOP, lines=(f"exec {shlex.join(words)}",), folder=self._folder, variables={})

    def read_results(self) -> tuple[StageResult, ...]:
        """The stages that started, in their order; one that has not ended is a failed one without a message."""
        found: dict[str, StageResult] = {}
        for line in self._events.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            state = StageState.FAILED if event["state"] == _STARTED else StageState(event["state"])
            found[event["stage"]] = StageResult(
                name=StageName(event["stage"]), state=state, seconds=event["seconds"], message=event["message"]
            )
        return tuple(found.values())

    def current_stage(self) -> StageName:
        """The stage that DVC is at, or was at last; the program itself before the first."""
        with self._events.open("rb") as stream:
            stream.seek(max(0, self._events.stat().st_size - _TAIL_BYTES))
            last = stream.read().splitlines()[-1:]
        try:
            return StageName(json.loads(last[0])["stage"]) if last else LOOP
        except ValueError:
            return LOOP


def run_loop(request: Request) -> int:
    """Run DVC's loop; its exit status: 0, or 1 where a stage failed or DVC refused to begin."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    from mlops_kit.adapters.dvc.session import explain

    _speak()
    recorder = _Recorder(Path(request.events))
    try:
        with chdir(request.folder), Repo(request.folder) as repo:
            repo.reproduce(
                list(request.targets) or None,
                all_pipelines=request.every_pipeline,
                force=request.force,
                pull=request.pull,
                on_error="keep-going" if request.keep_going else "fail",
                repro_fn=recorder.reproduce,
            )
    except DvcException as error:
        sys.stderr.write(f"{explain(error)}\n")
        return 1
    return 0


class _Recorder:
    """Notes what DVC does with each stage, as lines of JSON."""

    def __init__(self, events: Path) -> None:
        self._events = events
        self._said = _Ear()
        logging.getLogger("dvc").addHandler(self._said)

    def reproduce(self, stage: Any, **options: Any) -> Any:  # noqa: ANN401 - dvc has no types
        """DVC's step for one stage, with a note before and after."""
        from dvc.repo.reproduce import _reproduce_stage

        from mlops_kit.adapters.dvc.selection import address
        from mlops_kit.adapters.dvc.session import explain

        note = self._noting(address(stage, Path(stage.repo.root_dir)))
        note(_STARTED, "")
        self._said.forget()
        try:
            done = _reproduce_stage(stage, **options)
        except Exception as error:
            note(StageState.FAILED.value, explain(error))
            raise
        note(self._state(stage, done).value, "")
        return done

    def _state(self, stage: Any, done: Any) -> StageState:  # noqa: ANN401 - dvc has no types
        if done is not None:
            return StageState.RAN if self._said.has_run or not stage.cmd else StageState.RESTORED
        return StageState.RESTORED if self._said.has_pulled else StageState.CACHED

    def _noting(self, name: StageName) -> Callable[[str, str], None]:
        started = time.monotonic()

        def note(state: str, message: str) -> None:
            seconds = time.monotonic() - started if state in {StageState.RAN, StageState.FAILED} else 0.0
            event = {"stage": name, "state": state, "seconds": seconds, "message": message}
            with self._events.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(event) + "\n")

        return note


class _Ear(logging.Handler):
    """Hears from DVC's log what it does not return: whether a command ran, and whether data was fetched."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.forget()

    def forget(self) -> None:
        """A new stage begins."""
        self.has_run = False
        self.has_pulled = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take in one message."""
        self.has_run = self.has_run or str(record.msg).startswith("Running ")
        self.has_pulled = self.has_pulled or str(record.msg).startswith("Pulling data for")


def _speak() -> None:
    """Let DVC say on standard output what `dvc repro` says."""
    logging.getLogger("dvc").setLevel(logging.INFO)


def _parse_request(text: str) -> Request:
    fields: Mapping[str, Any] = json.loads(text)
    return Request(**{**fields, "targets": tuple(fields["targets"])})


if __name__ == "__main__":
    sys.exit(run_loop(_parse_request(Path(sys.argv[1]).read_text(encoding="utf-8"))))
