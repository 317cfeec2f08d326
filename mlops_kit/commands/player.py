"""What the demo's story asks of the machine it is played on, and how it proves a claim."""

from dataclasses import dataclass
from typing import Protocol

from mlops_kit.core.errors import ExitCode, InterruptedRunError, UntrueClaimError
from mlops_kit.core.types import EnvironmentName, ModelName


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a verb ended and what it printed."""

    code: int
    output: str
    errors: str = ""


class Player(Protocol):
    """The machine that the story is played on, with one fresh project in it."""

    def open_chapter(self, number: int, title: str) -> None:
        """Begin a chapter."""

    def tell(self, text: str) -> None:
        """Say a paragraph."""

    def show_claim(self, text: str, *, holds: bool) -> None:
        """Show a claim and whether it was found true."""

    def show_comment(self, markdown: str) -> None:
        """Show a report as it looks on a pull request."""

    def make_project(self) -> None:
        """Make the origin, a clone of it that holds the example, and the DVC remote."""

    def edit_params(self, old: str, new: str) -> None:
        """Replace a piece of params.yaml; InputError where it does not occur exactly once."""

    def add_policy(self, text: str) -> None:
        """Show and append to mlops.yaml."""

    def receive(self, name: str, *, growth: float) -> None:
        """Put a table into the folder `incoming` beside the clone: the clone's data drawn anew, sizes grown so much."""

    def take(self, name: str, path: str) -> None:
        """Show and copy what came in to a path that DVC tracks, and track it."""

    def run_dvc(self, *words: str) -> None:
        """Show and run a dvc command in the clone; OutsideError where it fails."""

    def run_git(self, *words: str) -> None:
        """Show and run a git command in the clone; OutsideError where it fails."""

    def ask_git(self, *words: str) -> str:
        """What a git command prints, unseen; OutsideError where it fails."""

    def run_kit(self, *words: str) -> Answer:
        """Show and run a verb in the clone, and show what it prints."""

    def ask_kit(self, *words: str) -> Answer:
        """Run a verb without showing anything."""

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None:
        """Show and point the model's alias at a version, past the kit, as a hand in MLflow's own page does."""


def check(player: Player, claim: str, *, holds: bool) -> None:
    """Show a claim; UntrueClaimError where it does not hold."""
    player.show_claim(claim, holds=holds)
    if not holds:
        raise UntrueClaimError(f"the demo claims what is not so: {claim}")


def succeed(player: Player, *words: str) -> Answer:
    """Show and run a verb that must end well."""
    return _expect(player.run_kit(*words), words, ExitCode.DONE)


def refuse(player: Player, *words: str) -> Answer:
    """Show and run a verb that the policy must refuse."""
    return _expect(player.run_kit(*words), words, ExitCode.REFUSED)


def ask(player: Player, *words: str, code: ExitCode = ExitCode.DONE) -> str:
    """What a verb prints on stdout, unseen; it must end with the code."""
    return _expect(player.ask_kit(*words), words, code).output


def _expect(answer: Answer, words: tuple[str, ...], code: ExitCode) -> Answer:
    if answer.code == ExitCode.INTERRUPTED:
        raise InterruptedRunError("the demo was interrupted")
    if answer.code != code:
        raise UntrueClaimError(
            f"mlops-kit {' '.join(words)} ended with code {answer.code} where {code.value} was due",
            hint=(answer.errors.strip() or "run it by hand in the demo's folder").splitlines()[-1],
        )
    return answer
