"""Takes the report of this folder as `mlops-kit comment` does: reads it as data, draws its plots, renders it."""

from pathlib import Path

from mlops_kit.adapters.vega import draw_plot
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.report import parse_report

report = parse_report(Path("report.json").read_bytes(), file="report.json")
drawings = [draw_plot(plot) for plot in report.plots if plot.change]
print(len(drawings), "drawings,", sum(map(len, drawings)), "bytes;", len(render_report(report)), "characters")
