"""The files that adding the kit comes to, each beside what is there now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum

from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.onboarding.choices import Choices
from mlops_kit.core.onboarding.codeowners import codeowners_text
from mlops_kit.core.onboarding.pin import Pin
from mlops_kit.core.onboarding.policy_file import policy_text
from mlops_kit.core.onboarding.survey import CODEOWNERS_PLACES, Survey
from mlops_kit.core.onboarding.workflow_file import workflow_text

WORKFLOW_FILE = ".github/workflows/mlops.yml"


class Fate(StrEnum):
    """What becomes of a file."""

    CREATED = "created"
    EXTENDED = "extended"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It is there and says something else: it is left alone."""


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file: what is there now (None: nothing), what the kit would write, and what becomes of it."""

    path: str
    old: str | None
    new: str
    fate: Fate

    @property
    def is_written(self) -> bool:
        """Whether something is to be written."""
        return self.fate in {Fate.CREATED, Fate.EXTENDED}

    @property
    def diff(self) -> str:
        """From what is there to what the kit would write, as a unified diff; empty where both are the same."""
        before = (self.old or "").splitlines(keepends=True)
        origin = f"a/{self.path}" if self.old is not None else "/dev/null"
        return "".join(_whole_lines(unified_diff(before, self.new.splitlines(keepends=True), origin, f"b/{self.path}")))


def plan_files(survey: Survey, choices: Choices, pin: Pin, present: Mapping[str, str]) -> tuple[PlannedFile, ...]:
    """Every file of the kit's, by path; `present` are those that are there, with their texts."""
    minute = 7 + sum(map(ord, "".join(survey.stages))) % 50  # the same each time, and not the full hour
    planned = [
        _new(CONFIG_FILE, policy_text(survey, choices), present),
        _new(WORKFLOW_FILE, workflow_text(survey, choices, pin, minute=minute), present),
    ]
    if choices.owner:
        place = survey.codeowners or CODEOWNERS_PLACES[0]
        old = present.get(place)
        text = codeowners_text(old or "", survey, choices.owner)
        fate = Fate.UNCHANGED if text == old else Fate.CREATED if old is None else Fate.EXTENDED
        planned.append(PlannedFile(path=place, old=old, new=text, fate=fate))
    return tuple(planned)


def plan_example(files: Mapping[str, str], present: Mapping[str, str]) -> tuple[PlannedFile, ...]:
    """The files of an example project; where the repository has one of the name, that one stays."""
    return tuple(_new(path, text, present) for path, text in files.items())


def _new(path: str, text: str, present: Mapping[str, str]) -> PlannedFile:
    old = present.get(path)
    fate = Fate.CREATED if old is None else Fate.UNCHANGED if old == text else Fate.KEPT
    return PlannedFile(path=path, old=old, new=text, fate=fate)


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
