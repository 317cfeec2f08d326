"""Carries out the planned changes of one model in one environment, in their order.

Every step can be run again. The record comes before everything that others can see, so that whoever comes next finds
in the log what was meant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mlops_kit.commands.facts import read_project
from mlops_kit.commands.lineage import read_lineage
from mlops_kit.commands.live import confirm_last
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError, RefusedError
from mlops_kit.core.ports import ModelFiles, Registry
from mlops_kit.core.promotion.entry import next_record
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Change, Model, Plan, PromotionRecord, RegisteredVersion, Verb


def apply(world: World, situation: Situation, plan: Plan) -> Iterator[Change]:
    """Carry out the plan's changes; gives each one when it is done.

    ConflictError where somebody else was first: what was done is fine, the rest must be planned anew.
    """
    promotion = _Promotion(world=world, situation=situation, enters=any(c.verb is Verb.RECORD for c in plan.changes))
    for change in plan.changes:
        _STEPS[change.verb](promotion)
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
        promotion.world.deployers.open_deployer(deploy).deploy(promotion.record, promotion.files)
        _confirm_live(promotion)


_STEPS: dict[Verb, Callable[[_Promotion], None]] = {
    Verb.REGISTER: _register,
    Verb.RECORD: _write_record,
    Verb.SET_ALIAS: _set_alias,
    Verb.DEPLOY: _deploy,
}


def _confirm_head(promotion: _Promotion) -> None:
    """Bytes take long to publish: what is recorded must still be what the branch says."""
    world, desired = promotion.world, promotion.situation.desired
    world.git.fetch()
    if world.git.branch_head(desired.environment.branch) != desired.commit:
        raise ConflictError(f"branch {desired.environment.branch} moved on meanwhile")


def _confirm_live(promotion: _Promotion) -> None:
    confirm_last(promotion.world.git, promotion.world.log, promotion.record)


def _find_version(promotion: _Promotion) -> RegisteredVersion:
    found = promotion.registry.read_version(promotion.record.model, promotion.record.digest)
    return found or promotion.registry.ensure_version(promotion.record, promotion.files)


def _find_model(world: World, record: PromotionRecord) -> Model | None:
    models = read_project(world.git, record.commit).models
    return next((model for model in models if (model.name, model.digest) == (record.model, record.digest)), None)
