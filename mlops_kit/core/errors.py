"""Every error a user can meet, each with its exit code and next step.

Only subclasses of KitError are raised in the kit. The text of an error names what is wrong, with the value and
where it came from; `hint` says what to do. No error carries a token, an environment or a full command line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller; documented in docs/exit-codes.md, never reused."""

    DONE = 0
    BUG = 1
    INPUT = 2
    DIFFERENCE = 3
    REFUSED = 4
    OUTSIDE = 5
    INTEGRITY = 6
    STAGE_FAILED = 7
    CONFLICT = 8
    INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True, order=True)
class Location:
    """Where in a file something stands; line and column count from 1, 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`FILE`, `FILE:LINE` or `FILE:LINE:COLUMN`."""
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *numbers])


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with an input: where, which field, what, and the next step."""

    message: str
    location: Location | None = None
    field: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """`FILE:LINE FIELD: message`, without the parts that are not known."""
        where = " ".join(part for part in (str(self.location or ""), self.field) if part)
        return f"{where}: {self.message}" if where else self.message


class KitError(Exception):
    """Root of all errors of the kit."""

    code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None, field: str = "") -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = (Problem(message=message, hint=hint, location=location, field=field),)

    @property
    def hint(self) -> str:
        """The next step, or an empty string."""
        return self.problems[0].hint

    def __str__(self) -> str:
        """All problems, a line each."""
        return "\n".join(str(problem) for problem in self.problems)


class InputError(KitError):
    """Usage, configuration or an input file is wrong."""

    code = ExitCode.INPUT


class NeverMadeError(InputError):
    """Something that a run would make, and no run has made yet."""


class InvalidInputError(InputError):
    """Several problems of the input, reported all at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        super().__init__(found[0].message)
        self.problems = found


class FoundProblemsError(KitError):
    """Everything that a check of several files found; the exit code is the gravest one's."""

    def __init__(self, errors: Iterable[KitError]) -> None:
        found = tuple(errors)
        gravest = max(found, key=lambda error: error.code)
        super().__init__(str(gravest))
        self.code = gravest.code
        self.problems = tuple(problem for error in found for problem in error.problems)


class RefusedError(KitError):
    """The policy says no: a gate, the order of environments, an inconsistent lock."""

    code = ExitCode.REFUSED


class OutsideError(KitError):
    """An outside system failed; running again is safe."""

    code = ExitCode.OUTSIDE


class PassingError(OutsideError):
    """A failure of an outside system that trying again may cure.

    `limited` where the system asks for fewer calls, `wait_seconds` where it says for how long.
    """

    def __init__(self, message: str, *, limited: bool = False, wait_seconds: float | None = None) -> None:
        super().__init__(message, hint="run it again")
        self.limited = limited
        self.wait_seconds = wait_seconds


class IntegrityError(KitError):
    """Bytes are not what was recorded, or a path leaves the repository."""

    code = ExitCode.INTEGRITY


class StageFailedError(KitError):
    """A stage's command failed."""

    code = ExitCode.STAGE_FAILED


class ConflictError(KitError):
    """Somebody else was first: a newer run, a taken log number, a moved branch."""

    code = ExitCode.CONFLICT


class UntrueClaimError(KitError):
    """The demo claimed something that does not hold on this machine: a bug of the kit."""


class InterruptedRunError(KitError):
    """The user or the runner asked to stop."""

    code = ExitCode.INTERRUPTED
