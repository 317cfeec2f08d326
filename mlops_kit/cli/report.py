"""`mlops-kit report`: options, formats, and where the report goes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.promotion import open_world
from mlops_kit.commands.report import Sources, make_report
from mlops_kit.commands.sides import Question
from mlops_kit.commands.world import World
from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.text import render_report_text
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.plots import Image
from mlops_kit.core.review.report import Report, parse_report, report_json

_HELP = """Compare base and head: metrics, params, stages, models, gates, and what a merge would cause.

HEAD is a revision; without it the work tree is compared, with what is not committed yet.

Example: mlops-kit report --base main --format html --output report.html
"""


@click.command(help=_HELP)
@click.argument("head", default="")
@click.option(
    "--base",
    metavar="REVISION|live:ENV",
    default="",
    help="A revision, or what is live in an environment; default: the merge base with the main branch.",
)
@click.option(
    "--environment",
    metavar="NAME",
    default="",
    help="Whose gates; default: the one of the base's branch.",
    shell_complete=complete_environment,
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "json", "html"]),
    default="text",
    show_default=True,
    help="How to print the report; html is one file with its plots inside.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of printing.")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the images among the plots in this folder.",
)
@click.option("--from", "source", metavar="REPORT.json", help="Show a report that was made before, in another format.")
@click.option("--exit-code", is_flag=True, help="Leave with 4 where a gate refuses.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    head: str,
    base: str,
    environment: str,
    style: str,
    output: Path | None,
    pictures: Path | None,
    source: str | None,
    exit_code: bool,
) -> int:
    """Print or write the report; leave with 0 whatever it says, unless asked otherwise."""
    question = Question(head=head, base=base, environment=environment, config_file=caller.config_file or CONFIG_FILE)
    if source is None:
        made = _make(caller, question, pictures, with_images=style == "html")
    else:
        made = _take(caller, question, source, pictures)
    report = made.report
    _deliver(_render(made, style), output, style)
    return ExitCode.REFUSED if exit_code and report.verdict is Verdict.FAIL else ExitCode.DONE


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A report, and how to come by the images among its plots."""

    report: Report
    read_image: Callable[[Image], bytes]


def _make(caller: Caller, question: Question, pictures: Path | None, *, with_images: bool) -> _Made:
    images: dict[str, bytes] = {}
    sources = _open_sources(caller)
    if pictures is not None or with_images:
        sources = replace(sources, darkroom=wiring.open_darkroom(pictures, images))
    return _Made(report=make_report(question, sources), read_image=lambda image: images[image.file])


def _take(caller: Caller, question: Question, source: str, pictures: Path | None) -> _Made:
    """A report of another run, and its images where their folder is named; both are data from a stranger."""
    if question.head or question.base or question.environment:
        raise InputError("--from shows a report as it is", hint="leave out HEAD, --base and --environment")
    report = parse_report(wiring.read_artifact(caller.folder, source), file=source)
    place = str(pictures or "")
    return _Made(report=report, read_image=lambda image: wiring.read_image(caller.folder, place, image.file))


def _open_sources(caller: Caller) -> Sources:
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    known = wiring.has_registry(git.root, caller.inputs.tracking_uri)

    def open_known_world() -> World:
        world = open_world(caller, git=git)
        return world if known else replace(world, registry=None)

    return wiring.open_sources(git, caller.inputs.variables, open_known_world)


def _render(made: _Made, style: str) -> str:
    report = made.report
    match style:
        case "json":
            return report_json(report).rstrip("\n")
        case "markdown":
            return render_report(report)
        case "html":
            return wiring.render_page(report, made.read_image).rstrip("\n")
        case _:
            return render_report_text(report)


def _deliver(text: str, output: Path | None, style: str) -> None:
    if output is not None:
        wiring.write_text(output, f"{text}\n")
    elif style == "text" and sys.stdout.isatty():
        click.echo(_coloured(text))
    else:
        click.echo(text)


def _coloured(text: str) -> str:
    """The text with the words that matter in colour."""
    from rich.console import Console
    from rich.text import Text

    shown = Text(text)
    shown.highlight_words(["better", "pass"], "green")
    shown.highlight_words(["worse", "fail", "not-evaluable"], "red")
    shown.highlight_words(["inconclusive", "warn", "type changed", "non finite", "unreadable"], "yellow")
    console = Console()
    with console.capture() as capture:
        console.print(shown, soft_wrap=True, end="")
    return capture.get()
