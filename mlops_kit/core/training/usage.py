"""What a training cost: the seconds of all GPUs that its stages held."""

from collections.abc import Iterable

from mlops_kit.core.errors import Location
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import rooted_name
from mlops_kit.core.pipeline.wants import parse_wants
from mlops_kit.core.run import StageResult, StageState

_HELD = frozenset({StageState.RAN, StageState.FAILED})


def count_gpu_seconds(project: Project, results: Iterable[StageResult], *, root: str = "") -> int:
    """The seconds that each stage's command took, times the GPUs that it wants; `root` is the DVC root of the run."""
    wants = {
        stage.name: parse_wants(stage.meta, place=Location(file=stage.file), stage=stage.name).gpus or 0
        for stage in project.stages
    }
    held = (found.seconds * wants.get(rooted_name(root, found.name), 0) for found in results if found.state in _HELD)
    return round(sum(held))
