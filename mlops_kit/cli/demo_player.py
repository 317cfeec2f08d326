"""Plays the demo's story on this machine: a fresh project, real verbs in this process, real git.

Everything runs in the demo's own environment: the caller's git settings, tokens and workflow variables stay out.
"""

import csv
import io
import os
import random
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

from mlops_kit import wiring
from mlops_kit.adapters import process
from mlops_kit.adapters.examples import copy_example
from mlops_kit.adapters.files import write_atomic
from mlops_kit.cli import run
from mlops_kit.cli.environment import Inputs, parse_inputs
from mlops_kit.commands.player import Answer
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.types import EnvironmentName, ModelName

EXAMPLE = "breast-cancer"
BRANCHES = ("dev", "staging", "production")
_KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "PATH", "SHELL", "TERM", "TMPDIR", "USER")
_FOLDED = re.compile(r"<details><summary>(.*?)</summary>.*?</details>", re.DOTALL)
_IDENTITY = ("--config", "user.name=Demo", "--config", "user.email=demo@localhost")


_DATA = "data/cells.csv"
_SIZES = ("radius", "perimeter", "area", "texture")


class MachinePlayer:
    """The Player port in one folder: `origin.git`, its clone `work`, the DVC remote `storage`."""

    def __init__(self, folder: Path, caller: Inputs, console: Console) -> None:
        self._folder, self._console = folder, console
        self._variables = own_variables(folder, caller.variables)
        self._inputs = parse_inputs(self._variables, folder=self.work, terminal=caller.interactive)
        self.claims = 0

    @property
    def work(self) -> Path:
        """The clone."""
        return self._folder / "work"

    def open_chapter(self, number: int, title: str) -> None:
        """Begin a chapter with a rule."""
        self._console.print()
        self._console.rule(f"[bold]{number}. {title}", align="left")

    def tell(self, text: str) -> None:
        """Say a paragraph."""
        self._console.print(text, highlight=False, markup=False)

    def show_claim(self, text: str, *, holds: bool) -> None:
        """A mark and the claim."""
        mark = Text("✓ ", "green") if holds else Text("✗ ", "bold red")
        self._console.print(mark + Text(text))
        self.claims += holds

    def show_comment(self, markdown: str) -> None:
        """Render markdown in a frame, folded parts as their titles."""
        shown = Markdown(_FOLDED.sub(r"▸ \1", markdown))
        self._console.print(Panel(shown, title="comment on the pull request", title_align="left"))

    def make_project(self) -> None:
        """Make `origin.git`, `work` with the example committed on every environment's branch, and `storage`."""
        self._git(self._folder, "init", "--quiet", "--bare", "--initial-branch", BRANCHES[0], "origin.git")
        self._git(self._folder, "clone", "--quiet", *_IDENTITY, "origin.git", "work")
        (self._folder / "storage").mkdir()
        copy_example(EXAMPLE, self.work)
        self._git(self.work, "add", ".")
        self._git(self.work, "commit", "--quiet", "--message", "Start")
        heads = [f"HEAD:refs/heads/{branch}" for branch in BRANCHES]
        self._git(self.work, "push", "--quiet", "--set-upstream", "origin", *heads)
        self._console.print(
            f"project  {self.work}\norigin   {self._folder}/origin.git", highlight=False, soft_wrap=True
        )

    def edit_params(self, old: str, new: str) -> None:
        """Show and replace a piece of params.yaml."""
        path = self.work / "params.yaml"
        before = path.read_text(encoding="utf-8")
        if before.count(old) != 1:
            raise InputError(f"params.yaml has {old!r} {before.count(old)} times, not once")
        self._show_typed(f"sed -i 's/{old}/{new}/' params.yaml")
        write_atomic(path, before.replace(old, new).encode())

    def add_policy(self, text: str) -> None:
        """Show and append to mlops.yaml."""
        path = self.work / "mlops.yaml"
        self._show_typed(f"cat >> mlops.yaml <<END{text}END")
        write_atomic(path, path.read_bytes() + text.encode())

    def receive(self, name: str, *, growth: float) -> None:
        """Draw the rows of the clone's data anew, as many as there are; the same name gives the same rows."""
        target = self._folder / "incoming" / name
        text = draw_anew((self.work / _DATA).read_text(encoding="utf-8"), seed=name, growth=growth)
        write_atomic(target, text.encode())

    def take(self, name: str, path: str) -> None:
        """Copy what came in, and track it."""
        self._show_typed(f"cp ../incoming/{name} {path}")
        write_atomic(self.work / path, (self._folder / "incoming" / name).read_bytes())
        self.run_dvc("add", path)

    def run_dvc(self, *words: str) -> None:
        """Show and run DVC in the clone."""
        self._show_typed(shlex.join(("dvc", *words)))
        dvc = str(Path(sys.executable).parent / "dvc")
        call = process.Call(words=(dvc, *words, "--quiet"), folder=self.work, environment=self._variables)
        done = process.run(call)
        if done.code != 0:
            raise OutsideError(f"dvc {words[0]} failed: {done.errors.strip()}")

    def run_git(self, *words: str) -> None:
        """Show and run git in the clone."""
        self._show_typed(shlex.join(("git", *words)))
        self._git(self.work, *words)

    def ask_git(self, *words: str) -> str:
        """Git's output, unseen."""
        return self._git(self.work, *words)

    def run_kit(self, *words: str) -> Answer:
        """Show a verb, run it in this process, and show what it prints; its progress appears as it comes."""
        self._show_typed(shlex.join(("mlops-kit", *words)))
        answer = self._call(words, Echo(sys.stderr))
        self._console.print(Text(answer.output.rstrip("\n")), soft_wrap=True)
        return answer

    def ask_kit(self, *words: str) -> Answer:
        """Run a verb in this process, unseen."""
        return self._call(words, io.StringIO())

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None:
        """Point the alias at a version through MLflow's own client."""
        call = f'mlflow.MlflowClient().set_registered_model_alias("{model}", "{environment}", "{number}")'
        self._show_typed(call, prompt=">>> ")
        wiring.move_alias(self.work, model, environment, number)

    def _show_typed(self, command: str, *, prompt: str = "$ ") -> None:
        self._console.print(Text.assemble((prompt, "dim"), (command, "bold cyan")), soft_wrap=True)

    def _call(self, words: Sequence[str], errors: io.StringIO) -> Answer:
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            code = run(["--repo", str(self.work), *words], self._inputs)
        return Answer(code=code, output=output.getvalue(), errors=errors.getvalue())

    def _git(self, folder: Path, *words: str) -> str:
        call = process.Call(words=("git", *words), folder=folder, environment=self._variables)
        done = process.run(call)
        if done.code != 0:
            raise OutsideError(f"git {words[0]} failed: {done.errors.strip()}")
        return done.text


def draw_anew(text: str, *, seed: str, growth: float) -> str:
    """Rows of a table drawn with replacement, as many as there are; columns of sizes are multiplied."""
    head, *rows = list(csv.reader(io.StringIO(text)))
    sizes = [at for at, name in enumerate(head) if any(word in name for word in _SIZES)]
    drawn = io.StringIO()
    writer = csv.writer(drawn, lineterminator="\n")
    writer.writerow(head)
    for row in random.Random(seed).choices(rows, k=len(rows)):  # noqa: S311 - made-up data
        grown = {at: f"{float(row[at]) * growth:.6g}" for at in sizes}
        writer.writerow([grown.get(at, value) for at, value in enumerate(row)])
    return drawn.getvalue()


class Echo(io.StringIO):
    """Keeps what is written, and passes it on to a stream at once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        """Pass the text on, then keep it."""
        self._stream.write(text)
        self._stream.flush()
        return super().write(text)

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


def own_variables(folder: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """The environment of everything in the demo: this Python first on PATH, none of the caller's settings or tokens."""
    kept = {name: caller[name] for name in _KEPT_VARIABLES if caller.get(name)}
    here = str(Path(sys.executable).parent)
    return {
        "HOME": str(folder),
        **kept,
        "PATH": os.pathsep.join([here, kept.get("PATH", os.defpath)]),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
    }
