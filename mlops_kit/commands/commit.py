"""Commits what a runner reproduced onto the pull request's branch: a stranger's data, taken by the base's rules.

Look, check, upload, commit; each step can be repeated, and nothing is written before everything was checked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_kit.commands.accept import Accepted, accept, read_ground
from mlops_kit.commands.judge import Bench, read_base_policy
from mlops_kit.core.config import LockPolicy
from mlops_kit.core.errors import ConflictError, InputError, IntegrityError, OutsideError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.ports.drafts import Draft, Drafts, Person
from mlops_kit.core.ports.handing import Depot, Handed, KeptOutput
from mlops_kit.core.review.hand_over import Bounds, HandOver, parse_hand_over
from mlops_kit.core.review.lock_return import (
    QUIET_LOGIN,
    LockOutcome,
    LockReturn,
    commit_message,
    is_reproduction,
)
from mlops_kit.core.types import CommitSha, Digest

_SCORED_ANEW = LockReturn(
    outcome=LockOutcome.UNCHANGED,
    note="models were scored anew, and that is not committed on a commit of the kit's own: push one to have it",
)


@dataclass(frozen=True, kw_only=True)
class Clerk:
    """What a commit is made with. `work_config` are the DVC settings that are checked out, which name the remotes."""

    bench: Bench
    drafts: Drafts
    depot: Depot
    handed: Handed
    author: Person
    work_config: Mapping[str, bytes]
    bounds: Bounds = field(default_factory=Bounds)
    run_url: str = ""


def commit(clerk: Clerk, pull_request: PullRequest) -> LockReturn:
    """Have the pull request's branch, and the DVC remote, hold what was handed over.

    IntegrityError for what is not as it should be, RefusedError for a lock that nobody ran or a push that may not be,
    ConflictError where the branch moved; nothing is written then.
    """
    if pull_request.is_fork:
        return LockReturn(outcome=LockOutcome.FORK)
    _require_base(clerk, pull_request.base)
    document = parse_hand_over(clerk.handed.read_manifest(), head=pull_request.head, bounds=clerk.bounds)
    clerk.handed.require_nothing_else(document.places)
    accepted = accept(read_ground(clerk.bench.git, pull_request.head), _read_files(clerk, document), document.removed)
    if read_base_policy(clerk.bench, pull_request.base).review.commit is LockPolicy.NONE:
        return LockReturn(outcome=LockOutcome.OUTDATED if accepted.is_outdated else LockOutcome.UNCHANGED)
    objects = _check_objects(clerk, document)
    if not accepted.is_change:
        return _keep(clerk, pull_request, accepted, objects)
    if _is_own_work(clerk, pull_request.head):
        return LockReturn(outcome=LockOutcome.UNSTABLE) if accepted.is_outdated else _SCORED_ANEW
    made = _make_commit(clerk, pull_request, accepted)
    _require_place(clerk, pull_request, made)
    if missing := _bring_objects(clerk, pull_request, accepted, objects):
        return LockReturn(outcome=LockOutcome.NO_BYTES, note=_tell_missing(missing, document))
    return _advance(clerk, pull_request, made)


def _require_base(clerk: Clerk, base: CommitSha) -> None:
    """The remotes must be those of the base: a pull request's own configuration would lead elsewhere."""
    git = clerk.bench.git
    own = git.read_files(base, clerk.work_config)
    if git.resolve("HEAD") != base or dict(own) != dict(clerk.work_config):
        raise IntegrityError(
            f"what is checked out is not the base commit {base}, whose DVC remotes are used",
            hint="check out the base: actions/checkout with ref: ${{ github.event.pull_request.base.sha }}",
        )


def _read_files(clerk: Clerk, document: HandOver) -> dict[str, bytes]:
    return {
        file.path: clerk.handed.read_file(f"files/{file.sha256}", sha256=file.sha256, size=file.size)
        for file in document.files
    }


def _check_objects(clerk: Clerk, document: HandOver) -> dict[Digest, Path]:
    return {one.digest: clerk.handed.check_object(one.place, one.digest, size=one.size) for one in document.objects}


def _is_own_work(clerk: Clerk, head: CommitSha) -> bool:
    """Whether the head is itself a commit of what was reproduced: a second one on it could go on for ever."""
    parents = clerk.bench.git.list_first_parents(head, limit=2)[1:]
    message = clerk.drafts.read_message(head)
    return is_reproduction(message, parents[0] if parents else None)


def _keep(clerk: Clerk, pull_request: PullRequest, accepted: Accepted, objects: Mapping[Digest, Path]) -> LockReturn:
    """The lock is right as it is; its objects are brought where that can be, for somebody may have forgotten to."""
    note = ""
    try:
        if objects:
            _bring_objects(clerk, pull_request, accepted, objects)
    except (InputError, OutsideError, RefusedError) as error:
        note = f"whether its outputs are in the DVC remote is not known: {error}"
    return LockReturn(outcome=LockOutcome.UNCHANGED, note=note)


def _make_commit(clerk: Clerk, pull_request: PullRequest, accepted: Accepted) -> CommitSha:
    """The commit on the head, still nowhere but here."""
    head = pull_request.head
    return clerk.drafts.make_commit(
        Draft(
            parent=head,
            tree=head,
            source=head,
            files=accepted.files,
            removed=accepted.removed,
            message=commit_message(head, accepted.paths, run_url=clerk.run_url),
            author=clerk.author,
        )
    )


def _require_place(clerk: Clerk, pull_request: PullRequest, made: CommitSha) -> None:
    """ConflictError where the branch leads to something else than the head, or what an earlier try made of it."""
    now = clerk.drafts.read_branch(pull_request.head_branch)
    if now != pull_request.head and not _is_made(clerk, now, made):
        where = f"is at {now[:12]}" if now else "is gone"
        raise ConflictError(
            f"the branch {pull_request.head_branch} {where}, and {pull_request.head[:12]} was reproduced",
            hint="nothing was pushed; the run of the new head does it again",
        )


def _is_made(clerk: Clerk, now: CommitSha | None, made: CommitSha) -> bool:
    """Whether the branch has the commit, or another run's with the same files on the same head."""
    return now is not None and (now == made or clerk.drafts.is_same_change(now, made))


def _bring_objects(
    clerk: Clerk, pull_request: PullRequest, accepted: Accepted, objects: Mapping[Digest, Path]
) -> frozenset[Digest]:
    """Upload the objects; the digests that the remotes do not have after it, and the base does not name either."""
    clerk.depot.upload(accepted.outputs, objects)
    old = {output.digest for output in read_ground(clerk.bench.git, pull_request.base).outputs}
    return clerk.depot.find_missing(_only_new(accepted.outputs, old))


def _only_new(outputs: Iterable[KeptOutput], old: set[Digest]) -> tuple[KeptOutput, ...]:
    return tuple(output for output in outputs if output.digest not in old)


def _tell_missing(missing: frozenset[Digest], document: HandOver) -> str:
    first = f"{len(missing)} outputs are not in the DVC remote, {min(missing)} among them"
    left_out = document.left_out
    if left_out is None:
        return first
    return f"{first}: {left_out.objects:,} objects of {left_out.bytes:,} bytes were too much to be handed over"


def _advance(clerk: Clerk, pull_request: PullRequest, made: CommitSha) -> LockReturn:
    """Let the branch lead to the commit; what an earlier try pushed is recognised."""
    branch = pull_request.head_branch
    now = clerk.drafts.read_branch(branch)
    if now is None or not _is_made(clerk, now, made):
        clerk.drafts.advance_branch(branch, made, known=pull_request.head)
        now = made
    quiet = clerk.author.name == QUIET_LOGIN
    return LockReturn(outcome=LockOutcome.QUIETLY if quiet else LockOutcome.COMMITTED, commit=now)
