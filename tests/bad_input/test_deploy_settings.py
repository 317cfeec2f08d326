"""Wrong settings below `deploy:` are found by `validate`, before any plan is made."""

import subprocess
from pathlib import Path

import pytest

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import ExitCode

CONFIG = """version: 1
environments:
  dev:
    branch: dev
    deploy:
      kind: kserve
      namespac: ml
  edge: {branch: edge, deploy: {kind: command, apply: "./x", status: [./y]}}
"""


def test_each_wrong_setting_is_told_with_line_and_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "dvc.yaml").write_text("stages: {train: {cmd: 'true'}}\n")
    (tmp_path / "mlops.yaml").write_text(CONFIG)
    inputs = parse_inputs({"HOME": str(tmp_path)}, folder=tmp_path, terminal=False)
    assert run(["validate"], inputs) == ExitCode.INPUT
    told = [line.partition("error: ")[2] for line in capsys.readouterr().err.splitlines() if "error: " in line]
    assert told == [
        "mlops.yaml:6:7 environments.dev.deploy.namespace: kind kserve: Field required",
        "mlops.yaml:6:7 environments.dev.deploy.storage: kind kserve: Field required",
        "mlops.yaml:6:7 environments.dev.deploy.branch: kind kserve: Field required",
        "mlops.yaml:7:17 environments.dev.deploy.namespac: kind kserve: Extra inputs are not permitted",
        "mlops.yaml:8:55 environments.edge.deploy.apply: kind command: Input should be a valid tuple",
    ]
