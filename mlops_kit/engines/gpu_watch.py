"""Looks every second how much memory is in use on the GPUs that stages hold, and keeps the most of it."""

import threading
from collections.abc import Callable, Mapping

from mlops_kit.core.types import StageName

INTERVAL_SECONDS = 1.0


class GpuWatch:
    """One thread for all stages, as long as any of them holds a GPU. `read` gives bytes in use by GPU id."""

    def __init__(self, read: Callable[[], Mapping[str, int]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._held: dict[StageName, tuple[str, ...]] = {}
        self._peaks: dict[StageName, int] = {}
        self._wake = threading.Event()
        self._is_looking = False

    def begin(self, stage: StageName, gpus: tuple[str, ...]) -> None:
        """Look at a stage's GPUs from now on."""
        with self._lock:
            self._held[stage] = gpus
            self._peaks[stage] = 0
            if not self._is_looking:
                self._is_looking = True
                self._wake.clear()
                threading.Thread(target=self._look, name="GPU memory", daemon=True).start()

    def end(self, stage: StageName) -> int | None:
        """The most bytes that were in use at once on a stage's GPUs; None where it held none, or nobody could tell."""
        with self._lock:
            self._held.pop(stage, None)
            if not self._held:
                self._wake.set()
            return self._peaks.pop(stage, 0) or None

    def _look(self) -> None:
        while True:
            used = self._read()
            with self._lock:
                for stage, gpus in self._held.items():
                    self._peaks[stage] = max(self._peaks[stage], sum(used.get(gpu, 0) for gpu in gpus))
            self._wake.wait(INTERVAL_SECONDS)
            with self._lock:
                if not self._held:
                    self._is_looking = False
                    return
