"""A report in which everything that a report can hold stands at least once; names long and hostile on demand."""

from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.data import ColumnRow, DataRow
from mlops_kit.core.review.evaluation import Evaluation, InputRow, ScoreRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.plots import Pair, PlotKind, PlotRow, Series, SideName
from mlops_kit.core.review.report import BlockRow, ChangeRow, GateRow, PlanRows, Report, Section, Side
from mlops_kit.core.review.sweep import NamedCell, SweepRows, TrialRow, TrialState
from mlops_kit.core.types import Answer, Verb


def sample_report(suffix: str = "") -> Report:
    """The report; `suffix` is added to every name, message and value that a pull request decides."""
    return Report(
        base=Side(name=f"main{suffix}", commit="a" * 40),
        head=Side(name=f"feature{suffix}", commit="b" * 40),
        live=Side(name="live in staging", commit="c" * 40),
        environment="staging",
        verdict=Verdict.FAIL,
        gates=_gates(suffix),
        metrics=_metrics(suffix),
        params=tuple(ParamRow(path="params.yaml", key=f"p{n}{suffix}", old=n, new=f"{n}{suffix}") for n in range(12)),
        stages=_stages(suffix),
        models=(ModelRow(name=f"churn{suffix}", path="m.pkl", old="md5:aaaaaaaaaa", new="md5:bbbbbbbbbb"),),
        data=_data(suffix),
        plots=_plots(suffix),
        obstacles=(
            ObstacleRow(
                path=f"metrics.json{suffix}", stage=f"evaluate{suffix}", kind=Obstacle.DATA,
                name=f"data/test.csv{suffix}", old="md5:1a2b3c4d5e", new="md5:9f8e7d6c5b",
            ),
        ),
        evaluations=_evaluations(suffix),
        sweep=_sweep(suffix),
        sections=(Section(title=f"Notes of the team{suffix}", text=f"# Heading\n\n- one{suffix}\n- `two`\n"),),
        plan=PlanRows(
            changes=(
                ChangeRow(environment="staging", model=f"churn{suffix}", verb=Verb.RECORD, target="md5:bbbb"),
            ),
            blocked=(BlockRow(environment="staging", model=f"old{suffix}", reason=f"skips dev{suffix}"),),
            unknown=(BlockRow(environment="staging", model=f"odd{suffix}", reason=f"no answer{suffix}"),),
        ),
        notes=(f"base has no mlops.yaml{suffix}",),
        policy_changed=True,
        lock_uncommitted=True,
    )  # fmt: skip


def _evaluations(suffix: str) -> tuple[Evaluation, ...]:
    rows = tuple(
        ScoreRow(
            path=f"eval/0.json{suffix}", key=f"metric.{number}{suffix}", live=0.5, candidate=0.5 + number / 100,
            low=-0.01, high=0.05, rows=1_200,
        )
        for number in range(3)
    )  # fmt: skip
    broken = ScoreRow(path="eval/1.json", key=f"odd{suffix}", live="NaN", candidate=f"text{suffix}")
    return (
        Evaluation(
            environment="staging", model=f"churn{suffix}", live="md5:aaaaaaaaaa", candidate="md5:bbbbbbbbbb",
            lines=(f"python score.py{suffix}",),
            inputs=tuple(InputRow(path=f"data/{number}.csv{suffix}", digest="md5:1a2b3c4d5e") for number in range(5)),
            scores=(*rows, broken), notes=(f"metric.0 has no interval{suffix}",),
        ),
    )  # fmt: skip


SIDES: tuple[SideName, SideName] = ("base", "head")


def _gates(suffix: str) -> tuple[GateRow, ...]:
    return tuple(
        GateRow(
            environment="staging", metric=f"accuracy{suffix}", rule=f"accuracy{suffix} min 0.9", answer=answer,
            message=f"0.88 is under the minimum 0.9{suffix}",
        )
        for answer in Answer
    )  # fmt: skip


def _metrics(suffix: str) -> tuple[MetricRow, ...]:
    return tuple(
        MetricRow(
            path=f"eval/{number % 2}.json", key=f"metric.{number}{suffix}", old=0.5, new=0.5 + number / 100, live=0.4,
            diff=number / 100, goal="maximize", assumed=number % 3 == 0, trend=trend,
        )
        for number, trend in enumerate([*Trend, *Trend])
    )  # fmt: skip


def _stages(suffix: str) -> tuple[StageRow, ...]:
    first = StageRow(name=f"prepare{suffix}", state="cached")
    middle = tuple(
        StageRow(
            name=f"train@{number}{suffix}", state=state, seconds=12.34, cpu_seconds=20.0, memory_bytes=2**30,
            gpu_memory_bytes=2**35, message=f"exit 1{suffix}" if state == "failed" else "", change="changed",
            after=(first.name,),
        )
        for number, state in enumerate(["ran", "failed", "skipped", "ran", ""])
    )  # fmt: skip
    last = StageRow(name=f"evaluate{suffix}", change="new", after=tuple(stage.name for stage in middle))
    return (first, *middle, last)


def _sweep(suffix: str) -> SweepRows:
    settings = (NamedCell(path=f"params.yaml{suffix}", key=f"lr{suffix}", value=f"0.1{suffix}"),)
    metrics = (NamedCell(path=f"metrics.json{suffix}", key=f"accuracy{suffix}", value=f"high{suffix}"),)
    done = TrialRow(name=f"sweep-1{suffix}", state=TrialState.DONE, params=settings, metrics=metrics, value=0.5)
    failed = TrialRow(
        name=f"sweep-2{suffix}",
        state=TrialState.FAILED,
        params=settings,
        seconds=3,
        message=f"exit 1{suffix}",
    )
    return SweepRows(
        baseline=f"{'a' * 40}{suffix}",
        metric=f"f1{suffix}",
        goal="maximize",
        trials=(done, failed),
        left_out=3,
        applied=f"sweep-1{suffix}",
    )


def _data(suffix: str) -> tuple[DataRow, ...]:
    return (
        DataRow(
            path=f"data/train.csv{suffix}", change="changed", old="md5:aaaa", new="md5:bbbb", old_bytes=1000,
            new_bytes=123_456_789, old_files=1, new_files=1, old_rows=10, new_rows=12,
            columns=(ColumnRow(name=f"age{suffix}", old="int64", new="double"), ColumnRow(name="city", new="string")),
        ),
        DataRow(path=f"data/images{suffix}", change="new", new="md5:cccc.dir", new_bytes=5, new_files=7),
    )  # fmt: skip


def _plots(suffix: str) -> tuple[PlotRow, ...]:
    lines = tuple(
        Series(side=side, name=f"loss{suffix}", points=tuple((n, shift + 1 / (n + 1)) for n in range(30)))
        for side, shift in zip(SIDES, (0.1, 0.0), strict=True)
    )
    pairs = tuple(
        Series(side=side, pairs=tuple(Pair(x=f"cat{suffix}", y=name, count=n) for n, name in enumerate(["cat", "dog"])))
        for side in SIDES
    )
    return (
        PlotRow(path=f"plots/loss.csv{suffix}", title=f"Loss{suffix}", kind=PlotKind.LINEAR, change="changed", x="step",
                y=f"loss{suffix}", series=lines),
        PlotRow(path=f"plots/matrix.csv{suffix}", title=f"Matrix{suffix}", kind=PlotKind.CONFUSION, change="changed",
                x="actual", y="predicted", series=pairs),
        PlotRow(path="plots/same.csv", title="Same", kind=PlotKind.SIMPLE, series=lines),
        PlotRow(path="plots/none.png", title="Image", kind=PlotKind.IMAGE, change="new", note=f"too large{suffix}"),
    )  # fmt: skip
