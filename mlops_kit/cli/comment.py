"""`mlops-kit comment`: judges a report by the base's policy and posts it on its pull request."""

from dataclasses import dataclass
from html import escape

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Output, Severity, annotation, write_outputs, write_summary
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.commands.comment import Outcome, Posted, Posting, post_comment, set_status
from mlops_kit.commands.judge import Evidence, judge
from mlops_kit.core.errors import ConflictError, InputError, KitError, RefusedError
from mlops_kit.core.ports import Forge
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.event import check_number, parse_pull_request
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import summarize_gates
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID, Marker, check_report_id
from mlops_kit.core.types import CommitStatus, PullRequest, StatusState

COMMENT_LIMIT = 60_000
SUMMARY_LIMIT = 800_000
CONTEXT = "mlops-kit"


@dataclass(frozen=True, kw_only=True)
class Review:
    """A report that was found to belong to a pull request, judged by the base's policy."""

    report: Report
    pull_request: PullRequest
    report_id: str
    file: str


@click.command("comment")
@click.argument("report", metavar="REPORT.json")
@click.option("--pull-request", "number", type=int, help="The pull request; default: the workflow event's.")
@click.option("--report-id", default=DEFAULT_REPORT_ID, show_default=True, help="Tells several reports apart.")
@click.option("--status/--no-status", default=True, help="Set a check on the pull request's head, or do not.")
@click.pass_obj
def command(caller: Caller, *, report: str, number: int | None, report_id: str, status: bool) -> None:
    """Post a report on its pull request, as one comment that later runs update.

    The report is taken as data from a stranger: gates are evaluated again, by mlops.yaml of the base commit.

    \b
    Example:  mlops-kit comment report.json --pull-request 7
    """
    inputs = caller.inputs
    try:
        forge = wiring.open_forge(inputs.repository, api_url=inputs.api_url, token=inputs.token)
        review = _judge(caller, _find_pull_request(forge, inputs, number), report, check_report_id(report_id))
    except KitError as error:
        write_summary(inputs.summary_file, _failed(error))
        raise
    write_summary(inputs.summary_file, render_report(review.report, limit=SUMMARY_LIMIT))
    posted = _post(forge, review, inputs)
    _tell(review, posted, inputs)
    if posted and posted.outcome is Outcome.SUPERSEDED:
        raise ConflictError(f"a newer run has reported already: {posted.comment.url}", hint="nothing is left to do")
    if status and posted:
        set_status(forge, review.pull_request.head, _status(review, posted))
    if review.report.verdict is Verdict.FAIL:
        raise RefusedError(summarize_gates(review.report), hint="the report says which gate, and by how much")


def _judge(caller: Caller, pull_request: PullRequest, file: str, report_id: str) -> Review:
    """The report as this pull request's base judges it."""
    bench = wiring.open_bench(
        wiring.open_git(caller.folder, caller.inputs.variables), caller.inputs.variables, caller.config_file
    )
    evidence = Evidence(data=wiring.read_artifact(caller.folder, file), file=file)
    return Review(
        report=judge(bench, evidence, pull_request), pull_request=pull_request, report_id=report_id, file=file
    )


def _find_pull_request(forge: Forge, inputs: Inputs, number: int | None) -> PullRequest:
    """The pull request that was named, else the one of the workflow's event."""
    if number is not None:
        return forge.read_pull_request(check_number(number))
    if not inputs.event_path:
        raise InputError(
            "this is no workflow run, so there is no pull request to comment on",
            hint="comment needs a pull_request event, or --pull-request N",
        )
    return parse_pull_request(wiring.read_event(inputs.event_path), file=inputs.event_path)


def _post(forge: Forge, review: Review, inputs: Inputs) -> Posted | None:
    """The comment; None, with a warning, where GitHub lets no workflow comment on this pull request."""
    marker = Marker(
        report_id=review.report_id,
        run=_order(inputs.run_id),
        attempt=_order(inputs.attempt),
        head=review.pull_request.head,
    )
    text = render_report(review.report, limit=COMMENT_LIMIT)
    try:
        return post_comment(forge, Posting(number=review.pull_request.number, marker=marker, text=text))
    except RefusedError as error:
        if not review.pull_request.is_closed_to_us:
            raise
        _warn(f"the report is on this run's summary page only: {error}", inputs)
        return None


def _tell(review: Review, posted: Posted | None, inputs: Inputs) -> None:
    """Say what was done, to people and to later steps."""
    outcome = posted.outcome.value if posted else "summary-only"
    url = posted.comment.url if posted else ""
    write_outputs(
        inputs.output_file,
        {
            Output.VERDICT: review.report.verdict.value,
            Output.OUTCOME: outcome,
            Output.COMMENT_URL: url,
            Output.COMMENT_ID: str(posted.comment.id) if posted else "",
            Output.REPORT: review.file,
        },
    )
    click.echo(f"{outcome} {url}".rstrip())


def _status(review: Review, posted: Posted) -> CommitStatus:
    named = review.report_id != DEFAULT_REPORT_ID
    return CommitStatus(
        context=f"{CONTEXT}/{review.report_id}" if named else CONTEXT,
        state=StatusState.FAILURE if review.report.verdict is Verdict.FAIL else StatusState.SUCCESS,
        description=summarize_gates(review.report),
        link=posted.comment.url,
    )


def _order(text: str) -> int:
    """A run's number as GitHub counts, 0 where there is none."""
    return int(text) if text.isdecimal() and len(text) <= 18 else 0


def _warn(message: str, inputs: Inputs) -> None:
    click.echo(f"mlops-kit: warning: {message}", err=True)
    if inputs.on_actions:
        click.echo(annotation(Severity.WARNING, message))


def _failed(error: KitError) -> str:
    lines = "\n".join(escape(line, quote=False) for line in str(error).splitlines() if line.strip())
    return f"**mlops-kit posted no report**\n\n<pre>\n{lines}\n</pre>"
