"""The report as GitHub markdown: the order of its sections, each of which is a module beside this one.

Every name, value and message goes through `escape`; the text never passes its limit, whatever the report holds.
"""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Budget, fit, octets
from mlops_kit.core.render.escape import link
from mlops_kit.core.render.markdown_comparability import comparability_blocks
from mlops_kit.core.render.markdown_data import data_blocks
from mlops_kit.core.render.markdown_evaluation import evaluation_blocks
from mlops_kit.core.render.markdown_failures import failure_blocks
from mlops_kit.core.render.markdown_footer import footer_blocks
from mlops_kit.core.render.markdown_gates import gate_blocks, passing_gate_blocks
from mlops_kit.core.render.markdown_graph import stage_graph_blocks
from mlops_kit.core.render.markdown_head import head_blocks
from mlops_kit.core.render.markdown_metrics import metric_blocks, same_metric_blocks
from mlops_kit.core.render.markdown_models import model_blocks, same_model_blocks
from mlops_kit.core.render.markdown_notes import note_blocks
from mlops_kit.core.render.markdown_params import param_blocks
from mlops_kit.core.render.markdown_plan import plan_blocks
from mlops_kit.core.render.markdown_plots import plot_blocks
from mlops_kit.core.render.markdown_sections import section_blocks
from mlops_kit.core.render.markdown_stages import quiet_stage_blocks, stage_blocks
from mlops_kit.core.render.markdown_sweep import sweep_blocks
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report

LIMIT = 60_000
"""Characters of a comment that leave room for a marker below GitHub's 65,536."""
SUMMARY_LIMIT = 900 * 1024
"""Bytes of a summary page; GitHub drops one of more than a mebibyte."""
_NO_OCCASION = Occasion()


def render_report(report: Report, occasion: Occasion = _NO_OCCASION, *, limit: int = LIMIT) -> str:
    """The report as GitHub markdown, at most `limit` characters, the same for the same report and occasion."""
    where = f"{link('the summary page of this run', occasion.run_url)} and its artifact" if occasion.run_url else ""
    budget = Budget(limit=limit, elsewhere=where or "report.json")
    return fit(tuple(_blocks(report, occasion, budget)), budget)


def render_summary(report: Report, occasion: Occasion = _NO_OCCASION, *, limit: int = SUMMARY_LIMIT) -> str:
    """The same for the summary page of a workflow run, at most `limit` bytes."""
    budget = Budget(limit=limit, measure=octets)
    return fit(tuple(_blocks(report, occasion, budget)), budget)


def _blocks(report: Report, occasion: Occasion, budget: Budget) -> Iterator[Block]:
    yield from head_blocks(report, occasion)
    yield from failure_blocks(report)
    yield from gate_blocks(report)
    yield from passing_gate_blocks(report)
    yield from comparability_blocks(report)
    yield from evaluation_blocks(report)
    yield from metric_blocks(report)
    yield from plot_blocks(report, occasion.pictures)
    yield from plan_blocks(report)
    yield from param_blocks(report)
    yield from sweep_blocks(report)
    yield from data_blocks(report)
    yield from model_blocks(report)
    yield from stage_blocks(report)
    yield from same_metric_blocks(report)
    yield from same_model_blocks(report)
    yield from quiet_stage_blocks(report)
    yield from stage_graph_blocks(report)
    yield from note_blocks(report)
    yield from section_blocks(report, most=budget.limit // 4)
    yield from footer_blocks(report, occasion)
