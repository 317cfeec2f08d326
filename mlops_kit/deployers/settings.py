"""Reads the settings of a deployer that are written below `deploy:`."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mlops_kit.core.errors import InvalidInputError, Problem


class Settings(BaseModel):
    """A deployer's own keys: kebab-case, unknown ones refused, immutable."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
    )


Read = TypeVar("Read", bound=Settings)


def read_settings(kind: str, shape: type[Read], written: dict[str, object], *, hint: str = "") -> Read:
    """The settings as a value; InvalidInputError with every wrong key."""
    try:
        return shape.model_validate(written)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [
            Problem(message=f"deploy: kind {kind}: {'.'.join(map(str, one['loc']))}: {one['msg']}", hint=hint)
            for one in found
        ]
        raise InvalidInputError(problems) from error
