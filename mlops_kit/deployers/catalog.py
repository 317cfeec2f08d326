"""Which kinds of deployers there are: the kit's own, and those that installed packages offer.

A package offers one by an entry point in the group `mlops_kit.deployers`: its name is the kind, its value a callable
that takes the settings below `deploy:` and the Commands port, and returns a Deployer.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Commands, Deployer
from mlops_kit.deployers.command import CommandDeployer

GROUP = "mlops_kit.deployers"
OWN: Mapping[str, Callable[[dict[str, object], Commands], Deployer]] = {"command": CommandDeployer}


class DeployerCatalog:
    """The Deployers port over the kit's own kinds and installed entry points."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def open_deployer(self, deploy: Deploy) -> Deployer:
        """The deployer of this kind; InputError naming the known kinds, or where the package does not load."""
        if deploy.kind in OWN:
            return OWN[deploy.kind](deploy.settings, self._commands)
        offered = {point.name: point for point in entry_points(group=GROUP)}
        if deploy.kind not in offered:
            known = ", ".join(sorted({*OWN, *offered}))
            raise InputError(f"{deploy.kind!r} is not a kind of deployer", field="deploy.kind", hint=f"kinds: {known}")
        deployer: Deployer = _load(offered[deploy.kind])(deploy.settings, self._commands)
        return deployer


def _load(point: EntryPoint) -> Callable[[dict[str, object], Commands], Deployer]:
    try:
        made: Callable[[dict[str, object], Commands], Deployer] = point.load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"the deployer {point.name!r} ({point.value}) does not load: {error}") from error
    return made
