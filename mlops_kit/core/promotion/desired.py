"""What an environment should run: the models of its branch's head, and whether that head can be trusted.

Says nothing of what runs now; knows the project and its configuration at one commit, nothing else.
"""

from dataclasses import dataclass

from mlops_kit.core.config import Config, Environment
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName


@dataclass(frozen=True, kw_only=True)
class Desired:
    """One environment at one commit of its branch.

    `config` is the commit's own `mlops.yaml`, which has an entry for the environment; `inconsistencies` are the
    places where the commit's `dvc.lock` is not what a run of the pipeline would have left, a line each.
    """

    name: EnvironmentName
    config: Config
    commit: CommitSha
    models: tuple[Model, ...] = ()
    inconsistencies: tuple[str, ...] = ()

    @property
    def environment(self) -> Environment:
        """The environment's policy."""
        return self.config.environments[self.name]

    def find(self, name: ModelName) -> Model | None:
        """The model as this commit declares it; None where it declares none of this name."""
        return next((model for model in self.models if model.name == name), None)


@dataclass(frozen=True, kw_only=True)
class NothingDesired:
    """An environment without a branch: nothing to promote, and nothing to take away."""

    name: EnvironmentName
    reason: str
