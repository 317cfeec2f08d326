"""The files for runners of one's own: GitHub, the chart and CML know what they ask for; no secret is an argument."""

import json
import os
import pwd
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

KIT = Path(__file__).resolve().parents[2]
RUNNERS = KIT / "examples" / "runners"
TOKEN = "ghp_canary_0123456789"
# From `exports.options` in bin/cml/runner/launch.js and the global options in bin/cml.js of iterative/cml at 0.20.6.
CML_FLAGS = frozenset({
    "labels", "idle-timeout", "name", "no-retry", "single", "reuse", "reuse-idle", "docker-volumes", "cloud",
    "cloud-region", "cloud-type", "cloud-permission-set", "cloud-metadata", "cloud-gpu", "cloud-hdd-size",
    "cloud-ssh-private", "cloud-spot", "cloud-spot-price", "cloud-startup-script", "cloud-aws-security-group",
    "cloud-aws-subnet", "cloud-kubernetes-node-selector", "log", "driver", "repo", "driver-token",
})  # fmt: skip
CML_CLOUDS = ("aws", "azure", "gcp", "kubernetes")
# From charts/gha-runner-scale-set/values.yaml of actions/actions-runner-controller at chart 0.14.2.
CHART_KEYS = frozenset({
    "githubConfigUrl", "scaleSetLabels", "githubConfigSecret", "proxy", "maxRunners", "minRunners", "runnerGroup",
    "runnerScaleSetName", "githubServerTLS", "keyVault", "containerMode", "listenerTemplate", "listenerMetrics",
    "template", "controllerServiceAccount", "namespaceOverride", "annotations", "labels", "resourceMeta",
})  # fmt: skip


class GitHub(BaseHTTPRequestHandler):
    """Answers one request for a runner."""

    asked: tuple[str, str, dict[str, object]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        GitHub.asked = (self.path, self.headers["Authorization"], body)
        self.send_response(201)
        self.end_headers()
        self.wfile.write(json.dumps({"runner": {}, "encoded_jit_config": "secret-config"}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_cml_knows_every_flag_that_is_given_to_it() -> None:
    text = (KIT / ".github/workflows/runner.yml").read_text()
    flags = set(re.findall(r"(?<![\w-])--([a-z-]+)", text[text.index('" runner launch') :].partition("env:")[0]))

    assert {"single", "idle-timeout", "labels", "cloud-spot"} <= flags <= CML_FLAGS
    assert all(cloud in text for cloud in CML_CLOUDS)


def test_the_chart_knows_every_key_that_is_given_to_it() -> None:
    values = yaml.safe_load((RUNNERS / "arc-values.yaml").read_text())

    assert set(values) <= CHART_KEYS
    (container,) = values["template"]["spec"]["containers"]
    assert container["name"] == "runner"  # the name by which the controller finds it
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the runner as another account")
def test_a_machine_takes_one_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "github-token").write_text(f"{TOKEN}\n")
    (tmp_path / "_work").mkdir()
    (tmp_path / "_work" / "of-the-last-job").touch()
    script = tmp_path / "run.sh"
    script.write_text('#!/bin/sh\nls _work 2>/dev/null\nmkdir -p _work\necho "args: $*"\nenv\nexit 3\n')
    script.chmod(0o755)
    server = HTTPServer(("127.0.0.1", 0), GitHub)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    variables = {
        "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}", "GITHUB_REPOSITORY": "acme/churn",
        "RUNNER_LABELS": "self-hosted,gpu", "RUNNER_HOME": str(tmp_path), "CREDENTIALS_DIRECTORY": str(tmp_path),
        "RUNNER_ACCOUNT": pwd.getpwuid(os.geteuid()).pw_name,
    }  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-I", RUNNERS / "one_job.py"], env=variables, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    thread.join()
    server.server_close()

    path, authorization, body = GitHub.asked
    assert (path, authorization) == ("/repos/acme/churn/actions/runners/generate-jitconfig", f"Bearer {TOKEN}")
    assert (body["labels"], body["work_folder"]) == (["self-hosted", "gpu"], "_work")
    assert done.returncode == 3, done.stderr
    assert "args: \n" in done.stdout
    assert "of-the-last-job" not in done.stdout
    assert "ACTIONS_RUNNER_INPUT_JITCONFIG=secret-config" in done.stdout
    assert TOKEN not in done.stdout
    assert not (tmp_path / "_work").exists()


def test_the_service_sets_what_the_script_reads() -> None:
    service = (RUNNERS / "mlops-runner.service").read_text()
    read = set(re.findall(r'variables\["(\w+)"\]', (RUNNERS / "one_job.py").read_text()))

    given = set(re.findall(r"^Environment=(\w+)=", service, re.MULTILINE))
    assert read - {"CREDENTIALS_DIRECTORY"} <= given | {"GITHUB_REPOSITORY"}
    assert "LoadCredential=github-token:" in service
