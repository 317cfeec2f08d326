"""Plans this folder's pipeline as `mlops-kit reproduce` does, orders it, and runs nothing."""

import os
from pathlib import Path

from mlops_kit.adapters.dvc.pipeline import DvcPipeline
from mlops_kit.core.pipeline.schedule import Limits, OnFailure, Schedule
from mlops_kit.core.run import Selection

with DvcPipeline(Path.cwd(), dict(os.environ), print) as pipeline:
    planned = pipeline.plan(Selection())
    schedule = Schedule(planned, limits=Limits(jobs=2), on_failure=OnFailure.STOP)
print(len(planned), "stages; the first one is", schedule.take())
