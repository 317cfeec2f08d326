"""The report as GitHub markdown: the order of its sections, each of which is a module beside this one.

Every name, value and message goes through `escape`; the text never passes its limit, whatever the report holds.
"""

from mlops_kit.core.render.budget import fit
from mlops_kit.core.render.markdown_gates import gate_blocks
from mlops_kit.core.render.markdown_graph import stage_graph_blocks
from mlops_kit.core.render.markdown_head import head_blocks
from mlops_kit.core.render.markdown_metrics import metric_blocks, same_metric_blocks
from mlops_kit.core.render.markdown_models import model_blocks
from mlops_kit.core.render.markdown_notes import note_blocks
from mlops_kit.core.render.markdown_params import param_blocks
from mlops_kit.core.render.markdown_plan import plan_blocks
from mlops_kit.core.render.markdown_stages import quiet_stage_blocks, stage_blocks
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report

LIMIT = 60_000
"""Characters that leave room for a marker below GitHub's 65,536."""
_NO_OCCASION = Occasion()


def render_report(report: Report, occasion: Occasion = _NO_OCCASION, *, limit: int = LIMIT) -> str:
    """The report as GitHub markdown, at most `limit` characters, the same for the same report and occasion."""
    blocks = (
        *head_blocks(report, occasion),
        *gate_blocks(report),
        *note_blocks(report),
        *metric_blocks(report),
        *param_blocks(report),
        *model_blocks(report),
        *stage_blocks(report),
        *plan_blocks(report),
        *same_metric_blocks(report),
        *quiet_stage_blocks(report),
        *stage_graph_blocks(report),
    )
    return fit(blocks, limit=limit)
