"""`mlflow models serve` for real: versions follow each other, broken ones stay out, killed servers are seen."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_kit.adapters.services import LocalServices
from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Deployer, Tools
from mlops_kit.core.types import Health
from mlops_kit.deployers.catalog import DeployerCatalog
from mlops_kit.testing.artifacts import MemoryFiles
from mlops_kit.testing.deployer_conformance import CHURN, DEV, DeployerSubject, record_of
from tests.contract.test_deployers import open_tools

SAVE = """
import sys, mlflow

class Echo(mlflow.pyfunc.PythonModel):
    def __init__(self, word):
        self.word = word

    def predict(self, context, model_input, params=None):
        if self.word == "broken":
            raise ValueError("cannot predict")
        return [self.word] * len(model_input)

for word in sys.argv[1:]:
    mlflow.pyfunc.save_model(word, python_model=Echo(word), pip_requirements=[], input_example=[[1.0]])
"""
BROKEN = "broken"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved models that answer with their own name; the broken one with an error."""
    folder = tmp_path_factory.mktemp("models")
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    subprocess.run([sys.executable, "-c", SAVE, "one", "two"], cwd=folder, env=environment, check=True)
    subprocess.run(["cp", "-R", "one", BROKEN], cwd=folder, check=True)
    (folder / BROKEN / "serving_input_example.json").write_text('{"inputs": "of another shape", "nothing": 1}')
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    found = open_tools(tmp_path)
    yield found
    for service in found.services.list_services():
        found.services.stop(service.name)


def subject_of(tools: Tools, models: Path, **settings: object) -> DeployerSubject:
    port = tools.services.find_port()
    written = Deploy.model_validate({"kind": "mlflow-serving", "port": port, **settings})

    def make_files(word: str) -> MemoryFiles:
        paths = [path for path in (models / word).rglob("*") if path.is_file()]
        return MemoryFiles(files={str(path.relative_to(models / word)): path for path in paths}, sha256="a" * 64)

    def open_deployer(_: str) -> Deployer:
        return DeployerCatalog(tools).open_deployer(written)

    return DeployerSubject(open_deployer=open_deployer, make_files=make_files)


def ask(tools: Tools, url: str) -> object:
    answer = tools.web.ask(url, body=b'{"inputs": [[1.0], [2.0]]}', timeout_seconds=30)
    return json.loads(answer.body)["predictions"]


def test_versions_follow_each_other_and_a_killed_server_is_seen_and_replaced(tools: Tools, models: Path) -> None:
    subject = subject_of(tools, models)
    first = subject.deploy(record_of("one"), "one")
    assert ask(tools, first.url) == ["one", "one"]
    second = subject.deploy(record_of("two", seq=2), "two")
    assert (ask(tools, second.url), second.url) == (["two", "two"], first.url)
    (service,) = tools.services.list_services()
    state = json.loads((Path(service_folder(tools)) / service.name / "state.json").read_text())
    os.killpg(state["pid"], signal.SIGKILL)
    end = time.monotonic() + 10
    while (gone := subject.read()).digest is not None:
        assert time.monotonic() < end, gone
        time.sleep(0.1)
    assert gone.health is Health.MISSING
    assert ask(tools, subject.deploy(record_of("two", seq=2), "two").url) == ["two", "two"]


def service_folder(tools: Tools) -> Path:
    assert isinstance(tools.services, LocalServices)
    return tools.services.folder


def test_a_version_that_cannot_answer_never_takes_the_old_one_s_place(tools: Tools, models: Path) -> None:
    subject = subject_of(tools, models)
    url = subject.deploy(record_of("one"), "one").url
    with pytest.raises(OutsideError, match=r"does not serve: .* own example .*; the old version still does"):
        subject.open_deployer(DEV).deploy(record_of(BROKEN, seq=2), subject.make_files(BROKEN))
    assert ask(tools, url) == ["one", "one"]
    assert [service.name for service in tools.services.list_services()] == ["churn.dev"]


def test_only_mlflow_models_can_be_served(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"w")
    deployer = subject_of(tools, tmp_path).open_deployer(DEV)
    with pytest.raises(InputError, match="no file MLmodel"):
        deployer.deploy(record_of("one"), MemoryFiles(files={"weights": tmp_path / "weights"}, sha256="a" * 64))


def test_a_port_that_another_program_has_is_told(tools: Tools, models: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        deployer = subject_of(tools, models, port=port, preflight=False).open_deployer(DEV)
        with pytest.raises(OutsideError, match=f"port {port} is taken"):
            deployer.deploy(record_of("one"), subject_of(tools, models).make_files("one"))


@pytest.mark.parametrize("manager", ["systemd", "compose"])
def test_a_service_manager_gets_a_file_and_is_told(tools: Tools, models: Path, tmp_path: Path, manager: str) -> None:
    settings = {"manager": manager, "target": "units/{model}-{environment}", "reload": ["touch", "told"]}
    subject = subject_of(tools, models, preflight=False, **settings)
    deployer = subject.open_deployer(DEV)
    assert deployer.observe(DEV, CHURN).health is Health.MISSING
    deployer.deploy(record_of("one", seq=4), subject.make_files("one"))
    text = (tmp_path / "units" / "churn-dev").read_text()
    assert "models" in text
    assert "serve" in text
    assert (tmp_path / "told").exists()
    reading = deployer.observe(DEV, CHURN)
    assert (reading.digest, reading.seq, reading.health) == (record_of("one").digest, 4, Health.DEGRADED)


def test_a_team_s_own_template_is_used_and_must_carry_the_header(tools: Tools, models: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("{{ header }}\nrun {{ words | join(' ') }}\n")
    (tmp_path / "bad").write_text("run {{ words }}\n")
    settings = {"manager": "systemd", "target": "unit", "reload": ["true"], "preflight": False}
    subject = subject_of(tools, models, template="mine", **settings)
    subject.open_deployer(DEV).deploy(record_of("one"), subject.make_files("one"))
    assert "run mlflow models serve" in (tmp_path / "unit").read_text()
    bad = subject_of(tools, models, template="bad", **settings)
    with pytest.raises(InputError, match="does not begin with the kit's header"):
        bad.open_deployer(DEV).deploy(record_of("one"), bad.make_files("one"))
