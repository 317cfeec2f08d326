"""Reads the settings of a deployer that are written below `deploy:`."""

from typing import TypeVar

from pydantic import ValidationError

from mlops_kit.core.config.section import Section
from mlops_kit.core.errors import InvalidInputError, Problem


class Settings(Section):
    """A deployer's own keys, read like those of the file's other sections."""


Read = TypeVar("Read", bound=Settings)


def read_settings(kind: str, shape: type[Read], written: dict[str, object], *, hint: str = "") -> Read:
    """The settings as a value; InvalidInputError with every wrong key."""
    try:
        return shape.model_validate(written)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [
            Problem(message=f"kind {kind}: {one['msg']}", field=".".join(("deploy", *map(str, one["loc"]))), hint=hint)
            for one in found
        ]
        raise InvalidInputError(problems) from error
