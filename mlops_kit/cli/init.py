"""`mlops-kit init`: asks the few questions that matter, shows what it would write, and writes what is missing."""

import sys
from dataclasses import dataclass, replace

import click

from mlops_kit import wiring
from mlops_kit.adapters.git import GitRepository
from mlops_kit.cli import Caller
from mlops_kit.commands.facts import CommitTree
from mlops_kit.commands.init import (
    Onboarding,
    has_pipeline,
    heed_policy,
    is_complete,
    propose,
    read_present,
    read_texts,
    survey,
    write_files,
)
from mlops_kit.core.config import RegistryKind
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.onboarding.choices import EXTRAS, Choices, parse_followed, parse_owner, parse_runner, suggest
from mlops_kit.core.onboarding.files import PlannedFile, plan_example, plan_files
from mlops_kit.core.onboarding.left import steps_left
from mlops_kit.core.onboarding.pin import Pin
from mlops_kit.core.onboarding.survey import Survey
from mlops_kit.core.ports import Tree
from mlops_kit.core.render.onboarding import (
    onboarding_body,
    onboarding_title,
    render_diffs,
    render_files,
    render_found,
    render_left,
)

BRANCH = "mlops-kit/onboarding"
EXAMPLE = "breast-cancer"
REGISTRIES = tuple(kind.value for kind in RegistryKind)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the options say; None where nothing was said."""

    environments: str | None
    runner: str | None
    setup: str | None
    python: str | None
    extras: str | None
    registry: str | None
    owner: str | None


@click.command()
@click.option("--environments", metavar="LIST", help="In the order of promotion, such as dev,staging,production=main.")
@click.option("--runner", metavar="LABELS", help="Who reproduces: labels with commas, or as JSON.")
@click.option("--setup", metavar="COMMAND", help="What prepares the stages' environment on the runner.")
@click.option("--python", metavar="VERSION", help="The stages' Python; empty takes the runner's.")
@click.option("--extras", type=click.Choice(EXTRAS), help="What reaches the DVC remote; default: as .dvc/config says.")
@click.option("--registry", type=click.Choice(REGISTRIES), help="Where versions are registered.")
@click.option("--owner", metavar="@NAME", help="Who must review changes of the policy, for CODEOWNERS; empty: nobody.")
@click.option("--kit-ref", metavar="COMMIT", help="The kit's commit to pin; default: the one that is running.")
@click.option("--folder", metavar="DIR", help="Which pipeline, where DVC was initialised in several folders.")
@click.option("--example", is_flag=True, help="Start from an example pipeline, where there is no dvc.yaml.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: what no option says is as suggested.")
@click.option("--check", is_flag=True, help="Write nothing: print the patch, and leave with 3 where there is one.")
@click.option("--pr", "as_pull_request", is_flag=True, help="Open it as a pull request; the work tree stays as it is.")
@click.pass_obj
def command(  # noqa: PLR0913 - one parameter per option
    caller: Caller,
    /,
    *,
    kit_ref: str | None,
    folder: str | None,
    example: bool,
    yes: bool,
    check: bool,
    as_pull_request: bool,
    **given: str | None,
) -> int:
    """Add the kit to this repository: mlops.yaml, one workflow file, and lines for CODEOWNERS.

    What is there already is never overwritten: the difference is shown. The same again changes nothing.

    \b
    Example:  mlops-kit init
              mlops-kit init --yes --runner self-hosted,gpu --owner @acme/ml
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    asking = not (yes or check)
    if asking and not (caller.inputs.interactive and sys.stdin.isatty()):
        raise InputError("there is no terminal to ask on", hint="mlops-kit init --yes takes what is suggested")
    tree = _open_tree(git, as_pull_request)
    if not has_pipeline(tree):
        return _start(git, tree, wanted=example or (asking and _confirm_example()))
    found = survey(tree, wiring.read_branches(git), root=folder)
    click.echo(render_found(found))
    present = read_present(tree, found)
    choices = heed_policy(_choose(Given(**given), found, asking=asking), present)
    pin = Pin(commit=kit_ref) if kit_ref else wiring.find_pin(caller.inputs.variables)
    planned = plan_files(found, choices, pin, present)
    if check:
        click.echo(render_diffs(planned) or "every file is there", nl=False)
        return ExitCode.DIFFERENCE if any(file.is_written for file in planned) else ExitCode.DONE
    if as_pull_request:
        return _propose(caller, git, found, choices, planned)
    return _write(git, found, choices, planned, asking=asking)


def _open_tree(git: GitRepository, as_pull_request: bool) -> Tree:  # noqa: FBT001 - names what is opened
    """The work tree; for a pull request what the remote's default branch has."""
    if not as_pull_request:
        return wiring.open_work_tree(git)
    git.fetch()
    base = wiring.read_branches(git).default
    head = git.branch_head(base)
    if head is None:
        raise InputError(f"there is no branch {base} yet", hint="commit and push something first")
    return CommitTree(git=git, commit=head)


def _start(git: GitRepository, tree: Tree, *, wanted: bool) -> int:
    """Begin with the example, where that is wanted; InputError where it is not, for there is nothing to add to."""
    if not wanted:
        raise InputError(
            "there is no dvc.yaml here", hint="mlops-kit init --example starts one; or: dvc init && dvc stage add …"
        )
    files = wiring.read_example(EXAMPLE)
    planned = plan_example(files, read_texts(tree, files))
    write_files(planned, wiring.file_writer(git.root))
    click.echo(render_files(planned, written=True))
    click.echo(
        "then:\n  dvc init\n  pip install -r requirements.txt\n  mlops-kit reproduce\n  git add --all && git commit "
        '-m "Start a pipeline"\n  mlops-kit init'
    )
    return ExitCode.DONE


def _confirm_example() -> bool:
    return click.confirm("There is no dvc.yaml here. Start from an example? (--example)", default=False)


def _choose(given: Given, found: Survey, *, asking: bool) -> Choices:
    """What options say, else what a person answers, else what was found suggests."""
    suggested = suggest(found)
    followed = ",".join(
        one.environment if one.branch == one.environment else f"{one.environment}={one.branch}"
        for one in suggested.followed
    )

    def answer(said: str | None, question: str, default: str) -> str:
        if said is not None or not asking:
            return default if said is None else said
        return str(click.prompt(question, default=default, show_default=bool(default)))

    environments = answer(given.environments, "Environments in order, with their branches (--environments)", followed)
    runner = answer(given.runner, "Labels of the runner that reproduces (--runner)", "ubuntu-latest")
    setup = answer(given.setup, "What prepares the stages there (--setup)", suggested.setup)
    registry = answer(given.registry, f"Registry, {' or '.join(REGISTRIES)} (--registry)", suggested.registry)
    owner = answer(given.owner, "Who must review the policy, such as @acme/ml; empty: nobody (--owner)", "")
    if registry not in REGISTRIES:
        raise InputError(f"{registry!r} is no kind of registry", hint=f"one of {', '.join(REGISTRIES)}")
    return replace(
        suggested,
        followed=parse_followed(environments),
        runner=parse_runner(runner),
        setup=setup,
        python=suggested.python if given.python is None else given.python,
        extra=suggested.extra if given.extras is None else given.extras,
        registry=RegistryKind(registry),
        owner=parse_owner(owner),
    )


def _write(
    git: GitRepository, found: Survey, choices: Choices, planned: tuple[PlannedFile, ...], *, asking: bool
) -> int:
    """Show the patch and write it, where a person agrees."""
    if is_complete(planned):
        click.echo("every file is there already: nothing to do")
        return ExitCode.DONE
    if asking:
        click.echo(render_diffs(planned))
        if any(file.is_written for file in planned) and not click.confirm("Write this? (--yes)", default=True):
            return ExitCode.DONE
    write_files(planned, wiring.file_writer(git.root))
    click.echo(render_files(planned, written=True))
    click.echo(render_left(steps_left(found, choices, planned)))
    return ExitCode.DONE


def _propose(
    caller: Caller, git: GitRepository, found: Survey, choices: Choices, planned: tuple[PlannedFile, ...]
) -> int:
    """Open the pull request, where there is something to add."""
    if not any(file.is_written for file in planned):
        click.echo(f"{found.default_branch} has every file already: nothing to do")
        return ExitCode.DONE
    inputs = caller.inputs
    about = Onboarding(
        branch=BRANCH,
        base=found.default_branch,
        title=onboarding_title(),
        message=f"{onboarding_title()}\n",
        body=onboarding_body(found, choices, planned, steps_left(found, choices, ())),
    )
    forge = wiring.open_forge(inputs.repository, api_url=inputs.api_url, token=inputs.token)
    drafts = wiring.open_drafts(git, inputs.variables)
    head = git.resolve(f"origin/{found.default_branch}") if git.has_remote() else git.resolve(found.default_branch)
    click.echo(f"pull request: {propose(drafts, forge, head, planned, about)}")
    return ExitCode.DONE
