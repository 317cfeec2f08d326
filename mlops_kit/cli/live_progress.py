"""The display for a terminal: what runs now, for how long, and how far the run is."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from mlops_kit.cli.progress import describe_end, describe_retry, visible
from mlops_kit.core.run import StageResult, StageState, Wait
from mlops_kit.core.types import StageName

_COLOURS = {
    StageState.CACHED: "dim",
    StageState.RESTORED: "cyan",
    StageState.RAN: "green",
    StageState.FAILED: "bold red",
    StageState.SKIPPED: "yellow",
}
_SHOWN_STAGES = 8
_SHOWN_WAITS = 4


def open_console() -> Console:
    """The terminal behind standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True, kw_only=True)
class _Running:
    """A stage that runs: since when (monotonic seconds), and its own spinner, which turns from then on."""

    since: float
    place: str = ""
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def picture(self, name: StageName, now: float) -> Spinner:
        """The spinner, the stage's name, its clock, and where it runs."""
        where = f"  {self.place}" if self.place else ""
        self.spinner.update(text=Text.assemble((name, "bold"), f"  {now - self.since:.0f} s", (where, "cyan")))
        return self.spinner


class LiveProgress:
    """Stages that run, with a clock each, and what others wait for, below the lines that they print."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: dict[StageName, _Running] = {}
        self._waits: tuple[Wait, ...] = ()
        self._total = 0
        self._done = 0
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=8, transient=True)

    def begin(self, stages: Iterable[StageName]) -> None:
        """Open the display."""
        self._total = len(tuple(stages))
        self._live.start()

    def start(self, stage: StageName, place: str) -> None:
        """Show a stage as running."""
        self._running[stage] = _Running(since=time.monotonic(), place=place)

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """Show what is waited for from now on."""
        self._waits = waits

    def line(self, stage: StageName, text: str) -> None:
        """Print a stage's line above the display."""
        self._console.print(Text.assemble((f"{stage} ", "bold blue"), ("| ", "dim"), visible(text)))

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """Print how a stage ended; after a failure, what it printed last, in one piece."""
        self._running.pop(result.name, None)
        self._done += 1
        self._console.print(Text(describe_end(result), style=_COLOURS[result.state]))
        if result.state is StageState.FAILED:
            self._print_tail(result.name, tail)

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """Print that a stage failed and is tried again, with what it printed last."""
        self._running.pop(result.name, None)
        self._console.print(Text(describe_retry(result), style="yellow"))
        self._print_tail(result.name, tail)

    def note(self, text: str) -> None:
        """Print a remark."""
        self._console.print(Text(text))

    def close(self) -> None:
        """Take the display away."""
        self._live.stop()

    def _print_tail(self, stage: StageName, tail: tuple[str, ...]) -> None:
        if tail:
            self._console.rule(f"last lines of {stage}", style="red")
            self._console.print(Text("\n".join(visible(text) for text in tail)))
            self._console.rule(style="red")

    def _picture(self) -> Group:
        now = time.monotonic()
        running = list(self._running.items())
        rows = [stage.picture(name, now) for name, stage in running[:_SHOWN_STAGES]]
        more = f", {len(running)} running" if len(running) > _SHOWN_STAGES else ""
        waits = [Text(describe_wait(wait), style="yellow") for wait in self._waits[:_SHOWN_WAITS]]
        left = self._total - self._done - len(running) - sum(wait.count for wait in self._waits)
        later = f", {left} wait for others" if left > 0 else ""
        return Group(*rows, *waits, Text(f"{self._done} of {self._total} stages{more}{later}", style="dim"))


def describe_wait(wait: Wait) -> str:
    """`train waits for gpu, held by tune`; with others behind it, their number."""
    more = f" and {wait.count - 1} more" if wait.count > 1 else ""
    return f"{wait.stage}{more} wait{'' if more else 's'} for {wait.obstacle}"
