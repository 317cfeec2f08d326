"""Deploys by the team's own commands: `apply:` brings a version out, `status:` says what runs.

    deploy:
      kind: command
      apply: [./serve/apply.sh]
      status: [./serve/status.sh]

All are lists of words, never a shell's line, run at the repository's top with MLOPS_MODEL and MLOPS_ENVIRONMENT set;
those that get a version find it in MLOPS_DIGEST, MLOPS_SEQ and MLOPS_MODEL_PATH (a file, or a folder of many), and all
that is known of it as JSON on standard input. Grammar and examples: docs/deployers.md.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from mlops_kit.core.config.durations import Duration
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Deployer, ModelFiles, Tools
from mlops_kit.core.types import (
    CommandResult,
    Digest,
    EnvironmentName,
    Health,
    ModelName,
    PromotionRecord,
    ServingReading,
)
from mlops_kit.deployers.settings import Settings, read_settings

Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False, min_length=1)]
_HINT = "apply: [./apply.sh] and status: [./status.sh] are lists of words"


class CommandSettings(Settings):
    """What stands below `deploy:` besides the kind and the keys that all kinds have; `timeout` is of each command."""

    apply: Words
    status: Words
    test: Words | None = None
    shift: Words | None = None
    abort: Words | None = None
    timeout: Annotated[Duration, Field(validate_default=True)] = timedelta(minutes=15)

    @model_validator(mode="after")
    def _steps_can_be_taken_back(self) -> "CommandSettings":
        if (self.shift is None) != (self.abort is None):
            raise ValueError("shift and abort belong together: a step that is taken must be taken back")
        return self


class StatusReport(Settings):
    """What `status` may print as JSON instead of a digest alone."""

    digest: str | None = None
    health: Annotated[Health, Field(strict=False)] = Health.HEALTHY
    message: str = ""
    seq: int | None = None
    url: str = ""


_REPORT = TypeAdapter(StatusReport)


def open_command(settings: dict[str, object], tools: Tools) -> Deployer:
    """The deployer over these commands; one that takes steps where there are commands for that."""
    read = read_settings("command", CommandSettings, settings, hint=_HINT)
    return SteppingCommands(read, tools) if read.shift else CommandDeployer(read, tools)


class CommandDeployer:
    """The Deployer port over a team's commands."""

    def __init__(self, settings: CommandSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """The digest on the first line that `status` prints, or a JSON object; nothing printed: nothing runs.

        OutsideError where it fails or prints something else.
        """
        done = self._run("status", self._settings.status, _variables(environment, model))
        text = done.output.strip()
        if text.startswith("{"):
            return _parse_report(text)
        first = (text.splitlines() or [""])[0].strip()
        return _reading(StatusReport(digest=first or None))

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Run `apply`, then ask `status` whether the version runs; OutsideError where it does not."""
        self._send("apply", self._settings.apply, record, files=files)
        running = self.observe(record.environment, record.model).digest
        if running != record.digest:
            raise OutsideError(f"after the deploy command {running or 'nothing'} runs, not {record.digest}")

    def test(self, record: PromotionRecord) -> None:
        """Run `test`, where there is one."""
        if self._settings.test:
            self._send("test", self._settings.test, record)

    def _send(
        self,
        which: str,
        words: tuple[str, ...],
        record: PromotionRecord,
        *,
        files: ModelFiles | None = None,
        percent: int | None = None,
    ) -> None:
        """Run a command about a version, all that is known of it on its standard input."""
        variables = {
            **_variables(record.environment, record.model),
            "MLOPS_DIGEST": str(record.digest),
            "MLOPS_SEQ": str(record.seq),
        }
        if percent is not None:
            variables["MLOPS_PERCENT"] = str(percent)
        if files is None:
            self._run(which, words, variables, stdin=_describe(record, {}, percent))
            return
        with _laid_out(files) as path:
            variables["MLOPS_MODEL_PATH"] = str(path)
            self._run(which, words, variables, stdin=_describe(record, files.files, percent))

    def _run(
        self, which: str, words: tuple[str, ...], variables: dict[str, str], *, stdin: bytes = b""
    ) -> CommandResult:
        seconds = self._settings.timeout.total_seconds()
        done = self._tools.commands.run_command(words, variables, timeout_seconds=seconds, stdin=stdin)
        if done.code != 0:
            last = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(f"the deploy {which} command ended with exit code {done.code}: {last[:200]}")
        return done


class SteppingCommands(CommandDeployer):
    """The CanaryDeployer port: commands of which two lead traffic to a new version, and away from it."""

    def shift(self, record: PromotionRecord, files: ModelFiles, percent: int) -> None:
        """Run `shift` with MLOPS_PERCENT."""
        self._send("shift", self._settings.shift or (), record, files=files, percent=percent)

    def abort(self, record: PromotionRecord) -> None:
        """Run `abort`."""
        self._send("abort", self._settings.abort or (), record)


def _parse_report(text: str) -> ServingReading:
    try:
        return _reading(_REPORT.validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OutsideError(f"the deploy status command printed JSON with a wrong {where}: {first['msg']}") from error


def _reading(report: StatusReport) -> ServingReading:
    if report.digest is None:
        message = report.message or "nothing is deployed"
        return ServingReading(digest=None, health=Health.MISSING, message=message, url=report.url)
    try:
        digest = Digest.parse(report.digest)
    except ValueError as error:
        raise OutsideError(f"the deploy status command printed {report.digest[:80]!r}, which is no digest") from error
    return ServingReading(digest=digest, health=report.health, message=report.message, seq=report.seq, url=report.url)


def _describe(record: PromotionRecord, files: Mapping[str, Path], percent: int | None) -> bytes:
    """All that is known of a version as one line of JSON."""
    document = {
        "model": record.model,
        "environment": record.environment,
        "seq": record.seq,
        "digest": str(record.digest),
        "sha256": record.sha256,
        "recipe": record.recipe,
        "commit": record.commit,
        "previous": str(record.previous) if record.previous else None,
        "kind": record.kind,
        "percent": percent,
        "files": [
            {"path": name, "location": str(path.resolve()), "size": path.stat().st_size}
            for name, path in sorted(files.items())
        ],
    }
    return json.dumps(document, sort_keys=True).encode() + b"\n"


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
