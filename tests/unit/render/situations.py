"""Reports as they come up in a team's life; `python -m tests.unit.render.situations` writes how they look anew."""

from dataclasses import replace
from pathlib import Path

from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.occasion import Occasion, Override
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import (
    BlockRow,
    ChangeRow,
    GateRow,
    PlanRows,
    Report,
    Section,
    Side,
)
from mlops_kit.core.types import Answer, CommitSha, Verb

FOLDER = Path(__file__).parent / "comments"
OLD, NEW, LATER = "1a2b3c4d" * 5, "9f8e7d6c" * 5, "def56789" * 5
BEFORE, AFTER = "md5:9f8e7d6c0a1b2c3d4e5f60718293a4b5", "md5:1a2b3c4d5e6f708192a3b4c5d6e7f809"
BASE, HEAD = Side(name="main", commit=OLD), Side(name="wider-trees", commit=NEW)
RUN = "https://github.com/acme/churn/actions/runs/4711"


def gate(metric: str, rule: str, message: str, answer: Answer = Answer.PASS) -> GateRow:
    """An answer of a gate of staging."""
    return GateRow(environment="staging", metric=metric, rule=f"{metric} {rule}", answer=answer, message=message)


def metric(key: str, old: Cell, new: Cell, trend: Trend, *, live: Cell = None, assumed: bool = False) -> MetricRow:
    """A metric of metrics.json."""
    known = isinstance(old, float) and isinstance(new, float)
    diff = new - old if known else None  # type: ignore[operator]
    return MetricRow(path="metrics.json", key=key, old=old, new=new, live=live, diff=diff, trend=trend, assumed=assumed)


def promotion(source: str = BEFORE, target: str = AFTER) -> PlanRows:
    """A model enters staging."""
    changes = (
        ChangeRow(environment="staging", model="churn", verb=Verb.REGISTER, target=target),
        ChangeRow(environment="staging", model="churn", verb=Verb.RECORD, source=source, target=target),
        ChangeRow(environment="staging", model="churn", verb=Verb.SET_ALIAS, source="3", target=target),
    )
    return PlanRows(changes=changes)


PASSING = (
    gate("accuracy", "min 0.85", "0.91 is at least the minimum 0.85"),
    gate("accuracy", "max-drop 0.005 against base", "no drop from 0.9 is within the allowed 0.005"),
    gate("f1", "min 0.8", "0.884 is at least the minimum 0.8"),
    gate("loss", "max-rise 2% against live", "no rise from 0.31 is within the allowed 2%"),
)
STAGES = (
    StageRow(name="prepare", state="cached"),
    StageRow(
        name="train",
        state="ran",
        seconds=74.2,
        change="changed",
        after=("prepare",),
        cpu_seconds=141.0,
        memory_bytes=1_610_612_736,
    ),
    StageRow(name="evaluate", state="ran", seconds=3.1, change="changed", after=("train", "prepare")),
)
BETTER = Report(
    base=BASE,
    head=HEAD,
    live=Side(name="staging", commit=LATER),
    environment="staging",
    verdict=Verdict.PASS,
    gates=PASSING,
    metrics=(
        metric("accuracy", 0.9, 0.91, Trend.BETTER, live=0.899),
        metric("calibration.brier", 0.081, 0.084, Trend.WORSE, live=0.08, assumed=True),
        metric("f1", 0.884, 0.884, Trend.SAME, live=0.884),
        metric("loss", 0.31, 0.29, Trend.BETTER, live=0.31, assumed=True),
        metric("rows", 10_000.0, 10_250.0, Trend.CHANGED, live=10_000.0),
        metric("train_seconds", 61.0, 74.0, Trend.WORSE, live=60.0),
    ),
    params=(
        ParamRow(path="params.yaml", key="train.max_depth", old=6, new=9),
        ParamRow(path="params.yaml", key="train.features", old="[age, plan]", new="[age, plan, region]"),
    ),
    stages=STAGES,
    models=(
        ModelRow(name="churn", path="models/churn.pkl", old=BEFORE, new=AFTER),
        ModelRow(name="scaler", path="models/scaler.pkl", old="md5:5555555500", new="md5:5555555500"),
    ),
    sections=(
        Section(
            title="Error analysis",
            text="# Where it fails\n\nMostly on **new plans**, see [the notebook](https://wiki.example/churn).\n\n"
            "| plan | errors |\n|:--|--:|\n| basic | 12 |\n| family | 3 |\n",
        ),
    ),
    plan=promotion(),
    notes=("params.py cannot be read in base: it has no literal values",),
)
WORSE = replace(
    BETTER,
    verdict=Verdict.FAIL,
    gates=(
        gate(
            "accuracy",
            "max-drop 0.005 against base",
            "a drop of 0.03 from 0.91 is over the allowed 0.005",
            Answer.FAIL,
        ),
        gate("recall", "min 0.7", "no metric recall in head", Answer.NOT_EVALUABLE),
        *PASSING[2:],
    ),
    metrics=(
        metric("accuracy", 0.91, 0.88, Trend.WORSE),
        metric("auc", 0.95, "NaN", Trend.NON_FINITE),
        metric("f1", 0.884, 0.884, Trend.SAME),
        metric("loss", 0.31, 0.29, Trend.BETTER),
    ),
    live=None,
    obstacles=(
        ObstacleRow(
            path="metrics.json",
            stage="evaluate",
            kind=Obstacle.DATA,
            name="data/test.csv",
            old="md5:1a2b3c4d00",
            new="md5:9f8e7d6c00",
        ),
        ObstacleRow(
            path="metrics.json", stage="evaluate", kind=Obstacle.SEED, name="params.yaml:seed", old="1", new="7"
        ),
    ),
    sections=(),
    notes=(),
    plan=PlanRows(
        blocked=(
            BlockRow(
                environment="staging",
                model="churn",
                reason="a gate fails: a drop of 0.03 from 0.91 is over the allowed 0.005 (accuracy)",
            ),
        )
    ),
    policy_changed=True,
)
UNCHANGED = replace(
    BETTER,
    metrics=tuple(replace(row, new=row.old, live=None, diff=0, trend=Trend.SAME) for row in BETTER.metrics),
    live=None,
    params=(),
    stages=tuple(StageRow(name=stage.name, state="cached", after=stage.after) for stage in STAGES),
    models=(ModelRow(name="churn", path="models/churn.pkl", old=BEFORE, new=BEFORE),),
    sections=(),
    plan=PlanRows(),
    notes=(),
)
FIRST = replace(
    BETTER,
    base=Side(name="main", commit=OLD),
    live=None,
    gates=(
        gate("accuracy", "min 0.85", "0.91 is at least the minimum 0.85"),
        gate("accuracy", "max-drop 0.005 against base", "accuracy is new, base has none: comparison skipped"),
    ),
    metrics=tuple(replace(row, old=None, live=None, diff=None, trend=Trend.NEW) for row in BETTER.metrics),
    params=(),
    stages=tuple(replace(stage, change="new", state="ran", seconds=stage.seconds or 1.0) for stage in STAGES),
    models=(ModelRow(name="churn", path="models/churn.pkl", new=AFTER),),
    sections=(),
    plan=promotion(source=""),
    notes=("base has no mlops.yaml: the change is judged by its own",),
    policy_changed=True,
)
FAILED = replace(
    UNCHANGED,
    verdict=Verdict.FAIL,
    stages=(
        StageRow(name="prepare", state="ran", seconds=2.0, change="changed"),
        StageRow(
            name="train", state="failed", seconds=12.4, message="exit status 1: ValueError: depth < 1", change="changed"
        ),
        StageRow(name="evaluate", state="skipped", after=("train",)),
    ),
    plan=None,
)
LINK = "https://mlflow.example/#/experiments/1/runs/abc"
SITUATIONS = {
    "better": (BETTER, Occasion(run_url=RUN, tracking_url=LINK)),
    "worse": (
        WORSE,
        Occasion(
            run_url=RUN,
            override_hint="add the label mlops-kit-override and a comment that says why",
        ),
    ),
    "unchanged": (UNCHANGED, Occasion(run_url=RUN)),
    "first": (FIRST, Occasion(run_url=RUN)),
    "failed": (FAILED, Occasion(run_url=RUN)),
    "accepted-and-stale": (
        replace(WORSE, policy_changed=False, lock_uncommitted=True),
        Occasion(
            run_url=RUN,
            override=Override(actor="alice", reason="the old test set leaked, see #12", commit=CommitSha(NEW)),
            current_head=CommitSha(LATER),
        ),
    ),
    "held-back": (
        replace(
            BETTER,
            plan=PlanRows(
                blocked=(
                    BlockRow(
                        environment="staging",
                        model="churn",
                        reason="it was never live in dev",
                        hint="merge into dev first",
                    ),
                ),
                unknown=(BlockRow(environment="staging", model="scaler", reason="the registry gave no answer"),),
            ),
        ),
        Occasion(),
    ),
    "doubtful": (
        replace(
            BETTER,
            verdict=Verdict.WARN,
            gates=(
                gate(
                    "accuracy",
                    "min 0.92",
                    "0.91 is under the minimum 0.92, by less than the noise 0.02",
                    Answer.INCONCLUSIVE,
                ),
                *PASSING[1:],
            ),
        ),
        Occasion(),
    ),
}


def write_comments() -> None:
    """Write every comment as a file, to be read before it is committed."""
    for name, (report, occasion) in SITUATIONS.items():
        (FOLDER / f"{name}.md").write_text(f"{render_report(report, occasion)}\n")


if __name__ == "__main__":
    write_comments()
