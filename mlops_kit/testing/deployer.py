"""A serving target in memory."""

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Deployer, ModelFiles
from mlops_kit.core.types import Digest, EnvironmentName, Health, ModelName, PromotionRecord, ServingReading


class MemoryDeployer:
    """The CanaryDeployer port without a target; `writes` counts changes, `down` makes every call fail.

    `health` is what every reading says, or while steps are taken `canary_health`. `test_error` is what the smoke test
    complains of. `shifts` are the steps that were taken.
    """

    def __init__(self) -> None:
        self.running: dict[tuple[EnvironmentName, ModelName], Digest] = {}
        self.seqs: dict[tuple[EnvironmentName, ModelName], int] = {}
        self.canaries: dict[tuple[EnvironmentName, ModelName], Digest] = {}
        self.shifts: list[int] = []
        self.health = Health.HEALTHY
        self.canary_health = Health.HEALTHY
        self.test_error = ""
        self.writes = 0
        self.down = False

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """What runs; Missing where nothing does."""
        self._answer()
        place = environment, model
        digest = self.running.get(place)
        health = self.canary_health if place in self.canaries else self.health
        return ServingReading(digest=digest, health=health if digest else Health.MISSING, seq=self.seqs.get(place))

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:  # noqa: ARG002 - nothing is sent
        """Run the record's version."""
        self._answer()
        self.writes += 1
        place = record.environment, record.model
        self.running[place], self.seqs[place] = record.digest, record.seq
        self.canaries.pop(place, None)

    def test(self, record: PromotionRecord) -> None:
        """Complain of what was set."""
        self._answer()
        if self.test_error:
            raise OutsideError(f"{record.digest} answers wrongly: {self.test_error}")

    def shift(self, record: PromotionRecord, files: ModelFiles, percent: int) -> None:  # noqa: ARG002
        """Note the step."""
        self._answer()
        self.writes += 1
        self.shifts.append(percent)
        self.canaries[record.environment, record.model] = record.digest

    def abort(self, record: PromotionRecord) -> None:
        """Take the canary away."""
        self._answer()
        self.writes += 1
        self.canaries.pop((record.environment, record.model), None)

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
            raise InputError(f"{deploy.kind!r} is not a kind of deployer", field="deploy.kind", hint="kinds: memory")
        return self.target
