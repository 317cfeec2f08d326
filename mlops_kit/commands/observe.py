"""Reads what environments should run and what they run; the first step of plan, reconcile and status.

All environments are read in one go: the log, the heads and the registry once for all of them. Reads what was last
fetched, so that one verb sees one state of the repository. What cannot be read stays unknown where it belongs, and
stops nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mlops_kit.commands.logged import Logged, read_log
from mlops_kit.commands.readers import Reader, open_reader
from mlops_kit.commands.registered import Registered, read_registry
from mlops_kit.commands.rollout import open_target
from mlops_kit.commands.world import World
from mlops_kit.core.errors import KitError, OutsideError
from mlops_kit.core.ports import Deployer
from mlops_kit.core.promotion.desired import Desired, NothingDesired
from mlops_kit.core.promotion.observed import NotUsed, Observed, Unknown
from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, ServingReading


@dataclass(frozen=True, kw_only=True)
class View:
    """One environment as it was read: what is asked for, and the situation of each model, by name."""

    desired: Desired | NothingDesired
    situations: tuple[Situation, ...] = ()


def observe(world: World, name: EnvironmentName, *, revision: str | None = None) -> View:
    """Read one environment; with `revision`, as if that were the head of its branch. A KitError where that fails."""
    view = observe_all(world, [name], revision=revision)[name]
    if isinstance(view, KitError):
        raise view
    return view


def observe_all(
    world: World, names: Iterable[EnvironmentName], *, revision: str | None = None
) -> Mapping[EnvironmentName, View | KitError]:
    """Read several environments: each as it is, or why it cannot be read."""
    chosen = tuple(names)
    try:
        look = _Look(world=world, log=read_log(world.log), reader=open_reader(world), revision=revision)
    except KitError as error:
        return dict.fromkeys(chosen, error)
    asked = {name: look.read_desired(name) for name in chosen}
    drafts = {name: look.draft(desired) for name, desired in asked.items() if isinstance(desired, Desired)}
    registered = read_registry(world.registry, _wanted_of(one for draft in drafts.values() for one in draft))
    return {name: look.complete(desired, drafts.get(name, ()), registered) for name, desired in asked.items()}


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One look at the world; with a `revision` it is what would be if that were merged."""

    world: World
    log: Logged
    reader: Reader
    revision: str | None

    def read_desired(self, name: EnvironmentName) -> Desired | NothingDesired | KitError:
        """What is asked for, or why that cannot be read."""
        branch, git = self.world.config.environments[name].branch, self.world.git
        try:
            commit = git.resolve(self.revision) if self.revision else git.branch_head(branch)
            if commit is None:
                return NothingDesired(name=name, reason=f"no branch {branch} yet", hint="create the branch first")
            return self.reader.read_desired(name, commit)
        except KitError as error:
            return error

    def draft(self, desired: Desired) -> tuple[Situation, ...]:
        """The situation of every model that is asked for or was promoted, as far as git knows it."""
        now, after = self.world.clock.now(), desired.environment.after
        models = {found.model.name for found in desired.models} | self.log.models(desired.name)
        return tuple(
            Situation(
                model=model,
                desired=desired,
                observed=Observed(
                    records=self.log.records(desired.name, model),
                    notes=self.log.notes(desired.name, model),
                    earlier=self.log.records(after, model),
                    everywhere=self.log.everywhere(model),
                ),
                now=now,
                accept_rewrite=self.world.accept_rewrite,
                ahead=self.revision is not None,
            )
            for model in sorted(models)
        )

    def complete(
        self, desired: Desired | NothingDesired | KitError, drafts: tuple[Situation, ...], registered: Registered
    ) -> View | KitError:
        """The view with what registry, serving target and history say."""
        if isinstance(desired, KitError):
            return desired
        if isinstance(desired, NothingDesired):
            return View(desired=desired)
        try:
            target = self._open_target(desired)
            history = self._read_history(desired, drafts)
            return View(
                desired=desired,
                situations=tuple(_complete(one, registered, target, history) for one in drafts),
            )
        except KitError as error:
            return error

    def _open_target(self, desired: Desired) -> Deployer | None:
        deploy = desired.environment.deploy
        return open_target(self.world, desired.name, deploy) if deploy else None

    def _read_history(self, desired: Desired, drafts: Iterable[Situation]) -> "_History":
        """Looks only where something would be promoted; what is not merged yet cannot have lost a branch's history."""
        deciding = [one for one in drafts if _is_to_enter(one)]
        lived = () if self.revision else (one.observed.live.commit for one in deciding if one.observed.live)
        wanted = {*lived, *(one.commit for one in deciding)} - {desired.commit}
        try:
            strangers = self.world.git.find_unreachable(wanted, desired.commit)
        except OutsideError as error:
            return _History(error=str(error))
        return _History(strangers=strangers, merged=self.revision is None)


@dataclass(frozen=True, kw_only=True)
class _History:
    """Which commits are not in the branch's history; `merged` is False where that says nothing of what was promoted."""

    strangers: frozenset[CommitSha] = frozenset()
    merged: bool = True
    error: str = ""


def _wanted_of(situations: Iterable[Situation]) -> Mapping[ModelName, frozenset[Digest]]:
    """For each model the digests that any environment asks for or runs."""
    wanted: dict[ModelName, set[Digest]] = defaultdict(set)
    for one in situations:
        wanted[one.model].update(_digests(one))
    return {model: frozenset(digests) for model, digests in wanted.items()}


def _digests(situation: Situation) -> Iterator[Digest]:
    if situation.digest:
        yield situation.digest
    if situation.observed.live:
        yield situation.observed.live.digest


def _is_to_enter(situation: Situation) -> bool:
    return promotion_kind(situation) is not None or (situation.accept_rewrite and situation.digest is not None)


def _complete(situation: Situation, registered: Registered, target: Deployer | None, history: _History) -> Situation:
    wanted, live = situation.desired.find(situation.model), situation.observed.live
    enters = _is_to_enter(situation)
    unreadable = wanted.unreadable if wanted else ""
    observed = replace(
        situation.observed,
        registered=registered.digests(situation.model),
        alias=registered.alias(situation.model, situation.environment),
        serving=_read_serving(target, situation),
        rewritten=live is not None and enters and history.merged and live.commit in history.strangers,
        stray=enters and situation.commit in history.strangers,
        failed=tuple(reason for reason in (unreadable, history.error if enters else "") if reason),
    )
    return replace(situation, observed=observed)


def _read_serving(target: Deployer | None, situation: Situation) -> ServingReading | Unknown | NotUsed:
    if target is None:
        return NotUsed()
    try:
        return target.observe(situation.environment, situation.model)
    except OutsideError as error:
        return Unknown(reason=str(error))
