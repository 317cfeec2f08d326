"""Where it is written what environments should run: at the heads of their branches, or in files of one branch."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from mlops_kit.core.config.names import check_branch_name, check_folder
from mlops_kit.core.config.section import Section

BranchName = Annotated[str, Field(min_length=1), AfterValidator(check_branch_name)]
MAIN_BRANCH = "main"


class ReaderKind(StrEnum):
    """What says which versions an environment should run."""

    BRANCH = "branch"
    PATH = "path"


class PromotionPolicy(Section):
    """How promotion works in all environments, and how it is said what they should run."""

    reader: Annotated[
        ReaderKind,
        Field(strict=False, description="Each environment's own branch, or a file for each on one branch."),
    ] = ReaderKind.BRANCH
    branch: Annotated[BranchName, Field(description="With the reader path: the branch that has the files.")] = (
        MAIN_BRANCH
    )
    folder: Annotated[
        str,
        Field(min_length=1, description="With the reader path: the folder of the files ENVIRONMENT.lock.json."),
        AfterValidator(check_folder),
    ] = "environments"
    hotfix_label: Annotated[
        str, Field(min_length=1, max_length=50, description="The pull request's label that skips order, soak, freeze.")
    ] = "mlops-kit-hotfix"


def find_path_branch(written: object) -> str | None:
    """The branch that all environments follow where files say what they run, from a file's value; else None."""
    section = written.get("promotion") if isinstance(written, dict) else None
    if not isinstance(section, dict) or section.get("reader") != ReaderKind.PATH:
        return None
    branch = section.get("branch", MAIN_BRANCH)
    return branch if isinstance(branch, str) else MAIN_BRANCH


def fill_in_branch(written: object, defaults: Mapping[str, Mapping[str, Any]]) -> object:
    """A file's value where every environment names its branch; as it is where each must do so itself."""
    branch = find_path_branch(written)
    if branch is None or not isinstance(written, dict):
        return written
    sections = written.get("environments", defaults)
    if not isinstance(sections, Mapping):
        return written
    filled = {
        name: {"branch": branch, **section} if isinstance(section, Mapping) else section
        for name, section in sections.items()
    }
    return {**written, "environments": filled}


def leave_out_branch(schema: dict[str, Any]) -> None:
    """With files for environments no branch of their own is wanted, which the schema alone cannot know."""
    schema["required"] = [key for key in schema.get("required", []) if key != "branch"]
    if not schema["required"]:
        del schema["required"]
