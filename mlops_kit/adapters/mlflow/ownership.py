"""Which registered models a repository may write to: those that carry its name, and those that carry none.

MLflow has one room of names for everybody, and some of its databases do not tell capitals from small letters.
"""

from dataclasses import dataclass

from mlops_kit.adapters.mlflow.calls import ModelEntry
from mlops_kit.adapters.mlflow.words import REPOSITORY
from mlops_kit.core.errors import RefusedError
from mlops_kit.core.promotion.names import spell_for_registry
from mlops_kit.core.types import ModelName


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who writes: a repository as `owner/name`, empty where it has no name, and what its names begin with."""

    repository: str = ""
    prefix: str = ""

    def name(self, model: ModelName) -> str:
        """The registered model's name; no two models of a repository share one."""
        return f"{self.prefix}{spell_for_registry(model)}"

    def is_ours(self, entry: ModelEntry, name: str) -> bool:
        """Whether a registered model that was found by this name is the repository's own."""
        owner = entry.tags.get(REPOSITORY, "")
        known = owner and self.repository
        return entry.name == name and (not known or owner.casefold() == self.repository.casefold())

    def refuse_foreign(self, entry: ModelEntry, name: str) -> None:
        """RefusedError for somebody else's registered model, naming both."""
        if self.is_ours(entry, name):
            return
        hint = "give this repository names of its own in mlops.yaml: registry: {prefix: NAME-}"
        if entry.name != name:
            raise RefusedError(
                f"the registry does not tell {name!r} from {entry.name!r}, which is there already", hint=hint
            )
        raise RefusedError(
            f"the registered model {name!r} belongs to {entry.tags[REPOSITORY]}, and not to {self.repository}",
            hint=f"{hint}; if the repository was renamed, set the model's tag {REPOSITORY} in MLflow",
        )
