"""Which kinds of deployers there are: the kit's own, and those that installed packages offer.

A package offers one by an entry point in the group `mlops_kit.deployers`: its name is the kind, its value a callable
that takes the settings below `deploy:` and the Tools, and returns a Deployer.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports import Deployer, Tools
from mlops_kit.deployers.command import open_command
from mlops_kit.deployers.kserve import Kserve
from mlops_kit.deployers.mlflow_serving import MlflowServing

GROUP = "mlops_kit.deployers"
_Maker = Callable[[dict[str, object], Tools], Deployer]
OWN: Mapping[str, _Maker] = {"command": open_command, "kserve": Kserve, "mlflow-serving": MlflowServing}


class DeployerCatalog:
    """The Deployers port over the kit's own kinds and installed entry points."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._open: dict[str, Deployer] = {}

    def open_deployer(self, deploy: Deploy) -> Deployer:
        """The deployer of this kind; InputError naming the known kinds, or where the package does not load.

        The same settings give the same deployer, for as long as this catalog lives.
        """
        key = deploy.model_dump_json()
        if key not in self._open:
            self._open[key] = self._make(deploy)
        return self._open[key]

    def _make(self, deploy: Deploy) -> Deployer:
        if deploy.kind in OWN:
            return OWN[deploy.kind](deploy.settings, self._tools)
        offered = {point.name: point for point in entry_points(group=GROUP)}
        if deploy.kind not in offered:
            known = ", ".join(sorted({*OWN, *offered}))
            raise InputError(f"{deploy.kind!r} is not a kind of deployer", field="deploy.kind", hint=f"kinds: {known}")
        deployer: Deployer = _load(offered[deploy.kind])(deploy.settings, self._tools)
        return deployer


def _load(point: EntryPoint) -> _Maker:
    try:
        made: _Maker = point.load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"the deployer {point.name!r} ({point.value}) does not load: {error}") from error
    return made
