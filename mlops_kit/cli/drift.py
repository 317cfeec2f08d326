"""`mlops-kit drift`: whether new data still comes from where the live model's came from."""

from pathlib import Path

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment
from mlops_kit.cli.environment import Inputs
from mlops_kit.commands.alarm import raise_alarm
from mlops_kit.commands.drift import DriftQuestion, compare_data, propose_rules
from mlops_kit.commands.live import LIVE
from mlops_kit.core.config import Config
from mlops_kit.core.drift.report import DriftAnswer, DriftReport, drift_json
from mlops_kit.core.drift.schema import is_coded
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.render.drift_markdown import render_drift_markdown
from mlops_kit.core.render.drift_metrics import render_drift_metrics
from mlops_kit.core.render.drift_text import render_drift_text
from mlops_kit.core.types import EnvironmentName

_STYLES = ("text", "markdown", "json", "html", "prometheus")


@click.command()
@click.argument("data", default="")
@click.option(
    "--reference",
    metavar="REVISION|live:ENV",
    default="",
    help="What is compared with: the data at a revision, or that of the model that is live in an environment; "
    "default: the last environment that has one.",
)
@click.option(
    "--current",
    metavar="PATH|URL|REVISION",
    default="",
    help="The new data: a file, a folder, an address such as s3://…, or a revision; default: what the work tree has.",
)
@click.option(
    "--environment",
    metavar="NAME",
    default="",
    help="The environment whose data this is: its live model's data is the reference.",
    shell_complete=complete_environment,
)
@click.option("--issue", is_flag=True, help="Open, update or close the environment's issue on GitHub; needs a token.")
@click.option("--infer-schema", is_flag=True, help="Only print rules for valid data that the reference keeps, as YAML.")
@click.option("--format", "style", type=click.Choice(_STYLES), default="text", help="How to print the report.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of printing.")
@click.option("--exit-code", is_flag=True, help="Leave with 3 where the data drifted, 4 where it is not valid.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    *,
    data: str,
    reference: str,
    current: str,
    environment: str,
    issue: bool,
    infer_schema: bool,
    style: str,
    output: Path | None,
    exit_code: bool,
) -> int:
    """Compare the data that the live model was trained on with new data, column by column.

    DATA is a path that DVC tracks; it may be left out where mlops.yaml names one. An alarm needs enough rows, a
    difference that chance does not explain, and one that is large; with too few rows the answer is inconclusive.

    Which values are valid is said by the file that drift.rules names in mlops.yaml: --infer-schema proposes one.

    \b
    Example:  mlops-kit drift data/train.csv --current data/new.csv
              mlops-kit drift data/train.parquet --reference live:production --format html --output drift.html
              mlops-kit drift data/train.csv --environment production --current s3://live/predictions/ --issue
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    config = wiring.load_config(git.root, caller.config_file)
    name = _check_environment(environment, config, reference=reference, issue=issue)
    question = DriftQuestion(
        data=data, reference=f"{LIVE}{name}" if name and not reference else reference, current=current
    )
    with wiring.open_drift(git, caller.inputs.variables, config) as sources:
        if infer_schema:
            _deliver(propose_rules(question, sources).rstrip("\n"), output)
            return ExitCode.DONE
        report = compare_data(question, sources)
    _deliver(_render(report, style, environment), output)
    if issue:
        _tell_issue(caller.inputs, report, EnvironmentName(name))
    return _exit_code(report) if exit_code else ExitCode.DONE


def _check_environment(name: str, config: Config, *, reference: str, issue: bool) -> str:
    if issue and not name:
        raise InputError("--issue is kept for an environment", hint="name it: --environment production")
    if issue and is_coded(config.drift.rules):
        raise InputError(
            f"--issue needs a token, and the rules {config.drift.rules!r} are code",
            hint="run drift without --issue; or write the rules as a data schema: mlops-kit drift --infer-schema",
            field="drift.rules",
        )
    if name and name not in config.environments:
        raise InputError(f"{name!r} is not an environment", hint=f"environments are: {', '.join(config.environments)}")
    if name and reference.startswith(LIVE):
        raise InputError("--environment and --reference live:… say the same", hint="leave one of them out")
    return name


def _tell_issue(inputs: Inputs, report: DriftReport, environment: EnvironmentName) -> None:
    issues = wiring.open_issues(inputs.repository, api_url=inputs.api_url, token=inputs.token)
    click.echo(f"issue of {environment}: {raise_alarm(report, environment, issues)}", err=True)


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text)
    else:
        wiring.write_text(output, f"{text}\n")


def _render(report: DriftReport, style: str, environment: str) -> str:
    match style:
        case "json":
            return drift_json(report).rstrip("\n")
        case "markdown":
            return render_drift_markdown(report).rstrip("\n")
        case "html":
            return wiring.render_drift_page(report).rstrip("\n")
        case "prometheus":
            return render_drift_metrics(report, environment).rstrip("\n")
        case _:
            return render_drift_text(report)


def _exit_code(report: DriftReport) -> ExitCode:
    if report.violations:
        return ExitCode.REFUSED
    return ExitCode.DIFFERENCE if report.verdict is DriftAnswer.FAIL else ExitCode.DONE
