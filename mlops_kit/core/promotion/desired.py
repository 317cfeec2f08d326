"""What an environment should run: the models of its branch's head, and whether that head can be trusted.

Says nothing of what runs now; knows the project and its configuration at one commit, nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mlops_kit.core.config import Config, Environment
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName


@dataclass(frozen=True, kw_only=True)
class DesiredModel:
    """One model that an environment should run, as `commit` declares it: lock, code and metrics are read there.

    `inconsistencies` are the places where that commit's `dvc.lock` is not what a run of the stages that the model
    rests on would have left, a line each. `problem` says why what asks for the model cannot be followed, `unreadable`
    why the commit could not be read; both empty mostly.
    """

    model: Model
    commit: CommitSha
    inconsistencies: tuple[str, ...] = ()
    problem: str = ""
    unreadable: str = ""


@dataclass(frozen=True, kw_only=True)
class Desired:
    """One environment at one commit of what says so, `commit`; `config` is that commit's own `mlops.yaml`.

    By branch, each model's commit is the same commit; by path, the file names one for each model.
    """

    name: EnvironmentName
    config: Config
    commit: CommitSha
    models: tuple[DesiredModel, ...] = ()

    @property
    def environment(self) -> Environment:
        """The environment's policy."""
        return self.config.environments[self.name]

    def find(self, name: ModelName) -> DesiredModel | None:
        """The model of this name; None where none is desired."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> Mapping[ModelName, DesiredModel]:
        return {found.model.name: found for found in self.models}


@dataclass(frozen=True, kw_only=True)
class NothingDesired:
    """An environment without a branch, or without its file: nothing to promote, and nothing to take away.

    `commit` is the head of the branch where the file is missing; `hint` says how it comes to be.
    """

    name: EnvironmentName
    reason: str
    hint: str = ""
    commit: CommitSha | None = None
