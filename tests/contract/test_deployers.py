"""Every kind of deployer passes the checks that authors of others run against theirs."""

import hashlib
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from _pytest.mark import ParameterSet

from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.commands import RepositoryCommands
from mlops_kit.adapters.gitops import GitBranches
from mlops_kit.adapters.services import LocalServices
from mlops_kit.adapters.storage import PublishedFiles
from mlops_kit.adapters.web import Requests
from mlops_kit.core.config import Deploy
from mlops_kit.core.ports import Tools
from mlops_kit.core.types import EnvironmentName
from mlops_kit.deployers.catalog import DeployerCatalog
from mlops_kit.testing.artifacts import MemoryFiles
from mlops_kit.testing.deployer import MemoryDeployer
from mlops_kit.testing.deployer_conformance import (
    CHURN,
    DEV,
    HOSTILE,
    OTHER,
    PRODUCTION,
    DeployerSubject,
    deployer_checks,
)

ENVIRONMENTS = (DEV, PRODUCTION)
MODELS = (CHURN, OTHER, HOSTILE)

PLACE = 'place="state/$MLOPS_ENVIRONMENT/$(printf %s "$MLOPS_MODEL" | md5sum | cut -c1-32)"'
APPLY = """#!/bin/sh
set -e
[ ! -e broken ] || exit 1
PLACE
mkdir -p "$place"
cp -RL "$MLOPS_MODEL_PATH" "$place/model.new"
rm -rf "$place/model" "$place/canary"
mv "$place/model.new" "$place/model"
python3 -c 'import json, sys
said = json.load(sys.stdin)
print(json.dumps({key: said[key] for key in ("digest", "seq")}))' > "$place/said"
"""
STATUS = """#!/bin/sh
[ ! -e broken ] || exit 1
PLACE
cat "$place/said" 2>/dev/null || true
"""
SHIFT = """#!/bin/sh
PLACE
echo "$MLOPS_PERCENT $MLOPS_DIGEST" > "$place/canary"
"""
ABORT = """#!/bin/sh
PLACE
rm -f "$place/canary"
"""
SERVER = """
import http.server, sys

words = sys.argv[1:]
assert words[:2] == ["models", "serve"], words
folder = words[words.index("--model-uri") + 1]
served = open(folder + "/word").read().encode()

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(b"ok")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(b'{"predictions": ["' + served + b'"]}')

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.HTTPServer(("127.0.0.1", int(words[words.index("--port") + 1])), Answer).serve_forever()
"""


def open_tools(folder: Path) -> Tools:
    variables = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder)}
    return Tools(
        commands=RepositoryCommands(folder, variables),
        web=Requests(),
        services=LocalServices(folder / "services", folder, {**variables, "MLFLOW_DISABLE_TELEMETRY": "true"}),
        gitops=GitBranches(folder, variables, reserved={"main"}),
        storage=PublishedFiles(folder, variables),
        clock=SystemClock(),
    )


def memory_subject(folder: Path) -> DeployerSubject:  # noqa: ARG001 - keeps nothing on disk
    target = MemoryDeployer()
    return DeployerSubject(
        open_deployer=lambda _: target,
        make_files=lambda _: MemoryFiles(files={}, sha256="a" * 64),
        break_target=lambda: setattr(target, "down", True),
    )


def command_subject(folder: Path) -> DeployerSubject:
    for name, text in {"apply": APPLY, "status": STATUS, "shift": SHIFT, "abort": ABORT}.items():
        (folder / name).write_text(text.replace("PLACE", PLACE))
        (folder / name).chmod(stat.S_IRWXU)
    settings = {"kind": "command", **{name: [f"./{name}"] for name in ("apply", "status", "shift", "abort")}}

    def make_files(word: str) -> MemoryFiles:
        (folder / word).write_text(word)
        return MemoryFiles(files={"model.bin": folder / word}, sha256="a" * 64)

    return DeployerSubject(
        open_deployer=lambda _: DeployerCatalog(open_tools(folder)).open_deployer(Deploy.model_validate(settings)),
        make_files=make_files,
        break_target=(folder / "broken").touch,
    )


def serving_subject(folder: Path) -> DeployerSubject:
    """The servers are stand-ins that take the words of `mlflow models serve` and start at once."""
    (folder / "server.py").write_text(SERVER)
    services = open_tools(folder).services
    ports = {place: services.find_port() for place in ((env, model) for env in ENVIRONMENTS for model in MODELS)}

    def settings(environment: EnvironmentName) -> Deploy:
        return Deploy.model_validate(
            {
                "kind": "mlflow-serving",
                "program": [sys.executable, str(folder / "server.py")],
                "port": {model: ports[environment, model] for model in MODELS},
            }
        )

    def make_files(word: str) -> MemoryFiles:
        for name, text in {"MLmodel": "flavors: {}", "word": word, "serving_input_example.json": "{}"}.items():
            (folder / f"{word}-{name}").write_text(text)
        names = ("MLmodel", "word", "serving_input_example.json")
        return MemoryFiles(files={name: folder / f"{word}-{name}" for name in names}, sha256="a" * 64)

    return DeployerSubject(
        open_deployer=lambda environment: DeployerCatalog(open_tools(folder)).open_deployer(settings(environment)),
        make_files=make_files,
    )


def kserve_subject(folder: Path) -> DeployerSubject:
    """The branch of a bare repository and a folder as storage; no cluster is asked."""
    subprocess.run(["git", "init", "--quiet", "--bare", "gitops.git"], cwd=folder, check=True)
    settings = Deploy.model_validate(
        {
            "kind": "kserve",
            "namespace": "ml",
            "storage": "storage",
            "storage-uri": "pvc://models",
            "repository": str(folder / "gitops.git"),
            "branch": "gitops",
        }
    )

    def make_files(word: str) -> MemoryFiles:
        for name, text in {"MLmodel": "flavors: {}", "word": word}.items():
            (folder / f"{word}-{name}").write_text(text)
        sha256 = hashlib.sha256(word.encode()).hexdigest()
        return MemoryFiles(files={name: folder / f"{word}-{name}" for name in ("MLmodel", "word")}, sha256=sha256)

    return DeployerSubject(
        open_deployer=lambda _: DeployerCatalog(open_tools(folder)).open_deployer(settings),
        make_files=make_files,
        break_target=(folder / "gitops.git" / "HEAD").unlink,
    )


SUBJECTS: dict[str, Callable[[Path], DeployerSubject]] = {
    "memory": memory_subject,
    "command": command_subject,
    "kserve": kserve_subject,
    "mlflow-serving": serving_subject,
}


def each_check() -> Iterator[ParameterSet]:
    with TemporaryDirectory() as folder:
        for name, make in SUBJECTS.items():
            for check in deployer_checks(make(Path(folder))):
                yield pytest.param(make, check, id=f"{name}-{check.__name__}")


@pytest.mark.parametrize(("make", "check"), list(each_check()))
def test_a_deployer_conforms(
    make: Callable[[Path], DeployerSubject], check: Callable[[DeployerSubject], None], tmp_path: Path
) -> None:
    try:
        check(make(tmp_path))
        assert not list(tmp_path.rglob("PWNED"))
    finally:
        services = open_tools(tmp_path).services
        for service in services.list_services():
            services.stop(service.name)
