"""Which models an inconsistent lock concerns: those that the stage leads to, and those that it measures.

One broken pipeline of a repository with many says nothing about the models of the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops_kit.core.pipeline.graph import Producers, index_producers
from mlops_kit.core.pipeline.lineage import Lineage
from mlops_kit.core.pipeline.lock import Inconsistency
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.types import Model, ModelName, StageName


def assign_inconsistencies(
    project: Project, found: Iterable[Inconsistency]
) -> Mapping[ModelName, tuple[Inconsistency, ...]]:
    """For each model what is wrong with the stages that it rests on; models with nothing wrong are left out."""
    wrong = tuple(found)
    if not wrong:
        return {}
    index = _Index(producers=index_producers(project.stages), lineage=Lineage(project.stages))
    measuring = frozenset(name for path in project.metric_files for name in index.find_writers(path))
    concerned = ((model.name, index.find_grounds(model, measuring)) for model in project.models)
    mine = ((name, tuple(one for one in wrong if one.stage in grounds)) for name, grounds in concerned)
    return {name: ones for name, ones in mine if ones}


@dataclass(frozen=True, kw_only=True)
class _Index:
    producers: Producers
    lineage: Lineage

    def find_writers(self, path: str) -> tuple[StageName, ...]:
        return tuple(found.stage.name for found in self.producers.around(path))

    def find_grounds(self, model: Model, measuring: frozenset[StageName]) -> frozenset[StageName]:
        return self.lineage.find_grounds(self.find_writers(model.path), measuring)
