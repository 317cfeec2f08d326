"""`mlops-kit commit`: puts what a runner reproduced on the pull request's branch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Output, write_outputs, write_summary
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.event import read_event, warn
from mlops_kit.commands.commit import commit
from mlops_kit.commands.subject import NoSubject, find_subject
from mlops_kit.core.errors import ConflictError, IntegrityError, KitError, RefusedError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports.drafts import Person
from mlops_kit.core.review.hand_over import OBJECT_COUNT, OBJECT_MIB, Bounds
from mlops_kit.core.review.lock_return import LockOutcome, LockReturn, tell_lock

_REFUSED = frozenset({LockOutcome.OUTDATED, LockOutcome.NO_BYTES})
_WORTH_A_WARNING = frozenset({LockOutcome.UNSTABLE, LockOutcome.QUIETLY})


@click.command("commit")
@click.argument("folder", metavar="FOLDER")
@click.option("--pull-request", "number", type=int, help="The pull request; default: the workflow event's.")
@click.option(
    "--most-objects", type=click.IntRange(min=0), default=OBJECT_COUNT, show_default=True, help="Objects to take."
)
@click.option(
    "--most-mib", type=click.IntRange(min=0), default=OBJECT_MIB, show_default=True, help="MiB of objects to take."
)
@click.pass_obj
def command(caller: Caller, folder: str, *, number: int | None, most_objects: int, most_mib: int) -> None:
    """Commit what `reproduce --hand-over FOLDER` wrote to the pull request's branch, and its objects to the DVC remote.

    FOLDER is taken as data from a stranger, the remote from what is checked out: the base. Nothing is written before
    everything was checked; the same again changes nothing.

    \b
    Example:  mlops-kit commit mlops-kit-hand-over
    """
    inputs = caller.inputs
    with _told(inputs):
        event = read_event(inputs, number)
        forge = wiring.open_forge(inputs.repository, api_url=inputs.api_url, token=inputs.token)
        subject = find_subject(forge, event, repository=inputs.repository)
        if isinstance(subject, NoSubject | MergeGroup):
            reason = subject.reason if isinstance(subject, NoSubject) else "a merge group has no branch to commit to"
            click.echo(f"nothing to do: {reason}")
            return
        author = account(forge.read_login(), inputs.server_url)
        bounds = Bounds(objects=most_objects, mib=most_mib)
        done = _commit(caller, subject.pull_request, folder, author=author, bounds=bounds)
    _tell(done, inputs)


def _commit(caller: Caller, pull_request: PullRequest, folder: str, *, author: Person, bounds: Bounds) -> LockReturn:
    inputs = caller.inputs
    git = wiring.open_git(caller.folder, inputs.variables)
    clerk = wiring.open_clerk(git, inputs.variables, caller.folder, folder, author=author)
    config_file = caller.config_file or clerk.bench.config_file
    bench = replace(clerk.bench, config_file=config_file)
    return commit(replace(clerk, bench=bench, bounds=bounds, run_url=inputs.run_url), pull_request)


def account(login: str, server_url: str) -> Person:
    """The account of the token, with the address that GitHub knows it by without its mail."""
    return Person(name=login, email=f"{login}@users.noreply.{urlsplit(server_url).hostname}")


def _tell(done: LockReturn, inputs: Inputs) -> None:
    """Say what became of the lock, to people and to later steps; leave with 4 where it stays as it should not."""
    _write(done, inputs)
    sentence = tell_lock(done.outcome) or "nothing to do: the branch has what the runner reproduced"
    if done.outcome in _REFUSED:
        raise RefusedError(": ".join(filter(None, [done.outcome.value, done.note])), hint=sentence)
    click.echo(f"{done.outcome} {done.commit or ''}".rstrip())
    click.echo(sentence)
    if done.note or done.outcome in _WORTH_A_WARNING:
        warn(done.note or sentence, inputs)


def _write(done: LockReturn, inputs: Inputs) -> None:
    write_outputs(inputs.output_file, {Output.LOCK: done.outcome.value, Output.COMMIT: done.commit or ""})
    if sentence := tell_lock(done.outcome):
        write_summary(inputs.summary_file, f"{sentence}\n")


@contextmanager
def _told(inputs: Inputs) -> Iterator[None]:
    """Later steps and the summary page learn of an error too."""
    try:
        yield
    except KitError as error:
        _write(LockReturn(outcome=_outcome_of(error)), inputs)
        raise


def _outcome_of(error: KitError) -> LockOutcome:
    if isinstance(error, ConflictError):
        return LockOutcome.MOVED
    return LockOutcome.REFUSED if isinstance(error, RefusedError | IntegrityError) else LockOutcome.FAILED
