"""How the live model and the candidate are scored on the same data, as `mlops.yaml` writes it."""

import re
import shlex
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from mlops_kit.core.config.durations import Duration
from mlops_kit.core.config.section import Section

PLACEHOLDERS = ("model", "data", "metrics", "rows")
"""The words of a command that stand for paths, in braces."""
DEFAULT_METRICS = "scores.json"
MODEL_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,199}"
"""The pattern of a model's name, which is also that of a file."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def check_path(path: str) -> str:
    """A path from the repository's top, with forward slashes; ValueError where it leaves that or is git's own."""
    if "\\" in path or any(part in {"", ".", "..", ".git"} or not part.isprintable() for part in path.split("/")):
        raise ValueError("expected a path inside the repository, with forward slashes and without . or ..")
    return path


def check_command(command: str) -> str:
    """A command whose words can be told apart, with known placeholders; ValueError for any other."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError("expected words as a shell writes them, with every quote closed") from error
    named = {name for word in words for name in _PLACEHOLDER.findall(word)}
    if unknown := sorted(named - set(PLACEHOLDERS)):
        raise ValueError(
            f"{{{unknown[0]}}} stands for nothing; known: {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
        )
    if missing := [name for name in ("model", "metrics") if name not in named]:
        raise ValueError(f"expected {{{missing[0]}}} in the command: it stands for the path of the {missing[0]}")
    return command


def check_model(name: str) -> str:
    """The name of a model, which is also that of a file; ValueError for any other."""
    if not re.fullmatch(MODEL_NAME, name):
        raise ValueError("expected the name of a model: letters, digits, dashes, underscores and dots")
    return name


ModelKey = Annotated[str, AfterValidator(check_model)]
RepositoryPath = Annotated[str, Field(min_length=1), AfterValidator(check_path)]


class EvaluationPolicy(Section):
    """What scores a file of the model on the data of the change: a stage of dvc.yaml, or a command."""

    stage: Annotated[
        str | None, Field(min_length=1, description="The stage of dvc.yaml that measures the model, as DVC names it.")
    ] = None
    command: Annotated[
        Annotated[str, AfterValidator(check_command)] | None,
        Field(description="Instead of a stage: words with {model}, {metrics}, {data} and {rows}, without a shell."),
    ] = None
    data: Annotated[
        RepositoryPath | None,
        Field(description="With a command: the data that both are scored on, kept by DVC or git."),
    ] = None
    metrics: Annotated[
        RepositoryPath | None,
        Field(description="With a command: the metrics file that it writes, best the pipeline's own; or scores.json."),
    ] = None
    rows: Annotated[
        RepositoryPath | None,
        Field(description="A CSV file that it writes: a column per metric, named as it, with a score per row."),
    ] = None

    timeout: Annotated[
        Duration | None,
        Field(description="With a command: how long scoring one model may take, such as 30m. A stage has its own."),
    ] = None

    @model_validator(mode="after")
    def _is_a_stage_or_a_command(self) -> "EvaluationPolicy":
        if (self.stage is None) is (self.command is None):
            raise ValueError("expected either stage or command")
        if self.stage is not None and (self.data or self.metrics or self.timeout):
            raise ValueError("data, metrics and timeout are for a command: a stage says them in dvc.yaml")
        named = set(_PLACEHOLDER.findall(self.command or ""))
        for name, value in (("data", self.data), ("rows", self.rows)):
            if self.command and (name in named) is (value is None):
                raise ValueError(f"{{{name}}} in the command and {name}: belong together, and one of them is missing")
        return self

    @property
    def metrics_file(self) -> str:
        """Where a command writes its metrics."""
        return self.metrics or DEFAULT_METRICS


def fill_in(command: str, places: dict[str, str]) -> tuple[str, ...]:
    """The words of a command with a path for each placeholder."""
    return tuple(_PLACEHOLDER.sub(lambda found: places[found[1]], word) for word in shlex.split(command))


def plain_words(command: str) -> tuple[str, ...]:
    """The words of a command that have no placeholder in them: its program, its script, its options."""
    return tuple(word for word in shlex.split(command) if not _PLACEHOLDER.search(word))
