"""`mlops-kit comment`: judges a report by the base's policy and posts it on its pull request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from html import escape

import click

from mlops_kit import wiring
from mlops_kit.adapters.actions import Output, write_outputs, write_summary
from mlops_kit.cli import Caller
from mlops_kit.cli.environment import Inputs
from mlops_kit.cli.event import read_event, warn
from mlops_kit.commands.check import say_missing, set_check
from mlops_kit.commands.comment import Outcome, Posted, Review
from mlops_kit.commands.judge import Evidence, read_base_policy
from mlops_kit.commands.pictures import Gallery, Hung, hang_pictures, post_hung, prune_pictures
from mlops_kit.commands.publish_with_cml import publish_with_cml
from mlops_kit.commands.review import Desk, conclude, judge_group, prepare
from mlops_kit.commands.subject import NoSubject, Subject, find_subject
from mlops_kit.core.config import Publisher, ReviewPolicy
from mlops_kit.core.errors import ConflictError, InputError, KitError, RefusedError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports import Forge, Pictures
from mlops_kit.core.render.check import begun_check
from mlops_kit.core.render.markdown import render_summary
from mlops_kit.core.review.event import HINT
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import summarize_gates
from mlops_kit.core.review.lock_return import LockOutcome, parse_return
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID, Gap, Marker, check_report_id


@click.command("comment")
@click.argument("report", metavar="[REPORT.json]", required=False)
@click.option("--pull-request", "number", type=int, help="The pull request; default: the workflow event's.")
@click.option("--report-id", default=DEFAULT_REPORT_ID, show_default=True, help="Tells several reports apart.")
@click.option("--begin", is_flag=True, help="Only show the check as in progress; there is no report yet.")
@click.option("--without-report", "gap", type=click.Choice([gap.value for gap in Gap]), help="Say why none came.")
@click.option("--prune", is_flag=True, help="Only remove the pictures of a pull request that is closed.")
@click.option(
    "--pictures",
    metavar="FOLDER",
    help="Show plots as pictures on a branch; images are in this folder (`report --pictures`).",
)
@click.option(
    "--lock",
    type=click.Choice(["", *(word.value for word in LockOutcome)]),
    help="What `commit` said became of the lock.",
)
@click.option("--lock-commit", metavar="SHA", help="The commit that `commit` made: the report is about it.")
@click.option("--status/--no-status", "checked", default=True, help="Set a check on the head, or do not.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    report: str | None,
    number: int | None,
    report_id: str,
    begin: bool,
    gap: str | None,
    prune: bool,
    pictures: str | None,
    lock: str | None,
    lock_commit: str | None,
    checked: bool,
) -> None:
    """Post a report on its pull request, as one comment that later runs update, and set the check `mlops-kit`.

    The report is taken as data from a stranger: gates are evaluated again, by mlops.yaml of the base commit.

    \b
    Example:  mlops-kit comment report.json --pull-request 7
    """
    inputs = caller.inputs
    with _told_on_the_summary(inputs):
        _check_words(report is not None, begin, gap is not None, prune)
        event = read_event(inputs, number)
        forge = wiring.open_forge(inputs.repository, api_url=inputs.api_url, token=inputs.token)
        check_report_id(report_id)
        subject = find_subject(forge, event, repository=inputs.repository)
    if isinstance(subject, NoSubject):
        click.echo(f"nothing to do: {subject.reason}")
    elif prune:
        _prune(subject, inputs, report_id)
    elif begin:
        _begin(forge, subject, inputs, report_id)
    elif gap:
        _say_missing(forge, subject, inputs, report_id, Gap(gap))
    elif report:
        desk = replace(_open_desk(caller, forge, report_id), lock=parse_return(lock or "", lock_commit or ""))
        with _told_on_the_summary(inputs):
            evidence = Evidence(data=wiring.read_artifact(caller.folder, report), file=report)
        if isinstance(subject, MergeGroup):
            _review_group(desk, subject, evidence, inputs)
        else:
            with _told_on_the_summary(inputs):
                gallery = _open_gallery(caller, desk, subject, pictures)
                hung = hang_pictures(gallery, prepare(desk, subject, evidence))
            _post(desk, hung, inputs, file=report, checked=checked)


def _post(desk: Desk, hung: Hung, inputs: Inputs, *, file: str, checked: bool) -> None:
    """Post the report, set the check, and leave with 4 where gates refuse and nobody accepted that."""
    review, occasion = hung.prepared.review, hung.prepared.occasion
    write_summary(inputs.summary_file, render_summary(review.report, occasion))
    posted, obstacle = _publish(desk, hung, inputs)
    _tell(review, posted, inputs, file=file)
    if obstacle:
        warn(obstacle, inputs)
    if posted.outcome is Outcome.SUPERSEDED:
        raise ConflictError(f"a newer run has reported already: {posted.url}", hint="nothing is left to do")
    if checked and posted.outcome is not Outcome.SUMMARY_ONLY:
        conclude(desk, hung.prepared, posted)
    if occasion.override is None:
        _leave(review.report, occasion.override_hint)


def _publish(desk: Desk, hung: Hung, inputs: Inputs) -> tuple[Posted, str]:
    """Post the report by what the base's policy names; why its pictures may not stay, else an empty text."""
    review, occasion = hung.prepared.review, hung.prepared.occasion
    if _policy(desk, review.pull_request).publisher is Publisher.GITHUB:
        return post_hung(desk.forge, hung)
    address = f"{inputs.server_url}/{inputs.repository}"
    program = wiring.open_cml(desk.bench.git.root, inputs.variables, repository=address, token=inputs.token)
    return publish_with_cml(program, review, occasion), ""


def _policy(desk: Desk, pull_request: PullRequest) -> ReviewPolicy:
    """How the base wants its pull requests reviewed."""
    return read_base_policy(desk.bench, pull_request.base).review


def _review_group(desk: Desk, group: MergeGroup, evidence: Evidence, inputs: Inputs) -> None:
    """Set the check that a merge queue waits for; a group of pull requests has no place for a comment."""
    with _told_on_the_summary(inputs):
        report = judge_group(desk, group, evidence)
    write_summary(inputs.summary_file, render_summary(report, Occasion(run_url=desk.run_url)))
    write_outputs(inputs.output_file, {Output.VERDICT: report.verdict.value, Output.REPORT: evidence.file})
    click.echo(summarize_gates(report))
    _leave(report, "")


def _leave(report: Report, hint: str) -> None:
    if report.verdict is Verdict.FAIL:
        raise RefusedError(summarize_gates(report), hint=hint or "the report says which gate, and by how much")


def _begin(forge: Forge, subject: Subject | MergeGroup, inputs: Inputs, report_id: str) -> None:
    """Show the check as in progress; where GitHub lets this run show nothing, that is no failure."""
    proposal = subject if isinstance(subject, MergeGroup) else subject.pull_request
    with _forgiven(proposal, inputs):
        set_check(forge, proposal.head, begun_check(report_id, link=inputs.run_url))


def _say_missing(forge: Forge, subject: Subject | MergeGroup, inputs: Inputs, report_id: str, gap: Gap) -> None:
    """Say that there is no report, in the comment and in the check."""
    proposal = subject if isinstance(subject, MergeGroup) else subject.pull_request
    run, attempt = _order(inputs.run_id), _order(inputs.attempt)
    marker = Marker(report_id=report_id, head=proposal.head, run=run, attempt=attempt)
    with _forgiven(proposal, inputs):
        say_missing(forge, subject, gap, marker, link=inputs.run_url)


def _prune(subject: Subject | MergeGroup, inputs: Inputs, report_id: str) -> None:
    """Remove the pull request's pictures, of every report."""
    if isinstance(subject, MergeGroup):
        raise InputError("a merge group has no pictures", hint=HINT)
    obstacle = prune_pictures(_open_pictures(inputs, report_id), subject.pull_request)
    if obstacle:
        warn(f"the pictures of pull request {subject.pull_request.number} stay: {obstacle}", inputs)


def _open_gallery(caller: Caller, desk: Desk, subject: Subject, place: str | None) -> Gallery | None:
    """Where pictures go; None where none are wanted, by the caller or by the policy of the base."""
    if place is None:
        return None
    policy = _policy(desk, subject.pull_request)
    if not policy.pictures or policy.publisher is not Publisher.GITHUB:
        return None
    return wiring.open_gallery(_open_pictures(caller.inputs, desk.report_id), caller.folder, place)


def _open_pictures(inputs: Inputs, report_id: str) -> Pictures:
    return wiring.open_pictures(
        inputs.repository,
        api_url=inputs.api_url,
        server_url=inputs.variables.get("GITHUB_SERVER_URL", "").strip(),
        token=inputs.token,
        report_id=report_id,
    )


def _open_desk(caller: Caller, forge: Forge, report_id: str) -> Desk:
    inputs = caller.inputs
    git = wiring.open_git(caller.folder, inputs.variables)
    return Desk(
        forge=forge,
        bench=wiring.open_bench(git, inputs.variables, caller.config_file),
        open_head=partial(wiring.open_head, git, inputs.variables),
        report_id=report_id,
        run=_order(inputs.run_id),
        attempt=_order(inputs.attempt),
        run_url=inputs.run_url,
        tracking_uri=inputs.tracking_uri,
    )


def _check_words(*wanted: bool) -> None:
    """InputError unless exactly one thing is to be done."""
    if sum(wanted) != 1:
        raise InputError(
            "comment takes one of REPORT.json, --begin, --without-report and --prune",
            hint="make a report with: mlops-kit report --format json --output report.json",
        )


@contextmanager
def _told_on_the_summary(inputs: Inputs) -> Iterator[None]:
    """An error is on the summary page too."""
    try:
        yield
    except KitError as error:
        write_summary(inputs.summary_file, _failed(error))
        raise


@contextmanager
def _forgiven(proposal: PullRequest | MergeGroup, inputs: Inputs) -> Iterator[None]:
    """A refusal is a warning only where no permission of the workflow's could prevent it."""
    try:
        yield
    except RefusedError as error:
        if isinstance(proposal, MergeGroup) or not proposal.is_closed_to_us:
            raise
        warn(f"the check is not shown: {error}", inputs)


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
        warn(f"the report is on this run's summary page only: {posted.obstacle}", inputs)


def _order(text: str) -> int:
    """A run's number as GitHub counts, 0 where there is none."""
    return int(text) if text.isdecimal() and len(text) <= 18 else 0


def _failed(error: KitError) -> str:
    lines = "\n".join(escape(line, quote=False) for line in str(error).splitlines() if line.strip())
    return f"**mlops-kit posted no report**\n\n<pre>\n{lines}\n</pre>"
