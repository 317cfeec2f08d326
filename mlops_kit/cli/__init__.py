"""The command line: verbs, global options, and the boundary where errors become exit codes."""

import io
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from mlops_kit import __version__
from mlops_kit.cli.environment import Inputs, read_inputs
from mlops_kit.cli.failure import report_bug, report_error
from mlops_kit.core.errors import ExitCode, KitError

READING = {
    "doctor": "Say what is missing on this machine, runner or repository, and how to mend it.",
    "validate": "Check mlops.yaml and the DVC files; every problem at once.",
    "report": "Compare base and head: metrics, params, stages, gates, plan.",
    "drift": "Compare the data that the live model was trained on with new data.",
    "plan": "Show the changes that promotion would make now.",
    "status": "Show desired, registry and serving state per environment.",
    "history": "Tell the promotion log as sentences.",
    "gc": "List which bytes of models nothing needs any more.",
    "completion": "Print a script that makes a shell complete the kit's words.",
}
CHANGING = {
    "init": "Add the kit to this repository: mlops.yaml and one workflow file.",
    "reproduce": "Run the pipeline's stages that changed, side by side.",
    "evaluate": "Score the live model and the candidate on the same data.",
    "retrain": "Train a model again where its data calls for it, and propose the result.",
    "commit": "Put what a runner reproduced on the pull request's branch.",
    "comment": "Post a report on its pull request, as one comment.",
    "promote": "Write down what an environment should run, where files say so.",
    "reconcile": "Carry out the plan: make every environment run its branch.",
    "rollback": "Propose that an environment goes back: a branch and its pull request.",
    "hold": "Keep promotions out of an environment, or let them in again.",
    "demo": "Play the whole story on this machine, in a fresh folder.",
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What every verb gets: the environment, and the options given before the verb."""

    inputs: Inputs
    folder: Path
    config_file: str | None


class Verbs(click.Group):
    """Lists the verbs without importing them; a verb's module `cli/<verb>.py` is loaded when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All verbs, in the order of the help page."""
        return [*READING, *CHANGING]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command: the one named `command` in its module."""
        if cmd_name not in READING and cmd_name not in CHANGING:
            return None
        command: click.Command = import_module(f"mlops_kit.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Verbs that read apart from verbs that change."""
        for title, verbs in (("Verbs that only read", READING), ("Verbs that change something", CHANGING)):
            with formatter.section(title):
                formatter.write_dl(list(verbs.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mlops-kit")
@click.option(
    "--repo", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Repository; default: this folder."
)
@click.option("--config", metavar="FILE", help="Configuration; default: mlops.yaml at the repository's top.")
@click.option("-v", "--verbose", is_flag=True, help="Tell every call of another program, and its time, on stderr.")
@click.pass_context
def program(context: click.Context, *, repo: Path | None, config: str | None, verbose: bool) -> None:
    """Reproduce DVC pipelines, review their results, and promote models by merging.

    Try it without a repository:  mlops-kit demo
    """
    if verbose:
        logging.basicConfig(format="%(name)s: %(message)s")
        logging.getLogger("mlops_kit").setLevel(logging.INFO)
    inputs = context.obj if isinstance(context.obj, Inputs) else read_inputs()
    context.obj = Caller(inputs=inputs, folder=(repo or inputs.folder).resolve(), config_file=config)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our signs still gets the words
    sys.exit(run(sys.argv[1:], read_inputs()))


def run(words: list[str], inputs: Inputs) -> int:
    """Run one verb; the exit code."""
    return guarded(lambda: program.main(words, prog_name="mlops-kit", standalone_mode=False, obj=inputs), inputs)


def guarded(action: Callable[[], int | None], inputs: Inputs) -> int:
    """The exit code of an action, its error told; the only place that catches everything."""
    try:
        return int(action() or ExitCode.DONE)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.ClickException as error:
        error.show()
        return ExitCode.INPUT
    except (click.Abort, KeyboardInterrupt, BrokenPipeError) as stop:
        return _stop_code(stop)
    except KitError as error:
        report_error(error, inputs)
        return error.code
    except Exception as error:  # noqa: BLE001 - the boundary: what is not a KitError is a bug of the kit
        report_bug(error, inputs)
        return ExitCode.BUG


def _stop_code(stop: BaseException) -> ExitCode:
    """The exit code where a person stopped us, or where whoever read our output went away (`| head`)."""
    if isinstance(stop, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    click.echo("mlops-kit: interrupted", err=True)
    return ExitCode.INTERRUPTED
