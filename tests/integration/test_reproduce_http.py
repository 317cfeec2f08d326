"""`reproduce --pull` from a server that is slow, or breaks off: what overlaps, and what is kept."""

import contextlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from tests.integration.dvc_project import Project
from tests.integration.remote_project import folder_remote, make_remote_project, md5, ran

KIT = Path(sys.executable).parent / "mlops-kit"
PATIENCE_SECONDS = 60.0
Send = Callable[[str, IO[bytes], IO[bytes]], None]


@contextlib.contextmanager
def serving(folder: Path, send: Send) -> Iterator[str]:
    """A server of a folder that sends each file as it is told."""

    class Server(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words: object) -> None:
            super().__init__(*words, directory=str(folder))  # type: ignore[arg-type]

        def copyfile(self, source: IO[bytes], outputfile: IO[bytes]) -> None:  # type: ignore[override]
            send(self.path, source, outputfile)

        def log_message(self, *_words: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    return make_remote_project(tmp_path, folder_remote(tmp_path / "store")).clone(tmp_path / "clone")


def move_remote(clone: Project, address: str) -> None:
    place = f"url = {clone.root.parent / 'store'}"
    clone.write({".dvc/config": clone.read(".dvc/config").replace(place, f"url = {address}")})


def send_half(_path: str, source: IO[bytes], target: IO[bytes]) -> None:
    target.write(source.read(2))


def test_half_a_download_never_lies_in_the_cache_as_if_it_were_whole(clone: Project, tmp_path: Path) -> None:
    clone.write({"dvc.yaml": clone.read("dvc.yaml").replace("cat model side.bin", "cat side.bin model")})
    with serving(tmp_path / "store", send_half) as address:
        move_remote(clone, address)
        done = clone.run_kit(pull=True)
    assert [stage.name for stage in done.failed] == ["side"]
    assert "its data could not be fetched: the DVC remote failed: " in done.failed[0].message
    assert clone.objects() == set()


def test_a_later_stages_data_comes_while_the_first_one_runs(clone: Project, tmp_path: Path) -> None:
    """The server holds what `evaluate` needs until the command of `train` runs, and `train` until it was sent."""
    sent = clone.root / "sent"

    def send(path: str, source: IO[bytes], target: IO[bytes]) -> None:
        if path.endswith(md5("more")[2:]):
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (clone.root / "train.log").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        target.write(source.read())
        if path.endswith(md5("more")[2:]):
            sent.touch()

    waiting = "n=0; until [ -e sent ]; do sleep 0.05; n=$((n+1)); [ $n -lt 600 ] || exit 1; done; cat prepared/all"
    pipeline = clone.read("dvc.yaml").replace("(cat prepared/all", f"({waiting}")
    clone.write({"dvc.yaml": pipeline, "params.yaml": "lr: 2\n"})
    with serving(tmp_path / "store", send) as address:
        move_remote(clone, address)
        done = clone.run_kit("evaluate", pull=True)
    assert done.failed == ()
    assert ran(clone) == {"train", "evaluate"}


def test_an_interrupt_is_heard_while_data_is_fetched_and_leaves_no_process(clone: Project, tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def stall(_path: str, _source: IO[bytes], _target: IO[bytes]) -> None:
        asked.set()
        over.wait(PATIENCE_SECONDS)

    clone.write({"params.yaml": "lr: 2\n"})
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with serving(tmp_path / "store", stall) as address:
        move_remote(clone, address)
        run = subprocess.Popen(
            [KIT, "reproduce", "--pull"], cwd=clone.root, env=environment, stderr=subprocess.PIPE, text=True
        )
        assert asked.wait(PATIENCE_SECONDS)
        (fetcher,) = [found for found in psutil.Process(run.pid).children(recursive=True) if is_fetcher(found)]
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=PATIENCE_SECONDS / 2)
        over.set()
    assert run.returncode == 130
    assert "interrupted" in errors
    assert not fetcher.is_running()


def is_fetcher(process: psutil.Process) -> bool:
    return "mlops_kit.adapters.dvc.fetching" in process.cmdline()
