"""Judges the data that is there to train on: each data set of `drift.data` against what the live model had."""

from collections.abc import Callable

from mlops_kit.commands.retrain import Ground, Judged
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.training.data import TrainingData
from mlops_kit.core.training.drift import join_reports
from mlops_kit.core.training.situation import DriftWord
from mlops_kit.core.types import CommitSha

Compare = Callable[[str, CommitSha, str], DriftReport]
"""Compares a data set with what a commit has of it: as the work tree records it, or as it lies in a place, if named."""


def judge_training_data(
    paths: tuple[str, ...], compare: Compare, ground: Ground, current: TrainingData, unkept: frozenset[str]
) -> Judged | None:
    """What is said of the data sets at these paths; None where there are none.

    Data that is the same is not read: it cannot have drifted. `unkept` are paths of data that DVC does not keep yet.
    """
    if not paths:
        return None
    reference = ground.live.commit if ground.live else ground.head
    old, new = ground.trained.values, current.values
    asked = [path for path in paths if path not in new or old.get(path) != new[path]]
    if not asked:
        return Judged(word=DriftWord(verdict="ok", is_alarm=False, current=current.digest))
    reports = tuple(compare(path, CommitSha(reference[:12]), path if path in unkept else "") for path in asked)
    names = [f"{path} {report.current.digest or current.digest}" for path, report in zip(asked, reports, strict=True)]
    return Judged(word=join_reports(reports, names), reports=reports)
