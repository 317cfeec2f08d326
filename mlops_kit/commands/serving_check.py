"""Whether each environment's `deploy:` is one that its deployer can be opened with."""

from collections.abc import Iterator
from dataclasses import replace

from mlops_kit.core.config import Config, Deploy
from mlops_kit.core.documents import Document
from mlops_kit.core.errors import InputError, Problem
from mlops_kit.core.ports import Deployers


def check_deployers(config: Config, deployers: Deployers, document: Document) -> tuple[Problem, ...]:
    """A problem for every setting that a deployer refuses; `document` is the configuration's, for the places."""
    return tuple(
        _place(problem, ("environments", name), document)
        for name, environment in config.environments.items()
        if environment.deploy is not None
        for problem in _refused(deployers, environment.deploy)
    )


def _refused(deployers: Deployers, deploy: Deploy) -> Iterator[Problem]:
    try:
        deployers.open_deployer(deploy)
    except InputError as error:
        yield from error.problems


def _place(problem: Problem, path: tuple[str, ...], document: Document) -> Problem:
    """The problem with its line, and its field from the top of the file."""
    place = (*path, *(problem.field or "deploy").split("."))
    return replace(problem, location=document.locate(place), field=".".join(place))
