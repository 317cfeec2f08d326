"""What a reconcile came to, per environment: what was done, what was held back, what failed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mlops_kit.core.errors import ExitCode, Problem
from mlops_kit.core.types import Blocked, Change, EnvironmentName, ModelName, Remark, Unreadable

_CODES_WORST_LAST = (
    ExitCode.DONE,
    ExitCode.DIFFERENCE,
    ExitCode.REFUSED,
    ExitCode.CONFLICT,
    ExitCode.OUTSIDE,
    ExitCode.INPUT,
    ExitCode.INTEGRITY,
    ExitCode.STAGE_FAILED,
    ExitCode.BUG,
    ExitCode.INTERRUPTED,
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One model's promotion that ended in an error; `model` is empty where the environment could not be read."""

    environment: EnvironmentName
    model: ModelName
    problem: Problem
    code: ExitCode


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What happened in one environment: `done`, and `pending` where planned changes were not carried out.

    `stale` says that the log was read before others wrote to it.
    """

    environment: EnvironmentName
    done: tuple[Change, ...] = ()
    pending: tuple[Change, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    unknown: tuple[Unreadable, ...] = ()
    failures: tuple[Failure, ...] = ()
    remarks: tuple[Remark, ...] = ()
    stale: bool = False

    @property
    def superseded(self) -> bool:
        """Whether somebody else was first somewhere, and planning anew may help."""
        return self.stale or any(failure.code is ExitCode.CONFLICT for failure in self.failures)

    @property
    def differs(self) -> bool:
        """Whether something is not as desired and stays so."""
        return any(remark.differs for remark in self.remarks)

    def followed_by(self, later: "Outcome") -> "Outcome":
        """This attempt and a later one as one: what was done adds up, of the rest the later one knows better."""
        return replace(later, done=self.done + later.done)

    @property
    def code(self) -> ExitCode:
        """The worst of what happened, as the process tells it."""
        codes = [failure.code for failure in self.failures]
        codes += [ExitCode.OUTSIDE] if self.unknown else []
        codes += [ExitCode.REFUSED] if self.blocked else []
        codes += [ExitCode.DIFFERENCE] if self.pending or self.differs else []
        return worst_code(codes)


def join_outcomes(name: EnvironmentName, outcomes: Iterable[Outcome]) -> Outcome:
    """The outcomes of an environment's models as one, in their order."""
    parts = tuple(outcomes)
    return Outcome(
        environment=name,
        done=tuple(change for part in parts for change in part.done),
        pending=tuple(change for part in parts for change in part.pending),
        blocked=tuple(blocked for part in parts for blocked in part.blocked),
        unknown=tuple(unknown for part in parts for unknown in part.unknown),
        failures=tuple(failure for part in parts for failure in part.failures),
        remarks=tuple(remark for part in parts for remark in part.remarks),
        stale=any(part.stale for part in parts),
    )


def worst_code(codes: Iterable[ExitCode]) -> ExitCode:
    """The gravest exit code: integrity before input, input before outside, and so on; DONE for none."""
    return max(codes, key=_CODES_WORST_LAST.index, default=ExitCode.DONE)
