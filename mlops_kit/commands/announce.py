"""Tells people on the forge what runs where: the board of deployments, and the pull requests that brought the versions.

Nothing here may stop a promotion: what cannot be told is a remark.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from mlops_kit.commands.live_comment import tell_pull_requests
from mlops_kit.commands.world import World
from mlops_kit.core.errors import KitError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.promotion.announcing import first_move, is_announced
from mlops_kit.core.promotion.observed import Observed, Unknown
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Change, ModelName, Plan, PromotionRecord, Remark, Verb


def read_board(world: World, situations: Iterable[Situation]) -> tuple[Situation, ...]:
    """The situations of one environment with what the board shows; one question for all of them."""
    found = tuple(situations)
    if world.board is None or not found:
        return found
    lived = frozenset(one.model for one in found if one.observed.live)
    try:
        shown = world.board.read_last(found[0].environment, lived) if lived else {}
    except KitError as error:
        return tuple(_with(one, replace(one.observed, announced=Unknown(reason=str(error)))) for one in found)
    return tuple(_with(one, replace(one.observed, announced=shown.get(one.model))) for one in found)


def board_remarks(situations: Iterable[Situation]) -> tuple[Remark, ...]:
    """Why the board of an environment could not be read, once."""
    for one in situations:
        if isinstance(one.observed.announced, Unknown):
            message = f"the board could not be read: {one.observed.announced.reason}"
            return (Remark(environment=one.environment, model=ModelName(""), message=message),)
    return ()


def _with(situation: Situation, observed: Observed) -> Situation:
    return replace(situation, observed=observed)


@dataclass(frozen=True, kw_only=True)
class Herald:
    """Announces one promotion, where its plan says so."""

    world: World
    situation: Situation
    plan: Plan

    @property
    def _is_called(self) -> bool:
        return self.world.board is not None and any(change.verb is Verb.ANNOUNCE for change in self.plan.changes)

    def begin(self, change: Change, record: PromotionRecord) -> None:
        """Say that the version is on its way, before the change that brings it to people.

        A board that knows of this attempt, or of one that failed, is left as it is until it ends.
        """
        known = self._knows(record, DeploymentState.IN_PROGRESS, DeploymentState.FAILURE)
        if self._is_called and change.verb is first_move(self.plan) and not known:
            self._show(record, DeploymentState.IN_PROGRESS, "is on its way to")

    def fail(self, change: Change, record: PromotionRecord, error: KitError) -> None:
        """Say that the version did not come out, and why, where that is what failed."""
        moving = change.verb in {Verb.SET_ALIAS, Verb.DEPLOY}
        if self._is_called and moving and not self._knows(record, DeploymentState.FAILURE):
            self._show(record, DeploymentState.FAILURE, "", reason=str(error))

    def conclude(self, change: Change, record: PromotionRecord) -> Iterable[Change | Remark]:
        """Say that the version is live: first on its pull requests, at last on the board, which is looked at again."""
        board = self.world.board
        if board is None:
            return
        for message in tell_pull_requests(self.world, record):
            yield self._remark(message)
        try:
            board.announce(self._announcement(record, DeploymentState.SUCCESS, "is live in"))
        except KitError as error:
            yield self._remark(f"the promotion could not be announced: {error}{_hint(error)}")
            return
        yield change

    def _knows(self, record: PromotionRecord, *states: DeploymentState) -> bool:
        announced = self.situation.observed.announced
        return isinstance(announced, Announcement) and is_announced(announced, record, *states)

    def _show(self, record: PromotionRecord, state: DeploymentState, words: str, *, reason: str = "") -> None:
        """Announce what is not the end; the end is announced again where this fails."""
        announcement = self._announcement(record, state, words)
        with suppress(KitError):
            if self.world.board is not None:
                self.world.board.announce(replace(announcement, description=reason or announcement.description))

    def _announcement(self, record: PromotionRecord, state: DeploymentState, words: str) -> Announcement:
        return Announcement(
            model=record.model,
            environment=record.environment,
            seq=record.seq,
            digest=record.digest,
            commit=record.commit,
            state=state,
            description=f"{record.model} {record.digest.short} {words} {record.environment} as #{record.seq}",
            url=self._read_url() if state is DeploymentState.SUCCESS else "",
            log_url=self.world.run_url,
        )

    def _read_url(self) -> str:
        """Where the version is reached, as the serving target says now, else as the configuration does."""
        deploy = self.situation.desired.environment.deploy
        if deploy is None:
            return ""
        with suppress(KitError):
            target = self.world.deployers.open_deployer(deploy)
            return target.observe(self.situation.environment, self.situation.model).url or deploy.url
        return deploy.url

    def _remark(self, message: str) -> Remark:
        return Remark(environment=self.situation.environment, model=self.situation.model, message=message)


def _hint(error: KitError) -> str:
    return f" ({error.hint})" if error.hint else ""
