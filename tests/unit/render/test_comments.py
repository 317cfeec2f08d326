"""How the comment looks in the situations of a team's life: whole texts, in comments/*.md."""

import re
from dataclasses import replace

import pytest

from mlops_kit.core.config import parse_config
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.verdict import tell_verdict
from mlops_kit.core.review.gates import GateInputs, Verdict, evaluate_gates
from mlops_kit.core.review.metrics import MetricFile, Trend
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import ChangeRow, PlanRows, gate_rows
from mlops_kit.core.types import EnvironmentName, Verb
from tests.unit.render.github_page import TAGS, read_page
from tests.unit.render.situations import AFTER, BEFORE, BETTER, FOLDER, SITUATIONS, UNCHANGED, WORSE, metric


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_comment_reads_as_it_was_read(name: str) -> None:
    report, occasion = SITUATIONS[name]
    assert f"{render_report(report, occasion)}\n" == (FOLDER / f"{name}.md").read_text()


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_comment_is_a_sound_page(name: str) -> None:
    page = read_page(render_report(*SITUATIONS[name]))
    assert page.is_balanced
    assert set(page.tags) <= TAGS
    assert page.references == []


def test_a_change_of_nothing_is_said_in_one_line_above_what_is_folded() -> None:
    text = render_report(UNCHANGED)
    shown = re.sub(r"(?s)<details>.*?</details>\n", "", text).split()
    assert " ".join(shown) == (
        "### ✅ Nothing changes for staging: all 4 gates pass. "
        "<sub><code>main</code> <code>1a2b3c4d</code> → <code>wider-trees</code> <code>9f8e7d6c</code></sub>"
    )


CONFIG = """\
version: 1
metrics: {"f1": {noise: 0.05}}
environments:
  staging:
    branch: staging
    gates:
      - {metric: accuracy, min: 0.9, max-drop: 0.005}
      - {metric: loss, max-rise: 2%, level: warn}
      - {metric: f1, min: 0.9}
      - {metric: auc, max-drop: 1}
      - {metric: recall, min: 0.7}
"""


def test_what_gates_find_becomes_the_end_of_a_sentence() -> None:
    config = parse_config(CONFIG.encode(), file="mlops.yaml")
    name = EnvironmentName("staging")
    base = (MetricFile(path="metrics.json", values={"accuracy": 0.91, "loss": 0.3, "f1": 0.9, "auc": 0.9}),)
    head = (MetricFile(path="metrics.json", values={"accuracy": 0.88, "loss": 0.4, "f1": 0.88, "auc": 0.8}),)
    answers = evaluate_gates(name, config.environments[name], config, GateInputs(head=head, base=base))
    metrics = (metric("accuracy", 0.91, 0.88, Trend.WORSE), metric("loss", 0.3, 0.4, Trend.WORSE))
    report = replace(WORSE, gates=gate_rows(answers), metrics=metrics)
    assert tell_verdict(report) == (
        "❌ Not ready for staging: accuracy is 0.88, under the minimum 0.9 and fell from 0.91 to 0.88, "
        "over the allowed drop of 0.005; recall cannot be judged: no metric recall in head."
    )
    assert tell_verdict(replace(report, verdict=Verdict.WARN, plan=None)) == (
        "⚠️ Ready for staging, but look first: loss rose from 0.3 to 0.4, over the allowed rise of 2% (this gate only "
        "warns); f1 is 0.88, under the minimum 0.9, by less than the noise 0.05."
    )


def test_where_only_notes_say_what_is_in_doubt_they_stand_open() -> None:
    text = render_report(replace(BETTER, verdict=Verdict.WARN, notes=("lock inconsistent: stage train",)))
    assert "but look first: all 4 gates pass, but the notes say what is in doubt." in text
    assert "#### Notes\n\n- lock inconsistent: stage train\n" in text


def test_gates_that_pass_on_other_data_are_worth_a_look() -> None:
    sentence = tell_verdict(replace(BETTER, verdict=Verdict.WARN, obstacles=WORSE.obstacles))
    assert sentence == (
        "⚠️ Ready for staging, but look first: all 4 gates pass, but not all is measured in the same way as before."
    )


def test_a_metric_that_differs_only_from_what_is_live_is_in_the_table() -> None:
    text = render_report(replace(UNCHANGED, live=BETTER.live, metrics=(metric("f1", 0.9, 0.9, Trend.SAME, live=0.8),)))
    assert "| <code>f1</code> | 0.9 | 0.8 | 0.9 | 0 | same |" in text
    assert "did not change</summary>\n\n| metric" not in text


def test_an_alias_that_is_led_back_is_told_as_a_repair() -> None:
    change = ChangeRow(environment="staging", model="churn", verb=Verb.SET_ALIAS, source=AFTER, target=BEFORE)
    text = render_report(replace(UNCHANGED, plan=PlanRows(changes=(change,))))
    assert (
        "- Merging leaves <code>churn</code> in staging as it is, and mends it: "
        "the registry's alias goes back to <code>9f8e7d6c</code>." in text
    )


def test_a_comment_of_its_own_head_is_not_stale() -> None:
    assert "moved on" not in render_report(BETTER, Occasion(current_head=BETTER.head.commit))  # type: ignore[arg-type]
