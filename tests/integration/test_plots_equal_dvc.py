"""The points that the kit reads against those of `dvc plots diff`, for each template and each kind of file.

DVC gives every row of the files, x and y among its fields; what is compared are the pairs of x and y per line. Where
DVC drops or guesses, the kit's own answer is in tests/integration/test_report_plots.py.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_kit.core.review.plots import PlotKind, PlotRow, Series
from tests.integration.test_report_equals_dvc import report_on, two_commits

DVC = str(Path(sys.executable).with_name("dvc"))
Files = Mapping[str, str]
Lines = dict[tuple[str, str], list[tuple[str, str]]]

CURVE = "step,loss,acc\n0,{a},{a}5\n1,0.8,0.25\n2,0.7,1e-3\n3,0.6,-4\n"
ROC = {
    "roc": [
        {"fpr": 0, "tpr": "{a}", "cut": "{a}"},
        {"fpr": 0.5, "tpr": 0.8, "cut": 0.5},
        {"fpr": 1, "tpr": 1, "cut": 0},
    ]
}
CLASSES = "actual,predicted\ncat,cat\ncat,dog\ndog,{a}\ndog,dog\n1,1\n"
BARS = "name,importance\nage,{a}\nheight,0.2\nb.m.i,0.6\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A dvc.yaml and its files, `{a}` in them being what changes."""

    pipeline: str
    files: Files
    kind: PlotKind = PlotKind.LINEAR


def single(options: str, file: str, text: str, kind: PlotKind = PlotKind.LINEAR) -> Case:
    return Case(pipeline=f"plots:\n- {file}: {options}\n", files={file: text}, kind=kind)


CASES = {
    "csv, last column over the row": Case(pipeline="plots: [a.csv]", files={"a.csv": CURVE}),
    "tsv": single("{x: step, y: loss}", "a.tsv", CURVE.replace(",", "\t")),
    "simple": single("{template: simple, x: step, y: loss}", "a.csv", CURVE, PlotKind.SIMPLE),
    "smooth": single("{template: smooth, x: step, y: loss}", "a.csv", CURVE, PlotKind.SMOOTH),
    "linear by name": single("{template: linear, x: loss, y: acc}", "a.csv", CURVE),
    "scatter": single("{template: scatter, x: loss, y: acc}", "a.csv", CURVE, PlotKind.SCATTER),
    "jitter": single("{template: scatter_jitter, x: loss, y: acc}", "a.csv", CURVE, PlotKind.SCATTER),
    "json in a mapping": single("{x: fpr, y: tpr}", "roc.json", json.dumps(ROC)),
    "json list, last key": Case(pipeline="plots: [roc.json]", files={"roc.json": json.dumps(ROC["roc"])}),
    "two lists in one json": single(
        "{x: n, y: m}", "two.json", '{"a": [{"n": 1}, {"n": 3}], "b": {"c": [{"m": "{a}"}, {"m": 5}]}, "d": [1, 2]}'
    ),
    "yaml": single("{x: e, y: v}", "a.yaml", "- {e: 1, v: {a}}\n- {e: 2, v: 0.5}\n"),
    "toml": single("{x: e, y: v}", "a.toml", "[[p]]\ne = 1\nv = {a}\n[[p]]\ne = 2\nv = 0.5\n"),
    "confusion": single("{template: confusion, x: actual, y: predicted}", "c.csv", CLASSES, PlotKind.CONFUSION),
    "confusion, normalized": single(
        "{template: confusion_normalized, x: actual, y: predicted}", "c.csv", CLASSES, PlotKind.CONFUSION_NORMALIZED
    ),
    "bars": single("{template: bar_horizontal, x: importance, y: name}", "b.csv", BARS, PlotKind.BAR),
    "sorted bars": single("{template: bar_horizontal_sorted, x: importance, y: name}", "b.csv", BARS, PlotKind.BAR),
    "several columns": single("{x: step, y: [loss, acc]}", "a.csv", CURVE),
    "several files in one plot": Case(
        pipeline="plots: [both: {x: step, y: {logs/a/one.csv: loss, logs/b/two.csv: loss}, title: Both}]",
        files={"logs/a/one.csv": CURVE, "logs/b/two.csv": CURVE.replace("0.8", "0.85")},
    ),
    "columns of several files": Case(
        pipeline="plots: [both: {x: step, y: {one.csv: [loss, acc], two.csv: loss}}]",
        files={"one.csv": CURVE, "two.csv": CURVE.replace("0.8", "0.85")},
    ),
    "x from another file": Case(
        pipeline="plots: [apart: {x: {times.csv: at}, y: {one.csv: loss}}]",
        files={"one.csv": CURVE, "times.csv": "at\n10\n20\n30\n40\n"},
    ),
    "a folder, one file of it more exactly": Case(
        pipeline="plots: [logs: {x: step}, logs/deep/two.csv: {x: step, y: acc}]",
        files={"logs/one.csv": CURVE, "logs/deep/two.csv": CURVE},
    ),
    "dvclive": Case(
        pipeline="stages: {t: {cmd: 'true'}}",
        files={
            "dvclive/dvc.yaml": "metrics: [metrics.json]\nplots: [plots/metrics: {x: step}]\n",
            "dvclive/metrics.json": '{"loss": 1}',
            "dvclive/plots/metrics/train/loss.tsv": "step\tloss\n0\t{a}\n1\t0.5\n",
            "dvclive/plots/metrics/acc.tsv": "timestamp\tstep\tacc\n1700000000000\t0\t{a}\n1700000001000\t1\t0.99\n",
        },
    ),
    "outs of stages": Case(
        pipeline="stages: {t: {cmd: 'true', plots: [a.csv: {cache: false, x: step, y: loss, title: T, x_label: X}]}}",
        files={"a.csv": CURVE},
    ),
    "without a header": Case(
        pipeline="stages: {t: {cmd: 'true', plots: [a.csv: {cache: false, header: false, x: '0', y: '1'}]}}",
        files={"a.csv": "1,{a},3\n4,5,6\n"},
    ),
    "one file listed in two files": Case(
        pipeline="plots: [sub/a.csv: {y: loss}]\nstages: {t: {cmd: 'true'}}",
        files={"sub/dvc.yaml": "plots: [a.csv: {y: acc}]", "sub/a.csv": CURVE},
    ),
}


def by_dvc(project_root: Path, base: str, head: str) -> dict[str, Lines]:
    """Plot, then (side, line) to the pairs that DVC's renderer gets."""
    words = [DVC, "plots", "diff", "--json", "--split", base, head]
    done = subprocess.run(words, cwd=project_root, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Lines] = {}
    for name, plots in json.loads(done.stdout)["data"].items():
        lines = found.setdefault(name, {})
        for plot in plots:
            anchors = plot["anchor_definitions"]
            x, y = _axes(plot["content"])
            for row in anchors["<DVC_METRIC_DATA>"]:
                side = "base" if row["rev"] == base[:7] or row["rev"] == base else "head"
                lines.setdefault((side, _line(row)), []).append((show(row[x]), show(row[y])))
    return found


def _axes(content: object) -> tuple[str, str]:
    """The fields on the axes; DVC escapes dots for Vega."""
    return _field(content, "x"), _field(content, "y")


def _field(content: object, axis: str) -> str:
    """The first field that a template puts on an axis."""
    waiting: list[Any] = [content]
    while waiting:
        match waiting.pop(0):
            case dict() as found:
                channel = (found.get("encoding") or {}).get(axis)
                if isinstance(channel, dict) and isinstance(channel.get("field"), str):
                    return str(channel["field"]).replace("\\", "")
                waiting.extend(found.values())
            case list() as parts:
                waiting.extend(parts)
            case _:
                continue
    raise AssertionError(axis)


def _line(row: Mapping[str, str]) -> str:
    return "::".join(part for part in (row.get("filename::field") or row.get("filename"), row.get("field")) if part)


def by_kit(plots: Iterable[PlotRow]) -> dict[str, Lines]:
    return {row.path: {(one.side, one.name): pairs_of(one) for one in row.series} for row in plots if row.change}


def pairs_of(series: Series) -> list[tuple[str, str]]:
    counted = [(show(pair.x), show(pair.y)) for pair in series.pairs for _ in range(pair.count)]
    return counted or [(show(x), show(y)) for x, y in series.points]


def show(value: object) -> str:
    """Numbers in one form, however a file writes them: CSV has only texts."""
    try:
        return repr(float(str(value)))
    except ValueError:
        return str(value)


def written(files: Files, side: str) -> dict[str, str]:
    """The files of one side; `{a}` in them is what changes."""
    value = {"base": "0.9", "head": "0.95"}[side]
    return {path: text.replace('"{a}"', value).replace("{a}", value) for path, text in files.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_points_are_those_of_dvc(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    sides = [{"dvc.yaml": case.pipeline, **written(case.files, side)} for side in ("base", "head")]
    project, base, head = two_commits(tmp_path, *sides)
    expected = by_dvc(project.root, base, head)
    report = report_on(project, base, head)
    found = by_kit(report.plots)
    assert found.keys() == expected.keys()
    for plot, lines in expected.items():
        assert {key: sorted(pairs) for key, pairs in found[plot].items()} == {
            key: sorted(pairs) for key, pairs in lines.items()
        }, plot
    assert {row.kind for row in report.plots} == {case.kind}
