"""Serves MLflow models by `mlflow models serve`, and follows the digest: a new version is a new start of the server.

MLflow's own server resolves an alias when it starts and never again. Here a version is first started beside the old
one, on a port of its own, and asked for a prediction; only then does it take the old one's place.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from mlops_kit.core.config.durations import Duration
from mlops_kit.core.errors import InputError, KitError, OutsideError
from mlops_kit.core.ports import ModelFiles, Tools
from mlops_kit.core.promotion.names import spell_for_tag
from mlops_kit.core.serving import RunningService, Service
from mlops_kit.core.types import Digest, EnvironmentName, Health, ModelName, PromotionRecord, ServingReading
from mlops_kit.deployers.serving_template import Served, own_template, read_served, render_service
from mlops_kit.deployers.settings import Settings, read_settings

MODEL_FILE = "MLmodel"
EXAMPLE_FILE = "serving_input_example.json"
_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.5
Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)]


class Manager(StrEnum):
    """What keeps the server running: the kit itself, or a service manager that reads a file."""

    PROCESS = "process"
    SYSTEMD = "systemd"
    COMPOSE = "compose"


class ServingSettings(Settings):
    """What stands below `deploy:` besides the kind and the keys that all kinds have."""

    port: Port | dict[str, Port]
    host: str = "127.0.0.1"
    manager: Annotated[Manager, Field(strict=False)] = Manager.PROCESS
    program: Annotated[Words, Field(min_length=1)] = ("mlflow",)
    env_manager: str = "local"
    options: Words = ()
    preflight: bool = True
    start: Annotated[Duration, Field(validate_default=True)] = "2m"  # type: ignore[assignment]  # read as written
    target: str = ""
    template: str = ""
    reload: Words = ()
    image: str = "ghcr.io/mlflow/mlflow:latest"

    @model_validator(mode="after")
    def _files_have_a_place(self) -> "ServingSettings":
        if self.manager is not Manager.PROCESS and not (self.target and self.reload):
            raise ValueError(f"manager {self.manager} needs target and reload: the file to write, and what reads it")
        return self


class MlflowServing:
    """The Deployer port over one MLflow scoring server per model and environment."""

    def __init__(self, settings: dict[str, object], tools: Tools) -> None:
        self._settings = read_settings("mlflow-serving", ServingSettings, settings, hint="port: 5001 is required")
        self._tools = tools

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """What was started for this model last, whether it still runs, and whether it answers."""
        port = self._port(model)
        if self._settings.manager is not Manager.PROCESS:
            served = self._read_target(environment, model)
            return _nothing() if served is None else self._ask_health(served.digest, served.seq, port, young=False)
        service = self._tools.services.read(_name(environment, model))
        if service is None:
            return _nothing()
        if not service.alive:
            return ServingReading(digest=None, health=Health.MISSING, message=f"it has ended: {service.last_words}")
        digest, seq = Digest.parse(service.notes["digest"]), int(service.notes["seq"])
        return self._ask_health(digest, seq, port, young=self._is_young(service))

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Start the version beside the old one and ask it; then start it in the old one's place."""
        if MODEL_FILE not in files.files:
            raise InputError(
                f"{record.model} {record.digest} is no MLflow model: it has no file {MODEL_FILE} at its top",
                hint="track the folder that mlflow's save_model writes, or use another kind of deployer",
            )
        name, key = _name(record.environment, record.model), f"{record.digest.algorithm}-{record.digest.value}"
        folder = self._tools.services.keep_files(name, key, files)
        if self._settings.preflight:
            self._try_beside(record, folder)
        if self._settings.manager is Manager.PROCESS:
            self._refuse_shared_port(name, self._port(record.model))
            self._start(name, record, folder, self._port(record.model))
        else:
            self._write_target(record, folder)

    def test(self, record: PromotionRecord) -> None:
        """Ask for a prediction of the model's own example, where it has one."""
        folder = self._find_folder(record.environment, record.model)
        if folder:
            self._predict(folder, self._port(record.model))

    def _port(self, model: ModelName) -> int:
        port = self._settings.port
        if isinstance(port, int):
            return port
        if model not in port:
            raise InputError(f"there is no port for {model}", field="deploy.port", hint=f"port: {{{model}: 5001}}")
        return port[model]

    def _url(self, port: int, path: str) -> str:
        return f"http://{self._settings.host}:{port}/{path}"

    def _ask_health(self, digest: Digest, seq: int, port: int, *, young: bool) -> ServingReading:
        url = self._url(port, "invocations")
        try:
            status = self._tools.web.ask(self._url(port, "ping"), timeout_seconds=_ANSWER_SECONDS).status
            health, message = (Health.HEALTHY, "") if status == 200 else (Health.DEGRADED, f"ping answers {status}")
        except OutsideError as error:
            health, message = (Health.PROGRESSING if young else Health.DEGRADED), str(error)
        return ServingReading(digest=digest, health=health, message=message, seq=seq, url=url)

    def _is_young(self, service: RunningService) -> bool:
        age = self._tools.clock.now().timestamp() - service.started_at
        return age < self._settings.start.total_seconds()

    def _try_beside(self, record: PromotionRecord, folder: Path) -> None:
        """Start it on a free port, ask it for a prediction, stop it; OutsideError where it does not answer."""
        services, name = self._tools.services, f"{_name(record.environment, record.model)}.preflight"
        port = services.find_port()
        self._start(name, record, folder, port)
        try:
            self._await_ping(name, port)
            self._predict(str(folder), port)
        except KitError as error:
            raise OutsideError(f"{record.digest} does not serve: {error}; the old version still does") from error
        finally:
            services.stop(name)

    def _await_ping(self, name: str, port: int) -> None:
        clock = self._tools.clock
        end = clock.now() + self._settings.start
        while True:
            service = self._tools.services.read(name)
            if service is None or not service.alive:
                raise OutsideError(f"the server ended: {service.last_words if service else 'it never was'}")
            try:
                if self._tools.web.ask(self._url(port, "ping"), timeout_seconds=_ANSWER_SECONDS).status == 200:
                    return
            except OutsideError as error:
                if clock.now() >= end:
                    raise OutsideError(f"{error}; after {self._settings.start}: {service.last_words}") from error
            clock.sleep(_POLL_SECONDS)

    def _start(self, name: str, record: PromotionRecord, folder: Path, port: int) -> None:
        services = self._tools.services
        services.stop(name)
        services.find_port(port)
        notes = {"digest": str(record.digest), "seq": str(record.seq), "port": str(port), "folder": str(folder)}
        services.start(Service(name=name, words=self._words(str(folder), port), notes=notes))

    def _words(self, folder: str, port: int) -> tuple[str, ...]:
        settings = self._settings
        where = ("--host", settings.host, "--port", str(port), "--env-manager", settings.env_manager)
        return (*settings.program, "models", "serve", "--model-uri", folder, *where, *settings.options)

    def _predict(self, folder: str, port: int) -> None:
        example = self._tools.services.read_file(f"{folder}/{EXAMPLE_FILE}")
        if example is None:
            return
        url = self._url(port, "invocations")
        answer = self._tools.web.ask(url, body=example.encode(), timeout_seconds=_ANSWER_SECONDS)
        text = answer.body.decode("utf-8", "replace")
        if answer.status != 200:
            raise OutsideError(f"the model's own example is answered with {answer.status}: {text[:200]!r}")
        try:
            json.loads(text)
        except ValueError as error:
            raise OutsideError(f"the model's own example is answered with no JSON: {text[:200]!r}") from error

    def _refuse_shared_port(self, name: str, port: int) -> None:
        for other in self._tools.services.list_services():
            if other.name != name and other.alive and other.notes.get("port") == str(port):
                raise InputError(
                    f"port {port} serves {other.name} already", field="deploy.port", hint="port: {model: number, …}"
                )

    def _target(self, environment: EnvironmentName, model: ModelName) -> str:
        return self._settings.target.replace("{model}", spell_for_tag(model)).replace("{environment}", environment)

    def _read_target(self, environment: EnvironmentName, model: ModelName) -> Served | None:
        text = self._tools.services.read_file(self._target(environment, model))
        return read_served(text) if text is not None else None

    def _write_target(self, record: PromotionRecord, folder: Path) -> None:
        settings, port = self._settings, self._port(record.model)
        template = self._tools.services.read_file(settings.template) if settings.template else None
        if settings.template and template is None:
            raise InputError(f"there is no template {settings.template}", field="deploy.template")
        inside = "/model" if settings.manager is Manager.COMPOSE else str(folder)
        values = {
            "words": self._words(inside, port),
            "folder": str(folder),
            "host": settings.host,
            "port": port,
            "image": settings.image,
        }
        text = render_service(template or own_template(settings.manager), record, values, file=settings.template)
        self._tools.services.write_file(self._target(record.environment, record.model), text)
        variables = {"MLOPS_MODEL": record.model, "MLOPS_ENVIRONMENT": record.environment}
        done = self._tools.commands.run_command(
            settings.reload, variables, timeout_seconds=settings.start.total_seconds()
        )
        if done.code != 0:
            last = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(f"the reload command ended with exit code {done.code}: {last[:200]}")

    def _find_folder(self, environment: EnvironmentName, model: ModelName) -> str:
        """Where the files of the version lie that was started last; empty where none was."""
        if self._settings.manager is Manager.PROCESS:
            service = self._tools.services.read(_name(environment, model))
            return service.notes.get("folder", "") if service else ""
        served = self._read_target(environment, model)
        return served.folder if served else ""


def _name(environment: EnvironmentName, model: ModelName) -> str:
    return f"{spell_for_tag(model)}.{environment}"


def _nothing() -> ServingReading:
    return ServingReading(digest=None, health=Health.MISSING, message="nothing is served yet")
