"""The report on a terminal: what is live, what cannot be compared, what was assumed."""

from mlops_kit.core.render.text import render_report_text
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.report import Report, Side

BASE, HEAD, LIVE = "b" * 40, "a" * 40, "c" * 40


def rendered(*rows: MetricRow, live: Side | None = None, obstacles: tuple[ObstacleRow, ...] = ()) -> list[str]:
    report = Report(
        base=Side(name="main", commit=BASE),
        head=Side(name="topic", commit=HEAD),
        live=live,
        environment="dev",
        verdict=Verdict.WARN,
        metrics=rows,
        obstacles=obstacles,
    )
    return render_report_text(report).splitlines()


def row(key: str, old: float, new: float, **more: object) -> MetricRow:
    trend = Trend.SAME if old == new else Trend.BETTER
    return MetricRow(path="m.json", key=key, old=old, new=new, diff=new - old, trend=trend, **more)  # type: ignore[arg-type]


def test_an_assumed_goal_is_marked() -> None:
    assert rendered(row("acc", 0.5, 0.75, goal="maximize", assumed=True), row("x", 1, 2, goal="maximize"))[-3:] == [
        "metrics",
        "  m.json:acc  0.5  0.75  +0.25 (+50.0 %)  better  (maximize assumed)",
        "  m.json:x    1    2     +1 (+100.0 %)    better",
    ]


def test_what_is_live_has_a_column_and_shows_what_did_not_move_beside_it() -> None:
    live = Side(name="live in dev", commit=LIVE)
    lines = rendered(row("acc", 0.5, 0.5, live=0.25), row("f1", 0.5, 0.75), row("x", 1, 1, live=1), live=live)
    assert lines[:3] == [
        "⚠️ Ready for dev, but look first: no gates are set, but the notes say what is in doubt.",
        "main (bbbbbbbb) -> topic (aaaaaaaa)",
        "beside them: live in dev (cccccccc)",
    ]
    assert lines[4:] == [
        "metrics",
        "  m.json:acc  0.5  0.5   live 0.25  0                same",
        "  m.json:f1   0.5  0.75             +0.25 (+50.0 %)  better",
        "",
        "2 of 3 metrics did not change",
    ]


def test_what_cannot_be_compared_is_told_before_the_metrics() -> None:
    obstacles = (
        ObstacleRow(path="m.json", stage="e", kind=Obstacle.DATA, name="t", old="md5:1a2b3c4d5", new="md5:9f8e7d6c5"),
        ObstacleRow(path="m.json", stage="e", kind=Obstacle.SEED, name="p:s", old="1", new="2", against="live"),
    )
    assert rendered(row("acc", 0.5, 0.75), obstacles=obstacles)[3:7] == [
        "not comparable",
        "  m.json with base: test data changed t 1a2b3c4d → 9f8e7d6c",
        "  m.json with what is live: seed changed p:s 1 → 2",
        "",
    ]
