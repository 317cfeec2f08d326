"""`mlops-kit comment`: judges a report by the base's policy and posts it on its pull request."""

from html import escape

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Output, Severity, annotation, write_outputs, write_summary
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.commands.comment import Outcome, Posted, Review, post_review, set_check
from mlops_kit.commands.judge import Evidence, judge, read_base_policy
from mlops_kit.commands.publish_with_cml import publish_with_cml
from mlops_kit.core.config import Publisher
from mlops_kit.core.errors import ConflictError, InputError, KitError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.render.markdown import render_summary
from mlops_kit.core.review.event import check_number, parse_pull_request
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import summarize_gates
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID, check_report_id


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
        _check_occasion(inputs, number)
        forge = wiring.open_forge(inputs.repository, api_url=inputs.api_url, token=inputs.token)
        review = _judge(caller, _find_pull_request(forge, inputs, number), report, check_report_id(report_id))
    except KitError as error:
        write_summary(inputs.summary_file, _failed(error))
        raise
    write_summary(inputs.summary_file, render_summary(review.report))
    posted = _post(caller, forge, review)
    _tell(review, posted, inputs, file=report)
    if posted.outcome is Outcome.SUPERSEDED:
        raise ConflictError(f"a newer run has reported already: {posted.url}", hint="nothing is left to do")
    if status and posted.outcome is not Outcome.SUMMARY_ONLY:
        set_check(forge, review, posted)
    if review.report.verdict is Verdict.FAIL:
        raise RefusedError(summarize_gates(review.report), hint="the report says which gate, and by how much")


def _judge(caller: Caller, pull_request: PullRequest, file: str, report_id: str) -> Review:
    """The report as this pull request's base judges it."""
    inputs = caller.inputs
    git = wiring.open_git(caller.folder, inputs.variables)
    bench = wiring.open_bench(git, inputs.variables, caller.config_file)
    evidence = Evidence(data=wiring.read_artifact(caller.folder, file), file=file)
    return Review(
        report=judge(bench, evidence, pull_request),
        pull_request=pull_request,
        report_id=report_id,
        run=_order(inputs.run_id),
        attempt=_order(inputs.attempt),
    )


def _post(caller: Caller, forge: Forge, review: Review) -> Posted:
    """Post the report by what the base's policy names."""
    inputs = caller.inputs
    git = wiring.open_git(caller.folder, inputs.variables)
    bench = wiring.open_bench(git, inputs.variables, caller.config_file)
    policy = read_base_policy(bench, review.pull_request.base).review
    if policy.publisher is Publisher.GITHUB:
        return post_review(forge, review)
    repository = f"{inputs.server_url}/{inputs.repository}"
    program = wiring.open_cml(git.root, inputs.variables, repository=repository, token=inputs.token)
    return publish_with_cml(program, review)


def _check_occasion(inputs: Inputs, number: int | None) -> None:
    """InputError where nothing says which pull request is meant; before a token or a server is asked for."""
    if number is None and not inputs.event_path:
        raise InputError(
            "this is no workflow run, so there is no pull request to comment on",
            hint="comment needs a pull_request event, or --pull-request N",
        )


def _find_pull_request(forge: Forge, inputs: Inputs, number: int | None) -> PullRequest:
    """The pull request that was named, else the one of the workflow's event."""
    if number is not None:
        return forge.read_pull_request(check_number(number))
    return parse_pull_request(wiring.read_event(inputs.event_path), file=inputs.event_path)


def _tell(review: Review, posted: Posted, inputs: Inputs, *, file: str) -> None:
    """Say what was done, to people and to later steps."""
    outputs = {
        Output.VERDICT: review.report.verdict.value,
        Output.OUTCOME: posted.outcome.value,
        Output.COMMENT_URL: posted.url,
        Output.COMMENT_ID: str(posted.comment.id) if posted.comment else "",
        Output.REPORT: file,
    }
    write_outputs(inputs.output_file, outputs)
    click.echo(f"{posted.outcome} {posted.url}".rstrip())
    if posted.obstacle:
        _warn(f"the report is on this run's summary page only: {posted.obstacle}", inputs)


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
