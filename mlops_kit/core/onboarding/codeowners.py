"""Who must review changes of the policy: lines for the repository's CODEOWNERS."""

from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.onboarding.survey import Survey

HEADING = "# What decides over promotion, and what runs with its rights."
_SPECIAL = (" ", "#", "!", "[", "]", "*", "?", "\\")


def codeowners_text(old: str, survey: Survey, owner: str) -> str:
    """The file with a line for each path of the policy that it does not name yet; as it is where none is missing."""
    named = {line.split()[0] for line in old.splitlines() if line.strip() and not line.lstrip().startswith("#")}
    missing = [path for path in owned_paths(survey) if path not in named]
    if not missing:
        return old
    before = [old.rstrip("\n"), ""] if old.strip() else []
    return "\n".join([*before, HEADING, *(f"{path} {owner}" for path in missing), ""])


def owned_paths(survey: Survey) -> tuple[str, ...]:
    """The policy, the workflows, and what the pipeline runs, as patterns from the repository's top."""
    root = f"{survey.root}/" if survey.root else ""
    pipeline = f"/{root}dvc.yaml"
    plain = not any(sign in pipeline for sign in _SPECIAL)
    return (f"/{CONFIG_FILE}", "/.github/", *((pipeline,) if plain else ()))
