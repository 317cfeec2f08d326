"""What every deployer must do: the checks that authors run against theirs, with a target at hand.

    SUBJECT = DeployerSubject(open_deployer=lambda environment: MyDeployer(SETTINGS, tools), make_files=write_model)

    @pytest.mark.parametrize("check", deployer_checks(SUBJECT), ids=lambda check: check.__name__)
    def test_conforms(check):
        check(SUBJECT)

A check raises AssertionError with what was wrong. Each begins with a target that runs nothing of its models.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import CanaryDeployer, Deployer, ModelFiles
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    Health,
    ModelName,
    PromotionKind,
    PromotionRecord,
    ServingReading,
)

DEV, PRODUCTION = EnvironmentName("dev"), EnvironmentName("production")
CHURN, OTHER = ModelName("churn"), ModelName("uplift")
HOSTILE = ModelName('a b/$(touch PWNED)"\n-rf: {x}%s')
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class DeployerSubject:
    """A deployer to check, over a target that runs nothing yet.

    `open_deployer` makes it anew for an environment, as another process would. `make_files` gives the bytes of a
    version by a word; the same word gives the same bytes. `break_target` makes the target give no answer from then on,
    None where that cannot be done. A healthy version may take `patience_seconds`.
    """

    open_deployer: Callable[[EnvironmentName], Deployer]
    make_files: Callable[[str], ModelFiles]
    break_target: Callable[[], None] | None = None
    patience_seconds: float = 60.0

    def deploy(self, record: PromotionRecord, word: str) -> ServingReading:
        """Deploy, wait until it is well, test it; the last reading."""
        self.open_deployer(record.environment).deploy(record, self.make_files(word))
        reading = self.await_health(record)
        self.open_deployer(record.environment).test(record)
        return reading

    def read(self, environment: EnvironmentName = DEV, model: ModelName = CHURN) -> ServingReading:
        """What the target says now."""
        return self.open_deployer(environment).observe(environment, model)

    def await_health(self, record: PromotionRecord) -> ServingReading:
        """The first reading that is healthy; AssertionError where it does not come."""
        end = time.monotonic() + self.patience_seconds
        while (reading := self.read(record.environment, record.model)).health is not Health.HEALTHY:
            _demand(time.monotonic() < end, f"not healthy after {self.patience_seconds:g} s: {reading}")
            time.sleep(_POLL_SECONDS)
        return reading


def record_of(
    word: str, *, seq: int = 1, model: ModelName = CHURN, environment: EnvironmentName = DEV
) -> PromotionRecord:
    """A record of the version that a word stands for."""
    value = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
    return PromotionRecord(
        model=model,
        environment=environment,
        seq=seq,
        digest=Digest(algorithm="md5", value=value),
        sha256=hashlib.sha256(word.encode()).hexdigest(),
        recipe="",
        previous=None,
        kind=PromotionKind.PROMOTE,
        commit=CommitSha(hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest()),
    )


def deployer_checks(subject: DeployerSubject) -> tuple[Callable[[DeployerSubject], None], ...]:
    """The checks that fit the subject, each to be run over a target of its own."""
    checks = [
        runs_nothing_at_first,
        runs_what_was_deployed,
        can_be_deployed_again,
        goes_forward_and_back,
        keeps_models_and_environments_apart,
        takes_any_name,
    ]
    if subject.break_target is not None:
        checks.append(says_that_the_target_gives_no_answer)
    if isinstance(subject.open_deployer(DEV), CanaryDeployer):
        checks += [keeps_the_stable_version_beside_a_canary, takes_a_canary_back]
    return tuple(checks)


def runs_nothing_at_first(subject: DeployerSubject) -> None:
    """An empty target is Missing, and that is an answer."""
    reading = subject.read()
    _demand(reading.digest is None, f"something runs already: {reading}")
    _demand(reading.health is Health.MISSING, f"nothing runs, and that is Missing: {reading}")


def runs_what_was_deployed(subject: DeployerSubject) -> None:
    """After a deployment the target names the digest, and the record where it can."""
    record = record_of("one", seq=3)
    reading = subject.deploy(record, "one")
    _demand_same(reading, record)


def can_be_deployed_again(subject: DeployerSubject) -> None:
    """A deployment whose answer was lost is made again."""
    record = record_of("one")
    subject.deploy(record, "one")
    _demand_same(subject.deploy(record, "one"), record)


def goes_forward_and_back(subject: DeployerSubject) -> None:
    """A newer version takes the place of an older one, and the older one comes back."""
    first, second = record_of("one", seq=1), record_of("two", seq=2)
    subject.deploy(first, "one")
    _demand_same(subject.deploy(second, "two"), second)
    back = replace(first, seq=3)
    reading = subject.deploy(back, "one")
    _demand_same(reading, back)


def keeps_models_and_environments_apart(subject: DeployerSubject) -> None:
    """Each model in each environment is a target of its own."""
    subject.deploy(record_of("one"), "one")
    _demand(subject.read(DEV, OTHER).digest is None, "another model runs too")
    _demand(subject.read(PRODUCTION, CHURN).digest is None, "another environment runs it too")
    other = record_of("two", model=OTHER)
    subject.deploy(other, "two")
    there = record_of("two", environment=PRODUCTION)
    subject.deploy(there, "two")
    _demand_same(subject.read(DEV, CHURN), record_of("one"))
    _demand_same(subject.read(DEV, OTHER), other)
    _demand_same(subject.read(PRODUCTION, CHURN), there)


def takes_any_name(subject: DeployerSubject) -> None:
    """A model's name is text: spaces, quotes, line ends and dashes are no commands."""
    record = record_of("one", model=HOSTILE)
    _demand_same(subject.deploy(record, "one"), record)
    _demand(subject.read().digest is None, "another model runs now")


def says_that_the_target_gives_no_answer(subject: DeployerSubject) -> None:
    """A reading that failed is an OutsideError, never 'nothing there'."""
    record = record_of("one")
    subject.deploy(record, "one")
    if subject.break_target:
        subject.break_target()
    for action in (
        subject.read,
        lambda: subject.open_deployer(DEV).deploy(record, subject.make_files("one")),
    ):
        try:
            found = action()
        except OutsideError:
            continue
        raise AssertionError(f"no OutsideError, but {found}")


def keeps_the_stable_version_beside_a_canary(subject: DeployerSubject) -> None:
    """While a part of the traffic is led to a new version, the target names the stable one; then all is led over."""
    stable, fresh = record_of("one", seq=1), record_of("two", seq=2)
    subject.deploy(stable, "one")
    deployer = _stepping(subject)
    for percent in (10, 10, 50):
        deployer.shift(fresh, subject.make_files("two"), percent)
        _demand_same(subject.read(), stable)
    _demand_same(subject.deploy(fresh, "two"), fresh)


def takes_a_canary_back(subject: DeployerSubject) -> None:
    """An aborted canary leaves the stable version as it was; aborting twice is fine."""
    stable, fresh = record_of("one", seq=1), record_of("two", seq=2)
    subject.deploy(stable, "one")
    _stepping(subject).shift(fresh, subject.make_files("two"), 10)
    for _ in range(2):
        _stepping(subject).abort(fresh)
    _demand_same(subject.await_health(stable), stable)


def _stepping(subject: DeployerSubject) -> CanaryDeployer:
    deployer = subject.open_deployer(DEV)
    if not isinstance(deployer, CanaryDeployer):
        raise AssertionError(f"{deployer!r} has no steps")  # noqa: TRY004 - a check that failed
    return deployer


def _demand_same(reading: ServingReading, record: PromotionRecord) -> None:
    """The target names the record's digest, and its number where it can tell."""
    _demand(reading.digest == record.digest, f"{record.digest} should run: {reading}")
    _demand(reading.seq in {None, record.seq}, f"it was deployed for #{record.seq}: {reading}")


def _demand(holds: bool, complaint: str) -> None:  # noqa: FBT001 - what a check asks for
    if not holds:
        raise AssertionError(complaint)
