"""Proposes that an environment goes back to versions that ran there before: a branch, and a pull request of it.

Merging it is the rollback. Here nothing is promoted, and nothing of the work tree is touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.plan import choose_environments
from mlops_kit.commands.readers import open_reader
from mlops_kit.commands.rollback_path import make_file_way
from mlops_kit.commands.rollback_tree import Bench, make_way
from mlops_kit.commands.world import World
from mlops_kit.core.config import ReaderKind
from mlops_kit.core.errors import InputError, KitError, RefusedError
from mlops_kit.core.ports import Forge
from mlops_kit.core.ports.drafts import Drafts
from mlops_kit.core.promotion.desired import NothingDesired
from mlops_kit.core.promotion.going_back import Way, branch_of, find_way
from mlops_kit.core.promotion.standing import find_hold
from mlops_kit.core.render.rollback import commit_message, pull_request_body, pull_request_title
from mlops_kit.core.render.rollback_result import Proposal
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName, Note, PromotionRecord

ACTIONS_LOGIN = "github-actions[bot]"


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which models of an environment go back, those of the last promotion where none is named, and to what."""

    environment: str
    models: tuple[str, ...] = ()
    to: str = ""


def prepare_rollback(world: World, drafts: Drafts, request: Request) -> Proposal:
    """Make the commit that brings the versions back, and push nothing.

    InputError for an environment, model or version that nobody knows; RefusedError where the bytes are gone, or other
    models would go along.
    """
    (name,) = choose_environments(world, [request.environment])
    world.git.fetch()
    records = [record for record in world.log.read_records() if record.environment == name]
    ways = _choose_ways(world, request, records)
    base = world.config.environments[name].branch
    head = world.git.branch_head(base)
    if head is None:
        raise InputError(f"environment {name} has no branch {base} yet", hint="create the branch first")
    ready = Proposal(
        environment=name,
        base=base,
        ways=ways,
        branch=branch_of(name, ways, alone=len({record.model for record in records}) == 1),
        holds=_find_holds(world, ways),
    )
    if _asks_already(world, name, head, ways):
        return ready
    _check_bytes(world, ways)
    bench = Bench(
        git=world.git,
        drafts=drafts,
        environment=name,
        head=head,
        config_file=world.config_file,
        message=commit_message(name, ways, actor=world.origin.actor),
    )
    by_file = world.config.promotion.reader is ReaderKind.PATH
    commit = make_file_way(bench, world.config, ways) if by_file else make_way(bench, ways)
    return replace(ready, commit=commit, commands=(drafts.push_command(ready.branch, commit),))


def propose(world: World, drafts: Drafts, forge: Forge, rollback: Proposal) -> Proposal:
    """Push the branch and open its pull request; both are found again where they are there."""
    if rollback.commit is None:
        return rollback
    drafts.push_branch(rollback.branch, rollback.commit)
    is_quiet = forge.read_login() == ACTIONS_LOGIN
    body = pull_request_body(rollback.environment, rollback.ways, actor=world.origin.actor, is_quiet=is_quiet)
    title = pull_request_title(rollback.environment, rollback.ways)
    try:
        opened = forge.open_pull_request(rollback.branch, rollback.base, title=title, body=body)
    except RefusedError as error:
        raise RefusedError(
            f"the branch {rollback.branch} is pushed, but its pull request could not be opened: {error}",
            hint="open it by hand; or let workflows open pull requests (Settings, Actions, General)",
        ) from error
    return replace(rollback, number=opened.number, url=opened.url, commands=(), is_quiet=is_quiet)


def _choose_ways(world: World, request: Request, records: Sequence[PromotionRecord]) -> tuple[Way, ...]:
    logs: dict[ModelName, list[PromotionRecord]] = {}
    for record in records:
        logs.setdefault(record.model, []).append(record)
    if not logs:
        raise InputError(f"nothing was promoted to {request.environment} yet", hint="there is nothing to go back to")
    for model in request.models:
        if model not in logs:
            known = ", ".join(sorted(logs))
            raise InputError(f"{request.environment} has no model {model!r}", hint=f"models are: {known}")
    chosen = sorted({ModelName(model) for model in request.models}) or _last_promoted(world, logs)
    if request.to and len(chosen) > 1:
        raise InputError("--to names the version of one model", hint=f"name it: {', '.join(chosen)}")
    return tuple(find_way(logs[model], to=request.to) for model in chosen)


def _last_promoted(world: World, logs: Mapping[ModelName, Sequence[PromotionRecord]]) -> list[ModelName]:
    """The models that entered by the newest commit: the one that has all other live ones in its history.

    Those that were never otherwise stay, unless that is all of them.
    """
    live = [log[-1] for log in logs.values()]
    commits = dict.fromkeys(record.commit for record in live)
    for commit in commits:
        require_commit(world.git, commit)
    newest = [one for one in commits if all(world.git.is_ancestor(other, one) for other in commits)]
    if not newest:
        known = ", ".join(sorted(record.model for record in live))
        raise InputError("which models should go back? No commit brought the last of them", hint=f"name them: {known}")
    entered = sorted(record.model for record in live if record.commit == newest[0])
    return [model for model in entered if len({one.digest for one in logs[model]}) > 1] or entered


def _asks_already(world: World, name: EnvironmentName, head: CommitSha, ways: Sequence[Way]) -> bool:
    """Whether the environment asks for these versions; a head that cannot be read asks for nothing."""
    try:
        desired = open_reader(world).read_desired(name, head)
    except KitError:
        return False
    if isinstance(desired, NothingDesired):
        return False
    found = {one.model.name: one.model.digest for one in desired.models}
    return all(found.get(way.model) == way.digest for way in ways)


def _check_bytes(world: World, ways: Sequence[Way]) -> None:
    """Nobody goes back to bytes that are gone."""
    models = [_find_model(world, way) for way in ways]
    missing = world.artifacts.find_missing(models)
    gone = [f"{way.model} {way.digest}" for way in ways if way.digest in missing]
    if gone:
        raise RefusedError(
            f"the bytes are not in the DVC remote any more: {', '.join(gone)}",
            hint="dvc push them from a machine that has them, or go back to another version: --to VERSION",
        )


def _find_model(world: World, way: Way) -> Model:
    commit = require_commit(world.git, way.target.commit).commit
    for model in read_project(world.git, commit).models:
        if (model.name, model.digest) == (way.model, way.digest):
            return model
    raise RefusedError(f"commit {commit[:8]} does not name the bytes of {way.model} {way.digest}")


def _find_holds(world: World, ways: Sequence[Way]) -> tuple[Note, ...]:
    """The hold in force of each model that has one."""
    notes = world.log.read_notes()
    places = [(way.model, way.live.environment) for way in ways]
    found = (find_hold(note for note in notes if (note.model, note.environment) == place) for place in places)
    return tuple(hold for hold in found if hold)
