"""The drift report in the text format of Prometheus (version 0.0.4), for a pushgateway or a textfile collector."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.drift.report import DriftAnswer, DriftReport

_GRADES = {DriftAnswer.SKIPPED: -1, DriftAnswer.OK: 0, DriftAnswer.INCONCLUSIVE: 1, DriftAnswer.WARN: 2}
_FAIL = 3
_Sample = tuple[dict[str, str], float | int]


def render_drift_metrics(report: DriftReport, environment: str = "") -> str:
    """Each number as a gauge with the labels environment, data, column and check; names stay as they are."""
    own = {"environment": environment, "data": report.current.name}
    return "".join(_lines(report, own))


def _lines(report: DriftReport, own: dict[str, str]) -> Iterator[str]:
    verdict = "What all columns say: 0 ok, 1 inconclusive, 2 warn, 3 fail"
    yield from _gauge("verdict", verdict, [(own, _grade(report.verdict))])
    yield from _gauge("drifted", "Whether the model should be trained again", [(own, int(report.drifted))])
    yield from _gauge("violations", "Rules that the data breaks", [(own, len(report.violations))])
    sides = {"reference": report.reference.rows, "current": report.current.rows}
    yield from _gauge("rows", "Rows of either side", [(own | {"side": side}, rows) for side, rows in sides.items()])
    columns = [(own | {"column": row.name}, row) for row in report.columns]
    yield from _gauge(
        "column_answer",
        "What a column says: -1 not judged, 0 ok, 1 inconclusive, 2 warn, 3 fail",
        [(labels, _grade(row.answer)) for labels, row in columns],
    )
    checks = [(labels | {"check": check.check.value}, check) for labels, row in columns for check in row.checks]
    yield from _gauge(
        "effect",
        "How far a column moved, in the unit of its check",
        [(labels, check.effect) for labels, check in checks if check.effect is not None],
    )
    yield from _gauge(
        "p_value",
        "The chance of that without cause, corrected for all columns",
        [(labels, check.p_value) for labels, check in checks if check.p_value is not None],
    )
    yield from _gauge(
        "stability_index",
        "The population stability index; decides nothing",
        [(labels, row.stability_index) for labels, row in columns if row.stability_index is not None],
    )


def _grade(answer: DriftAnswer) -> int:
    return _GRADES.get(answer, _FAIL)


def _gauge(name: str, about: str, samples: Iterable[_Sample]) -> Iterator[str]:
    full = f"mlops_kit_drift_{name}"
    yield f"# HELP {full} {about}.\n# TYPE {full} gauge\n"
    for labels, value in samples:
        told = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        yield f"{full}{{{told}}} {value:.10g}\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
