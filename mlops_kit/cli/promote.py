"""`mlops-kit promote`: writes the file that says what an environment should run, where files say so."""

import click

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.cli.completing import complete_environment, complete_model
from mlops_kit.commands.promote import NewLock, Request, write_down
from mlops_kit.core.render.promotion_words import printable, short_digest


@click.command()
@click.argument("environment", shell_complete=complete_environment)
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=complete_model)
@click.option("--revision", metavar="REV", default="HEAD", help="The commit whose dvc.lock names the bytes.")
@click.pass_obj
def command(caller: Caller, environment: str, models: tuple[str, ...], *, revision: str) -> None:
    """Write down that ENVIRONMENT should run the named models, or all, as they are in HEAD.

    Only with `promotion: {reader: path}` in mlops.yaml, where the file ENVIRONMENT.lock.json on the main branch says
    what runs. Only this file is written: commit it and open a pull request; merging that is the promotion.

    \b
    Example:  mlops-kit promote staging churn
    """
    git = wiring.open_git(caller.folder, caller.inputs.variables)
    config = wiring.load_config(git.root, caller.config_file)
    request = Request(environment=environment, models=models, revision=revision)
    found = write_down(git, wiring.open_work_tree(git), config, request)
    if found.changed:
        wiring.write_text(git.root / found.path, found.text)
    click.echo(_render(found))


def _render(found: NewLock) -> str:
    """A line for each model that changed, and what to do next."""
    if not found.changed:
        return f"nothing to do: {found.path} names these versions already"
    lines = [
        f"{printable(one.name)}: {short_digest(str(one.digest))} of commit {one.commit[:8]}" for one in found.changed
    ]
    lines += [f"written: {found.path}", f"next: commit it, and open a pull request into {found.branch}"]
    if not found.is_merged:
        lines.append(
            f"mind: {found.branch} does not have commit {found.commit[:8]} yet; nothing is promoted before it does, "
            "and a squash merge makes another one"
        )
    return "\n".join(lines)
