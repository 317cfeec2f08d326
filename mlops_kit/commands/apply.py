"""Carries out the planned changes of one model in one environment, in their order.

Every step can be run again. The record comes before everything that others can see, so that whoever comes next finds
in the log what was meant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mlops_kit.commands.announce import Herald
from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.heal import note_heal
from mlops_kit.commands.lineage import read_lineage
from mlops_kit.commands.live import confirm_last
from mlops_kit.commands.rollout import Rollout, roll_out
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError, KitError, RefusedError
from mlops_kit.core.ports import ModelFiles, Registry
from mlops_kit.core.promotion.entry import next_record
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.promotion.standing import find_hold
from mlops_kit.core.types import Change, Model, Plan, PromotionRecord, RegisteredVersion, Remark, Verb


def apply(world: World, situation: Situation, plan: Plan) -> Iterator[Change | Remark]:
    """Carry out the plan's changes; gives each one when it is done, and what people could not be told of it.

    ConflictError where somebody else was first: what was done is fine, the rest must be planned anew.
    """
    promotion = _Promotion(world=world, situation=situation, enters=any(c.verb is Verb.RECORD for c in plan.changes))
    herald = Herald(world=world, situation=situation, plan=plan)
    note_heal(world, situation, plan)
    for change in plan.changes:
        if change.verb is Verb.ANNOUNCE:
            yield from herald.conclude(change, promotion.record)
        else:
            _take_step(promotion, change, herald)
            yield change


@dataclass(frozen=True, kw_only=True)
class _Promotion:
    """One promotion under way; `enters` says that a new record is written, else the live one is looked after."""

    world: World
    situation: Situation
    enters: bool

    @cached_property
    def files(self) -> ModelFiles:
        """The verified bytes."""
        if self.enters:
            model, commit = self.situation.wanted, self.situation.commit
        else:
            commit = self.live.commit
            model = _find_model(self.world, self.live)
        if model is None:
            raise RefusedError(f"commit {commit[:8]} does not name the bytes of {self.situation.model}")
        return self.world.artifacts.fetch_model(model, commit)

    @cached_property
    def record(self) -> PromotionRecord:
        """The record that is written, or the live one."""
        if not self.enters:
            return self.live
        return next_record(self.situation, sha256=self.files.sha256, origin=self.world.origin)

    @property
    def live(self) -> PromotionRecord:
        """The last record before this promotion."""
        return self.situation.observed.records[-1]

    @property
    def registry(self) -> Registry:
        """The registry, which a plan with a registry's changes always has."""
        if self.world.registry is None:
            raise RefusedError("there is no registry")
        return self.world.registry


def _take_step(promotion: _Promotion, change: Change, herald: Herald) -> None:
    """One change, with what is said before it and where it fails."""
    if change.verb in _TOLD:
        herald.begin(change, promotion.record)
    try:
        _STEPS[change.verb](promotion)
    except ConflictError:
        raise
    except KitError as error:
        if change.verb in _TOLD:
            herald.fail(change, promotion.record, error)
        raise


def _register(promotion: _Promotion) -> None:
    lineage = read_lineage(promotion.world, promotion.record)
    promotion.registry.ensure_version(promotion.record, promotion.files, lineage)


def _write_record(promotion: _Promotion) -> None:
    _confirm_head(promotion)
    promotion.world.log.append_record(promotion.record)


def _set_alias(promotion: _Promotion) -> None:
    record = promotion.record
    _confirm_live(promotion)
    promotion.registry.set_alias(_find_version(promotion), record.environment, seq=record.seq)
    _confirm_live(promotion)


def _deploy(promotion: _Promotion) -> None:
    deploy = promotion.situation.desired.environment.deploy
    if deploy is not None:
        _confirm_live(promotion)
        roll_out(Rollout(world=promotion.world, deploy=deploy, record=promotion.record, files=promotion.files))
        _confirm_live(promotion)


_STEPS: dict[Verb, Callable[[_Promotion], None]] = {
    Verb.REGISTER: _register,
    Verb.RECORD: _write_record,
    Verb.SET_ALIAS: _set_alias,
    Verb.DEPLOY: _deploy,
}


_TOLD = frozenset({Verb.SET_ALIAS, Verb.DEPLOY})
"""What brings a version to people; before that its record is there, or is written."""


def _confirm_head(promotion: _Promotion) -> None:
    """Bytes take long to publish: what is recorded must still be what the branch says, and nobody may hold it."""
    world, desired = promotion.world, promotion.situation.desired
    world.git.fetch()
    if world.git.branch_head(desired.environment.branch) != desired.commit:
        raise ConflictError(f"branch {desired.environment.branch} moved on meanwhile")
    place = (promotion.situation.model, promotion.situation.environment)
    if find_hold(note for note in world.log.read_notes() if (note.model, note.environment) == place):
        raise ConflictError(f"{place[0]} was held in {place[1]} meanwhile")


def _confirm_live(promotion: _Promotion) -> None:
    confirm_last(promotion.world.git, promotion.world.log, promotion.record)


def _find_version(promotion: _Promotion) -> RegisteredVersion:
    found = promotion.registry.read_version(promotion.record.model, promotion.record.digest)
    return found or promotion.registry.ensure_version(promotion.record, promotion.files)


def _find_model(world: World, record: PromotionRecord) -> Model | None:
    models = read_project(world.git, require_commit(world.git, record.commit).commit).models
    return next((model for model in models if (model.name, model.digest) == (record.model, record.digest)), None)
