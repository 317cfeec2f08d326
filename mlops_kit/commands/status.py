"""Desired, registry and serving state of every model in every environment."""

from collections.abc import Sequence

from mlops_kit.commands.observe import View, observe_all
from mlops_kit.commands.plan import choose_environments, judge
from mlops_kit.commands.world import World
from mlops_kit.core.errors import KitError
from mlops_kit.core.promotion.desired import NothingDesired
from mlops_kit.core.promotion.status import EnvironmentStatus, Status, environment_status
from mlops_kit.core.types import CommitSha, EnvironmentName, Health, Sync


def read_status(world: World, names: Sequence[str] = ()) -> Status:
    """The state of the named environments, or of all; one that cannot be read is Unknown and says why."""
    world.git.fetch()
    views = observe_all(world, choose_environments(world, names))
    return Status(environments={name: _read(world, name, view) for name, view in views.items()})


def _read(world: World, name: EnvironmentName, view: View | KitError) -> EnvironmentStatus:
    branch = world.config.environments[name].branch
    try:
        if isinstance(view, KitError):
            return _unknown(branch, world.git.branch_head(branch), str(view))
        if isinstance(view.desired, NothingDesired):
            return _unknown(branch, None, view.desired.reason)
        return environment_status(judge(world, view), branch=branch, commit=view.desired.commit)
    except KitError as error:
        return _unknown(branch, world.git.branch_head(branch), str(error))


def _unknown(branch: str, commit: CommitSha | None, message: str) -> EnvironmentStatus:
    return EnvironmentStatus(branch=branch, commit=commit, sync=Sync.UNKNOWN, health=Health.UNKNOWN, message=message)
