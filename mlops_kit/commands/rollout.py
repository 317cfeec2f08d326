"""Brings a version out to a serving target: at once, or in steps that are looked at one by one.

A version that does not become healthy, or fails its smoke test, is noted in the log, so that the next run does not
bring it to people again by itself. A target that gives no answer is not: the next run tries again.
"""

from dataclasses import dataclass
from datetime import timedelta

from mlops_kit.commands.world import World
from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import ConflictError, InputError, KitError, OutsideError
from mlops_kit.core.ports import CanaryDeployer, Deployer, ModelFiles
from mlops_kit.core.promotion.rollout import Step, describe_reading, judge_reading
from mlops_kit.core.types import EnvironmentName, Note, NoteKind, PromotionRecord

POLL_SECONDS = 5.0
NOTE_ATTEMPTS = 5


class UnhealthyError(OutsideError):
    """The version came out and is not well."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """One version on its way to one target."""

    world: World
    deploy: Deploy
    record: PromotionRecord
    files: ModelFiles


def open_target(world: World, environment: EnvironmentName, deploy: Deploy) -> Deployer:
    """The deployer of an environment; InputError where it is asked for steps that it does not have."""
    deployer = world.deployers.open_deployer(deploy)
    if deploy.canary and deploy.canary.shifts and not isinstance(deployer, CanaryDeployer):
        raise InputError(
            f"a deployer of kind {deploy.kind} brings versions out all at once",
            field=f"environments.{environment}.deploy.canary",
            hint="take canary out, or use a kind that has steps: kserve, command with shift and abort",
        )
    return deployer


def roll_out(rollout: Rollout) -> None:
    """Make the target run the version, and see that it is well.

    OutsideError where the target fails or the version is not well.
    """
    deployer = open_target(rollout.world, rollout.record.environment, rollout.deploy)
    try:
        _shift(rollout, deployer)
        deployer.deploy(rollout.record, rollout.files)
        _check(rollout, deployer, whole=True)
    except UnhealthyError as error:
        _note_aborted(rollout, str(error))
        raise


def _shift(rollout: Rollout, deployer: Deployer) -> None:
    """The steps before all of the traffic; none where nothing runs yet that could have the rest of it."""
    canary, record = rollout.deploy.canary, rollout.record
    if canary is None or not isinstance(deployer, CanaryDeployer):
        return
    if deployer.observe(record.environment, record.model).digest is None:
        return
    for percent in canary.shifts:
        deployer.shift(record, rollout.files, percent)
        rollout.world.clock.sleep(canary.wait.total_seconds())
        try:
            _check(rollout, deployer, whole=False)
        except UnhealthyError as error:
            raise UnhealthyError(_abort(rollout, deployer, f"at {percent} %: {error}"), hint=error.hint) from error


def _check(rollout: Rollout, deployer: Deployer, *, whole: bool) -> None:
    """Wait for health, then the smoke test; UnhealthyError where either does not come."""
    _await_health(rollout, deployer, whole=whole)
    try:
        deployer.test(rollout.record)
    except OutsideError as error:
        raise _unhealthy(rollout, f"the smoke test failed: {error}") from error


def _await_health(rollout: Rollout, deployer: Deployer, *, whole: bool) -> None:
    clock, record = rollout.world.clock, rollout.record
    end = clock.now() + rollout.deploy.patience
    while True:
        reading = deployer.observe(record.environment, record.model)
        step = judge_reading(reading, record.digest, whole=whole)
        if step is Step.GO_ON:
            return
        if step is Step.GIVE_UP or clock.now() + timedelta(seconds=POLL_SECONDS) > end:
            raise _unhealthy(rollout, f"{record.digest} is not well: {describe_reading(reading)}")
        clock.sleep(POLL_SECONDS)


def _abort(rollout: Rollout, deployer: CanaryDeployer, why: str) -> str:
    """Back to the stable version; what came of it."""
    try:
        deployer.abort(rollout.record)
    except KitError as error:
        return f"{why}; and the stable version could not be brought back: {error}"
    return f"{why}; all traffic is back at the stable version"


def _unhealthy(rollout: Rollout, message: str) -> UnhealthyError:
    environment = rollout.record.environment
    return UnhealthyError(
        message,
        hint=f"mlops-kit rollback {environment}, or try again: mlops-kit reconcile {environment} --retry",
    )


def _note_aborted(rollout: Rollout, reason: str) -> None:
    """Leave a note that this record's roll-out was given up; of several runners one note is enough."""
    log, record = rollout.world.log, rollout.record
    for _ in range(NOTE_ATTEMPTS):
        mine = [n for n in log.read_notes() if (n.model, n.environment) == (record.model, record.environment)]
        note = Note(
            model=record.model,
            environment=record.environment,
            seq=len(mine) + 1,
            kind=NoteKind.ABORTED,
            commit=record.commit,
            record=record.seq,
            reason=reason,
            actor=rollout.world.origin.actor,
            recorded_at=rollout.world.clock.now(),
        )
        try:
            return log.append_note(note)
        except ConflictError:
            rollout.world.git.fetch()
    raise ConflictError(f"the aborted roll-out of {record.model} could not be noted", hint="run again")
