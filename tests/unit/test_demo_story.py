"""The demo's story: no claim passes unproved, and the first untrue one ends it."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlops_kit.cli import guarded
from mlops_kit.cli.demo import make_folder, require_modules
from mlops_kit.cli.demo_player import own_variables
from mlops_kit.cli.environment import read_inputs
from mlops_kit.commands.demo import STORY, Chapter, tell_story
from mlops_kit.commands.player import Answer, Player, ask, check, refuse, succeed
from mlops_kit.core.errors import ExitCode, InputError, InterruptedRunError, UntrueClaimError
from mlops_kit.core.types import EnvironmentName, ModelName

INPUTS = dataclasses.replace(read_inputs(), on_actions=False, folder=Path("/nonexistent"))
MODEL = {"desired": "md5:a", "live": "md5:a", "registry": "md5:b", "serving": None, "message": ""}
STUCK = MODEL | {"sync": "Unknown", "health": "Unknown"}
ENVIRONMENT = {"branch": "b", "commit": None, "sync": "Unknown", "health": "Unknown", "message": ""}
REPORT = {
    "version": 1,
    "base": {"name": "main", "commit": ""},
    "head": {"name": "", "commit": ""},
    "environment": "dev",
    "verdict": "warn",
    "metrics": [{"path": "m.json", "key": "log_loss", "old": 1, "new": 2, "diff": 1, "trend": "worse"}],
    "models": [{"name": "m", "path": "m", "old": "md5:a", "new": "md5:z"}],
}

SIDE = {"name": "cells.csv", "digest": "", "rows": 1}
DRIFT = {"verdict": "inconclusive", "drifted": False, "message": "", "reference": SIDE, "current": SIDE}


@dataclass(kw_only=True)
class FakePlayer:
    """Shows nothing, keeps the claims, and answers each verb with the same output and code."""

    code: int = ExitCode.DONE
    outputs: dict[str, str] = field(default_factory=dict)
    claims: list[tuple[str, bool]] = field(default_factory=list)
    chapters: list[str] = field(default_factory=list)

    def open_chapter(self, number: int, title: str) -> None:
        self.chapters.append(f"{number}. {title}")

    def tell(self, text: str) -> None: ...

    def show_claim(self, text: str, *, holds: bool) -> None:
        self.claims.append((text, holds))

    def show_comment(self, markdown: str) -> None: ...

    def make_project(self) -> None: ...

    def edit_params(self, old: str, new: str) -> None: ...

    def add_policy(self, text: str) -> None: ...

    def receive(self, name: str, *, growth: float) -> None: ...

    def take(self, name: str, path: str) -> None: ...

    def run_dvc(self, *words: str) -> None: ...

    def run_git(self, *words: str) -> None: ...

    def ask_git(self, *words: str) -> str:  # noqa: ARG002 - the port's signature
        return ""

    def run_kit(self, *words: str) -> Answer:
        return self.ask_kit(*words)

    def ask_kit(self, *words: str) -> Answer:
        return Answer(code=self.code, output=self.outputs.get(words[0], ""), errors="reason\n")

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None: ...


def idle_kit() -> FakePlayer:
    """A kit that calls every verb a success and changes nothing."""
    names = ("dev", "staging", "production")
    return FakePlayer(
        outputs={
            "reproduce": json.dumps({"stages": [{"state": "ran"}]}),
            "report": json.dumps(REPORT),
            "status": json.dumps(
                {"environments": {name: ENVIRONMENT | {"models": {"tumour-classifier": STUCK}} for name in names}}
            ),
            "plan": json.dumps({"changes": [{"verb": "register"}], "blocked": []}),
            "history": json.dumps({"records": []}),
            "drift": json.dumps(DRIFT),
        }
    )


def untrue(player: Player) -> None:
    check(player, "two is three", holds=False)


def true(player: Player) -> None:
    check(player, "two is two", holds=True)


def test_an_untrue_claim_ends_the_story_and_the_process_with_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    player = FakePlayer()
    chapters = (Chapter(title="A", play=true), Chapter(title="B", play=untrue), Chapter(title="C", play=true))
    assert guarded(lambda: tell_story(player, chapters), INPUTS) == ExitCode.BUG
    assert "mlops-kit: error: the demo claims what is not so: two is three\n" in capsys.readouterr().err
    assert player.chapters == ["1. A", "2. B"]
    assert player.claims == [("two is two", True), ("two is three", False)]


def test_a_true_story_is_played_to_its_end() -> None:
    player = FakePlayer()
    tell_story(player, (Chapter(title="A", play=true), Chapter(title="B", play=true)))
    assert player.chapters == ["1. A", "2. B"]


@pytest.mark.parametrize(
    "chapter", [chapter for chapter in STORY if chapter.title not in {"A project", "Where things stand"}]
)
def test_a_kit_that_does_nothing_is_found_out_in_every_chapter(chapter: Chapter) -> None:
    with pytest.raises(UntrueClaimError):
        tell_story(idle_kit(), (chapter,))


@pytest.mark.parametrize("chapter", STORY)
def test_a_verb_that_ends_with_another_code_ends_the_story(chapter: Chapter) -> None:
    player = idle_kit()
    player.code = ExitCode.OUTSIDE
    with pytest.raises(UntrueClaimError, match="ended with code 5"):
        tell_story(player, (chapter,))


def test_a_verb_must_end_as_the_story_says() -> None:
    done, refused = FakePlayer(), FakePlayer(code=ExitCode.REFUSED)
    assert succeed(done, "status").code == ExitCode.DONE
    assert refuse(refused, "reconcile", "dev").code == ExitCode.REFUSED
    assert ask(FakePlayer(outputs={"plan": "{}"}), "plan") == "{}"
    with pytest.raises(UntrueClaimError, match="mlops-kit reconcile dev ended with code 0 where 4 was due") as found:
        refuse(done, "reconcile", "dev")
    assert found.value.hint == "reason"


def test_an_interrupt_ends_the_story_as_an_interrupt() -> None:
    with pytest.raises(InterruptedRunError):
        succeed(FakePlayer(code=ExitCode.INTERRUPTED), "reproduce")


def test_missing_libraries_are_named_with_the_install_command() -> None:
    require_modules(("json",))
    with pytest.raises(InputError, match="needs no_such_module, not installed") as found:
        require_modules(("json", "no_such_module"))
    assert found.value.hint == "pip install 'mlops-kit-gitops[demo]'"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        make_folder(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        make_folder(tmp_path / "mine.txt")
    with pytest.raises(InputError, match="cannot make the folder"):
        make_folder(tmp_path / "mine.txt" / "below")
    assert make_folder(tmp_path / "new") == (tmp_path / "new").resolve()


def test_nothing_of_the_callers_environment_but_the_harmless_reaches_the_demo(tmp_path: Path) -> None:
    caller = {"PATH": "/bin", "GITHUB_TOKEN": "t", "GIT_DIR": "/x", "MLFLOW_TRACKING_URI": "http://x", "HOME": ""}
    variables = own_variables(tmp_path, caller)
    assert variables.keys() == {"PATH", "HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "DVC_NO_ANALYTICS"}
    assert variables["HOME"] == str(tmp_path)
    assert variables["PATH"].endswith(":/bin")
