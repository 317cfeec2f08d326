"""The texts of a retraining: the decision, what came of it, its commit and its pull request."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.render.drift_markdown import render_drift_markdown
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, clean, prose
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.promotion_words import printable, render_markdown_table, render_table, short_digest
from mlops_kit.core.training.document import DataChange, Retraining, retraining_json
from mlops_kit.core.training.proposal import Outcome, Proposal
from mlops_kit.core.training.situation import Action

TITLE_LIMIT = 200
BODY_LIMIT = 45_000
"""Characters of the comparison in a pull request's text, which may have 65,536 in all."""
DRIFT_LIMIT = 15_000
"""Characters of the reports of drift there."""
_ROWS = 50
_VERBS = {
    Action.WAIT: "wait",
    Action.RETRAIN: "train again",
    Action.FINISH: "open the pull request",
    Action.REFUSE: "refuse",
}
_MERGING = (
    "Merging this promotes the new model as any other; the gates are asked again. Closing it says no: the same data is "
    "not proposed again."
)
_QUIET = (
    "It was opened with a workflow's own token, and GitHub starts no workflow for such a pull request: required checks "
    "never report. Let a GitHub App's token open it (docs/retrain.md)."
)
_TOLD = {
    Outcome.NOTHING: "nothing to do",
    Outcome.PUSHED: "trained again",
    Outcome.PROPOSED: "trained again",
    Outcome.REJECTED: "trained again, and not proposed",
    Outcome.FAILED: "not trained",
}


def pull_request_title(retraining: Retraining) -> str:
    """`Train churn again for dev`."""
    return clean(f"Train {retraining.model} again for {retraining.environment}", limit=TITLE_LIMIT)


def commit_message(retraining: Retraining, *, run_url: str) -> str:
    """The title, why, and which run did it."""
    lines = [pull_request_title(retraining), "", f"{printable(_sentence(retraining.reason))}", ""]
    return "\n".join([*lines, *([f"Trained by {run_url}.", ""] if run_url else [])])


def pull_request_body(told: Proposal, *, why: str) -> str:
    """Why it was trained again, on which data, how it compares with what is there, and what merging does."""
    retraining = told.retraining
    parts = [prose(_sentence(why), limit=MESSAGE_LIMIT), "", *_data_table(retraining), *_drift_lines(retraining)]
    parts += _drift_reports(told.drift)
    if told.report:
        parts += [render_report(told.report, limit=BODY_LIMIT), ""]
    return "\n".join([*parts, _MERGING, *(["", f"> {_QUIET}"] if told.is_quiet else []), ""])


def render_decision(retraining: Retraining) -> str:
    """What is decided and why, for the terminal."""
    place = f"{printable(retraining.model)} in {printable(retraining.environment)}"
    lines = [f"{place}: {_VERBS[retraining.action]}", f"  {printable(_sentence(retraining.reason))}"]
    if retraining.hint:
        lines.append(f"  hint: {printable(retraining.hint)}")
    rows = [(row.path, short_digest(row.old), short_digest(row.new)) for row in retraining.data[:_ROWS]]
    lines += [f"  {line}" for line in render_table(("data", "trained on", "now"), rows)] if rows else []
    return "\n".join([*lines, *_drift_text(retraining)])


def render_decision_markdown(retraining: Retraining) -> str:
    """The same for a summary page."""
    head = f"**{cell(retraining.model)} in {cell(retraining.environment)}: {_VERBS[retraining.action]}**"
    hint = [prose(f"Hint: {retraining.hint}", limit=MESSAGE_LIMIT), ""] if retraining.hint else []
    parts = [head, "", prose(_sentence(retraining.reason), limit=MESSAGE_LIMIT), "", *hint]
    return "\n".join([*parts, *_data_table(retraining), *_drift_lines(retraining)]).rstrip("\n")


def render_proposal(told: Proposal) -> str:
    """What a retraining came to, for the terminal."""
    place = f"{printable(told.retraining.model)} for {printable(told.retraining.environment)}"
    lines = [f"{place}: {_TOLD[told.outcome]}", f"  {printable(_sentence(told.reason))}"]
    if told.outcome is Outcome.PROPOSED:
        lines.append(f"  pull request {told.number}: {printable(told.url)}")
    if told.outcome is Outcome.PUSHED:
        lines.append(f"  branch {printable(told.branch)}: open its pull request into {printable(told.base)}")
    if told.is_quiet:
        lines.append(f"  note: {_QUIET}")
    return "\n".join(lines)


def render_proposal_markdown(told: Proposal) -> str:
    """The same for a summary page, with the comparison where there is one."""
    place = f"{cell(told.retraining.model)} for {cell(told.retraining.environment)}"
    parts = [f"**{place}: {_TOLD[told.outcome]}**", "", prose(_sentence(told.reason), limit=MESSAGE_LIMIT), ""]
    if told.number:
        parts += [f"Pull request #{told.number}.", ""]
    parts += _drift_reports(told.drift)
    return "\n".join([*parts, *([render_report(told.report)] if told.report else [])]).rstrip("\n")


def proposal_json(told: Proposal) -> str:
    """The decision with what came of it, as strict JSON."""
    document = json.loads(retraining_json(told.retraining))
    result = {
        "outcome": told.outcome.value,
        "reason": told.reason,
        "branch": told.branch,
        "commit": told.commit,
        "pull_request": told.number,
        "url": told.url,
        "gates": [asdict(gate) for gate in told.report.gates] if told.report else [],
    }
    return json.dumps({**document, "result": result}, indent=2, sort_keys=True, allow_nan=False)


def _data_table(retraining: Retraining) -> list[str]:
    rows = [_row(row) for row in retraining.data[:_ROWS]]
    left = len(retraining.data) - len(rows)
    more = [f"and {left:,} more", ""] if left else []
    return [*render_markdown_table(("data", "trained on", "now"), rows), "", *more] if rows else []


def _row(row: DataChange) -> tuple[str, str, str]:
    return row.path, short_digest(row.old), short_digest(row.new)


def _drift_lines(retraining: Retraining) -> list[str]:
    drift = retraining.drift
    if drift is None:
        return []
    lines = [f"Drift: {cell(drift.verdict)}{_alarms(retraining)}.", ""]
    return [*lines, *(f"- {prose(one, limit=MESSAGE_LIMIT)}" for one in drift.violations[:_ROWS]), ""]


def _drift_reports(reports: Iterable[DriftReport]) -> Iterator[str]:
    """As many whole reports as there is room for."""
    room = DRIFT_LIMIT
    for report in reports:
        text = render_drift_markdown(report)
        if len(text) <= room:
            yield text
        room -= len(text)


def _drift_text(retraining: Retraining) -> Iterator[str]:
    if retraining.drift:
        yield f"  drift: {printable(retraining.drift.verdict)}{_alarms(retraining)}"
        yield from (f"  - {printable(one)}" for one in retraining.drift.violations[:_ROWS])


def _alarms(retraining: Retraining) -> str:
    return f", alarm {retraining.alarms} in a row" if retraining.alarms else ""


def _sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
