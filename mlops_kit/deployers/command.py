"""Deploys by the team's own commands: `apply:` brings a version out, `status:` prints the digest that runs.

    deploy:
      kind: command
      apply: [./serve/apply.sh]
      status: [./serve/status.sh]

Both are lists of words, never a shell's line, run at the repository's top with MLOPS_MODEL and MLOPS_ENVIRONMENT set;
`apply` gets MLOPS_DIGEST, MLOPS_SEQ and MLOPS_MODEL_PATH (a file, or a folder of many) too.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlops_kit.core.config.model import Duration
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Commands, ModelFiles
from mlops_kit.core.types import (
    CommandResult,
    Digest,
    EnvironmentName,
    Health,
    ModelName,
    PromotionRecord,
    ServingReading,
)

Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class CommandSettings(BaseModel):
    """What stands below `deploy:` besides the kind; `timeout` holds for each command."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    apply: Words
    status: Words
    timeout: Duration = Field(default="15m", validate_default=True)


class CommandDeployer:
    """The Deployer port over two commands."""

    def __init__(self, settings: dict[str, object], commands: Commands) -> None:
        self._settings = _parse(settings)
        self._commands = commands

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """The digest on the first line that `status` prints; nothing printed means that nothing runs.

        OutsideError where it fails or prints something else.
        """
        done = self._run(self._settings.status, _variables(environment, model))
        if done.code != 0:
            raise _failed("status", done)
        text = (done.output.strip().splitlines() or [""])[0].strip()
        if not text:
            return ServingReading(digest=None, health=Health.MISSING, message="nothing is deployed")
        try:
            return ServingReading(digest=Digest.parse(text), health=Health.HEALTHY)
        except ValueError as error:
            raise OutsideError(f"the deploy status command printed {text[:80]!r}, which is no digest") from error

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Run `apply`, then ask `status` whether the version runs; OutsideError where it does not."""
        with _laid_out(files) as path:
            variables = {
                **_variables(record.environment, record.model),
                "MLOPS_DIGEST": str(record.digest),
                "MLOPS_SEQ": str(record.seq),
                "MLOPS_MODEL_PATH": str(path),
            }
            done = self._run(self._settings.apply, variables)
        if done.code != 0:
            raise _failed("apply", done)
        running = self.observe(record.environment, record.model).digest
        if running != record.digest:
            raise OutsideError(f"after the deploy command {running or 'nothing'} runs, not {record.digest}")

    def test(self, record: PromotionRecord) -> None:
        """Nothing: `status` has told already that it runs."""

    def _run(self, words: tuple[str, ...], variables: dict[str, str]) -> CommandResult:
        seconds = self._settings.timeout.total_seconds()
        return self._commands.run_command(words, variables, timeout_seconds=seconds)


def _parse(settings: dict[str, object]) -> CommandSettings:
    try:
        return CommandSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"deploy: kind command: {field}: {first['msg']}",
            hint="apply: [./apply.sh] and status: [./status.sh] are lists of words",
        ) from error


def _variables(environment: EnvironmentName, model: ModelName) -> dict[str, str]:
    return {"MLOPS_ENVIRONMENT": environment, "MLOPS_MODEL": model}


@contextmanager
def _laid_out(files: ModelFiles) -> Iterator[Path]:
    """The model under its own names: the file itself, or a folder of links to many, for the command's time."""
    if len(files.files) == 1:
        ((name, path),) = files.files.items()
        if "/" not in name:
            yield path
            return
    with tempfile.TemporaryDirectory(prefix="mlops-kit-") as folder:
        for name, path in files.files.items():
            link = Path(folder, name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
        yield Path(folder)


def _failed(which: str, done: CommandResult) -> OutsideError:
    last = (done.errors.strip().splitlines() or ["no message"])[-1]
    return OutsideError(f"the deploy {which} command ended with exit code {done.code}: {last[:200]}")
