"""A serving target in memory."""

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Deployer, ModelFiles
from mlops_kit.core.types import Digest, EnvironmentName, Health, ModelName, PromotionRecord, ServingReading


class MemoryDeployer:
    """The Deployer port without a target; `writes` counts deployments, `down` makes every call fail."""

    def __init__(self) -> None:
        self.running: dict[tuple[EnvironmentName, ModelName], Digest] = {}
        self.health = Health.HEALTHY
        self.writes = 0
        self.down = False

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """What runs; Missing where nothing does."""
        self._answer()
        digest = self.running.get((environment, model))
        return ServingReading(digest=digest, health=self.health if digest else Health.MISSING)

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:  # noqa: ARG002 - nothing is sent
        """Run the record's version."""
        self._answer()
        self.writes += 1
        self.running[record.environment, record.model] = record.digest

    def _answer(self) -> None:
        if self.down:
            raise OutsideError("the serving target gives no answer")


class MemoryDeployers:
    """The Deployers port with one target for every environment whose kind is `memory`."""

    def __init__(self) -> None:
        self.target = MemoryDeployer()

    def open_deployer(self, deploy: Deploy) -> Deployer:
        """The one target."""
        if deploy.kind != "memory":
            raise InputError(f"{deploy.kind!r} is not a kind of deployer", hint="kinds are: memory")
        return self.target
