"""Proposes a model that was trained again: a branch, and its pull request; or says why not.

What the training left is a stranger's data. Check it, decide again by what git says, keep its outputs, ask the gates,
push the branch, open the pull request, note it in the log; each step can be repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mlops_kit.commands.accept_training import Harvest, Subject, accept_training
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.note_training import note_training
from mlops_kit.commands.retrain import Ask, Ground, Verdict, read_ground, read_trained, weigh
from mlops_kit.commands.rollback import ACTIONS_LOGIN
from mlops_kit.commands.world import World
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.errors import IntegrityError, KitError, RefusedError
from mlops_kit.core.forge import Branch
from mlops_kit.core.ports.drafts import Draft, Drafts, Person
from mlops_kit.core.ports.handing import Depot, Handed
from mlops_kit.core.render.retrain import commit_message, pull_request_body, pull_request_title
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.hand_over import Bounds, parse_hand_over
from mlops_kit.core.review.report import Report
from mlops_kit.core.training.decision import branch_of
from mlops_kit.core.training.document import Retraining, changes_of, describe
from mlops_kit.core.training.history import milliseconds
from mlops_kit.core.training.proposal import Outcome, Proposal
from mlops_kit.core.training.situation import Action
from mlops_kit.core.types import Answer, CommitSha, NoteKind, Training


@dataclass(frozen=True, kw_only=True)
class Proposer:
    """What a proposal is made with.

    `handed` is None where the training handed nothing over, `depot` where its outputs need not be brought anywhere.
    `make_report` compares a commit (second) with another. `work_config` are the DVC settings that are checked out.
    `reports` are those of drift, for people to read.
    """

    world: World
    drafts: Drafts
    depot: Depot | None
    handed: Handed | None
    make_report: Callable[[CommitSha, CommitSha], Report]
    author: Person | None = None
    work_config: Mapping[str, bytes] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    reports: tuple[DriftReport, ...] = ()


def propose(proposer: Proposer, retraining: Retraining, ask: Ask) -> Proposal:
    """Do what is left of a retraining that another job decided and carried out.

    IntegrityError for what is not as it should be, RefusedError for a lock that nobody ran or outputs that are nowhere;
    nothing is written then but what the log notes of the drift.
    """
    world = proposer.world
    world.git.fetch()
    _require_settings(proposer)
    ground = read_ground(world, retraining.model, CommitSha(retraining.head))
    if retraining.environment != ground.environment:
        raise IntegrityError(f"the retraining is for {retraining.environment}, and a model enters {ground.environment}")
    ask = replace(ask, asked_at=retraining.asked_at)
    _note_drift(world, weigh(world, ground, ask, current=ground.trained, drift=retraining.drift_word))
    told = Proposal(
        outcome=Outcome.NOTHING,
        retraining=retraining,
        reason=retraining.reason,
        base=ground.branch,
        drift=proposer.reports,
    )
    match retraining.action:
        case Action.WAIT | Action.REFUSE:
            return told
        case Action.FINISH:
            return _finish(proposer, ground, told, branch=branch_of(ground.model, retraining.key))
        case Action.RETRAIN:
            return _fail(world, ground, told) if proposer.handed is None else _try(proposer, ground, ask, told)


def _require_settings(proposer: Proposer) -> None:
    """The remotes that get a stranger's objects must be those that are committed."""
    git, settings = proposer.world.git, proposer.work_config
    if proposer.depot is not None and dict(git.read_files(git.resolve("HEAD"), settings)) != dict(settings):
        raise IntegrityError(
            "the DVC settings are not those of the commit that is checked out",
            hint="check out the environment's branch and change nothing",
        )


def _note_drift(world: World, verdict: Verdict) -> None:
    decision, word = verdict.decision, verdict.situation.drift
    if decision.note is not None and word is not None:
        note_training(
            world, verdict.ground, decision.note, Training(data=decision.alarm_data), reason=f"verdict {word.verdict}"
        )


def _fail(world: World, ground: Ground, told: Proposal) -> Proposal:
    """The training has no result: the cooldown counts it, and after it is over it is tried again."""
    reason = told.retraining.failure or "the training ended without a result"
    claimed = told.retraining
    training = Training(
        data=ground.trained.digest,
        key=claimed.key,
        gpu_seconds=claimed.gpu_seconds,
        asked=milliseconds(claimed.asked_at),
    )
    note_training(world, ground, NoteKind.FAILED, training, reason=reason)
    return replace(told, outcome=Outcome.FAILED, reason=reason)


def _try(proposer: Proposer, ground: Ground, ask: Ask, told: Proposal) -> Proposal:
    """Judge the result; where that cannot be done it is noted, so that nobody trains the same again at once.

    What was pushed needs no such note: the next run goes on from there.
    """
    world, claimed = proposer.world, told.retraining
    try:
        return _judge(proposer, ground, ask, told)
    except KitError as error:
        with suppress(KitError):  # the first error is the one to tell
            world.git.fetch()
            if world.git.branch_head(branch_of(ground.model, claimed.key)) is None:
                _fail(world, ground, replace(told, retraining=replace(claimed, failure=clip(str(error.problems[0])))))
        raise


def _judge(proposer: Proposer, ground: Ground, ask: Ask, told: Proposal) -> Proposal:
    """Take the result, and propose it where the gates do not refuse it."""
    harvest, bring = _take(proposer, ground)
    made = _make_commit(proposer, ground, harvest, told.retraining)
    current = read_trained(proposer.world, ground.model, made)
    verdict = weigh(proposer.world, ground, ask, current=current, drift=told.retraining.drift_word)
    decision = verdict.decision
    told = replace(told, retraining=_believe(verdict, told.retraining), reason=decision.reason)
    if decision.action is Action.FINISH:
        return _finish(proposer, ground, told, branch=decision.branch)
    if decision.action is not Action.RETRAIN:
        return told
    case = _Case(proposer=proposer, verdict=verdict, told=told)
    if not harvest.accepted.is_change and not told.retraining.gpu_seconds:
        return replace(told, reason="the run changed nothing: there is nothing new to learn from")
    if not harvest.accepted.is_change or _is_live(proposer, ground, made):
        return case.reject("the same model came out as before")
    bring()
    report = proposer.make_report(ground.head, made)
    case = replace(case, told=replace(case.told, report=report))
    if broken := "; ".join(_refusals(report)):
        return case.reject(broken)
    return case.push(made)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A retraining that is being judged, and what is told of it so far."""

    proposer: Proposer
    verdict: Verdict
    told: Proposal

    @property
    def training(self) -> Training:
        """What its note is of."""
        retraining, situation = self.told.retraining, self.verdict.situation
        return Training(
            data=situation.current.digest, key=self.verdict.decision.key, gpu_seconds=retraining.gpu_seconds
        )

    def reject(self, reason: str) -> Proposal:
        """Propose nothing: the key stays known, and the cooldown doubles."""
        world, ground = self.proposer.world, self.verdict.ground
        note_training(world, ground, NoteKind.REJECTED, self.training, reason=reason)
        return replace(self.told, outcome=Outcome.REJECTED, reason=reason)

    def push(self, made: CommitSha) -> Proposal:
        """Have the branch, whoever was first, then its pull request, then the note."""
        world, ground, branch = self.proposer.world, self.verdict.ground, self.verdict.decision.branch
        if self.proposer.drafts.create_branch(branch, made) != made:
            world.git.fetch()
            return _finish(self.proposer, ground, self.told, branch=branch)
        done = _open(self.proposer, ground, replace(self.told, branch=branch, commit=made), why=self.told.reason)
        note_training(world, ground, NoteKind.PROPOSED, self.training, reason=self.told.reason)
        _supersede(world, ground, done)
        return done


def _believe(verdict: Verdict, claimed: Retraining) -> Retraining:
    """The retraining as git tells it; only what it cost is as the other job says."""
    found = describe(verdict.situation, verdict.decision, verdict.ground.head)
    return replace(found, gpu_seconds=claimed.gpu_seconds)


def _take(proposer: Proposer, ground: Ground) -> tuple[Harvest, Callable[[], None]]:
    """What was handed over, checked, and what brings its objects to the DVC remote."""
    handed = proposer.handed
    if handed is None:
        raise IntegrityError("nothing was handed over")
    document = parse_hand_over(handed.read_manifest(), head=ground.head, bounds=proposer.bounds)
    handed.require_nothing_else(document.places)
    files = {
        one.path: handed.read_file(f"files/{one.sha256}", sha256=one.sha256, size=one.size) for one in document.files
    }
    objects = {one.digest: handed.check_object(one.place, one.digest, size=one.size) for one in document.objects}
    subject = Subject(
        model=ground.model,
        head=ground.head,
        data_files=ground.merged.data_files,
    )
    harvest = accept_training(proposer.world.git, subject, files, document.removed)

    def bring() -> None:
        if proposer.depot is None:
            return
        proposer.depot.upload(harvest.accepted.outputs, objects)
        if missing := proposer.depot.find_missing(harvest.new_outputs):
            raise RefusedError(
                f"{len(missing)} outputs are not in the DVC remote, {min(missing)} among them",
                hint="let the job that trains push them: mlops-kit retrain --push",
            )

    return harvest, bring


def _make_commit(proposer: Proposer, ground: Ground, harvest: Harvest, retraining: Retraining) -> CommitSha:
    """The commit on the one that was trained at, still nowhere but here."""
    return proposer.drafts.make_commit(
        Draft(
            parent=ground.head,
            tree=ground.head,
            source=ground.head,
            files=harvest.accepted.files,
            removed=harvest.accepted.removed,
            message=commit_message(retraining, run_url=proposer.world.run_url),
            author=proposer.author,
        )
    )


def _is_live(proposer: Proposer, ground: Ground, made: CommitSha) -> bool:
    """Whether the model's bytes are those that are live."""
    if ground.live is None:
        return False
    models = read_project(proposer.world.git, made).models
    return any(one.name == ground.model and one.digest == ground.live.digest for one in models)


def _refusals(report: Report) -> Iterator[str]:
    """The gates that say no; one that cannot answer is for a person to look at, and keeps the merge back anyway."""
    for gate in report.gates:
        if gate.answer is Answer.FAIL:
            yield f"gate {gate.rule}: {gate.message}"


def _finish(proposer: Proposer, ground: Ground, told: Proposal, *, branch: str) -> Proposal:
    """Open the pull request of a branch that an earlier run pushed, and note it."""
    world = proposer.world
    commit = world.git.branch_head(branch)
    if commit is None:
        return replace(told, reason=f"the branch {branch} is gone")
    base = world.git.merge_base(commit, ground.head) or ground.head
    report = proposer.make_report(base, commit)
    why = proposer.drafts.read_message(commit).partition("\n\n")[2].partition("\n\n")[0]
    data = read_trained(world, ground.model, commit)
    told = replace(told, branch=branch, commit=commit, report=report)
    told = replace(told, retraining=replace(told.retraining, data=changes_of(data, ground.trained), drift=None))
    done = _open(proposer, ground, told, why=why or told.reason)
    training = Training(data=data.digest, key=branch.rpartition("/")[2])
    note_training(world, ground, NoteKind.PROPOSED, training, reason=why or told.reason)
    return done


def _open(proposer: Proposer, ground: Ground, told: Proposal, *, why: str) -> Proposal:
    """The pull request where a forge is at hand; else it is said which branch there is."""
    if proposer.world.open_forge is None:
        return replace(told, outcome=Outcome.PUSHED, reason=why)
    forge = proposer.world.open_forge()
    quiet = forge.read_login() == ACTIONS_LOGIN
    told = replace(told, outcome=Outcome.PROPOSED, reason=why, is_quiet=quiet)
    title, body = pull_request_title(told.retraining), pull_request_body(told, why=why)
    try:
        opened = forge.open_pull_request(told.branch, ground.branch, title=title, body=body)
    except RefusedError as error:
        raise RefusedError(
            f"the branch {told.branch} is pushed, but its pull request could not be opened: {error}",
            hint="let workflows open pull requests (Settings, Actions, General), then run it again",
        ) from error
    return replace(told, number=opened.number, url=opened.url)


def _supersede(world: World, ground: Ground, told: Proposal) -> None:
    """Close the kit's own pull requests of earlier data: who reviews has one."""
    if world.open_forge is None or told.number is None:
        return
    forge = world.open_forge()
    login, current = forge.read_login(), forge.read_pull_request(told.number)
    for branch in sorted(_proposed_branches(ground) - {told.branch}):
        for older in forge.find_branch_pull_requests(Branch(repository=current.head_repository, name=branch)):
            if older.author == login and older.base_branch == ground.branch:
                forge.create_comment(older.number, f"#{told.number} is of newer data, and takes the place of this one.")
                forge.close_pull_request(older.number)


def _proposed_branches(ground: Ground) -> frozenset[str]:
    words = (note.training for note in ground.history.notes if note.kind is NoteKind.PROPOSED)
    return frozenset(branch_of(ground.model, found.key) for found in words if found)
