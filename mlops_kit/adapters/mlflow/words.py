"""MLflow's own words: error codes, names of tags, and what its errors mean."""

import re

from mlops_kit.core.errors import InputError, OutsideError

MISSING = "RESOURCE_DOES_NOT_EXIST"
TAKEN = "RESOURCE_ALREADY_EXISTS"
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
DIGEST, REPOSITORY, DUPLICATE = "mlops.digest", "mlops.repository", "mlops.duplicate_of"
_LOST_RACE = ("UNIQUE constraint", "IntegrityError", "Duplicate entry", "duplicate key", "UniqueViolation")


def is_lost_race(code: str, text: str) -> bool:
    """Whether somebody else made the same thing at the same time.

    MLflow tells a lost race for a row as a bad request with the database's own words.
    """
    return code == TAKEN or any(word in text for word in _LOST_RACE)


def has_tag(name: str, value: str) -> str:
    """A filter for what has a tag of this value; InputError for a value that filters cannot hold."""
    if "'" in value or "\\" in value:
        raise InputError(f"MLflow cannot search for {value[:80]!r}", hint="digests and repositories have no quotes")
    return f"tags.`{name}` = '{value}'"


def refuse_deleted(name: str, lifecycle_stage: str) -> None:
    """OutsideError for a deleted experiment."""
    if lifecycle_stage == "deleted":
        raise OutsideError(
            f"the experiment {name!r} is deleted in MLflow",
            hint="restore it there, or name another in mlops.yaml: tracking: {experiment: NAME}",
        )


def hide_credentials(text: str) -> str:
    """The text without what stands before `@` in an address."""
    return _CREDENTIALS.sub("//", text)
