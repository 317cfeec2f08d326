"""A small repository with a pipeline that was run, and the real command line on it."""

import hashlib
import io
import os
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs

DVC_YAML = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py]
    params: [seed]
    outs: [data]
  train:
    cmd: python train.py
    deps: [data]
    outs: [model.pkl]
    metrics:
    - metrics.json: {cache: false}
artifacts:
  fraud: {path: model.pkl, type: model}
"""
DVC_LOCK = """\
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - path: prepare.py
      hash: md5
      md5: d41d8cd98f00b204e9800998ecf8427e
      size: 0
    params:
      params.yaml:
        seed: 7
    outs:
    - path: data
      hash: md5
      md5: 0cc175b9c0f1b6a831c399e269772661.dir
      size: 10
      nfiles: 2
  train:
    cmd: python train.py
    deps:
    - path: data
      hash: md5
      md5: 0cc175b9c0f1b6a831c399e269772661.dir
      size: 10
      nfiles: 2
    outs:
    - path: metrics.json
      hash: md5
      md5: 92eb5ffee6ae2fec3ad71c777531578f
      size: 15
    - path: model.pkl
      hash: md5
      md5: 4a8a08f09d37b73795649038408b5f33
      size: 1
"""
MLOPS_YAML = """\
version: 1
environments:
  main:
    branch: main
    gates: [{metric: accuracy, min: 0.8}]
"""
FILES = {
    "dvc.yaml": DVC_YAML,
    "dvc.lock": DVC_LOCK,
    "mlops.yaml": MLOPS_YAML,
    "params.yaml": "seed: 7\n",
    "prepare.py": "",
    "metrics.json": '{"accuracy": 0.9}\n',
    ".dvc/config": "",
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a verb left with and said."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """Its error lines, without the program's name."""
        start = "mlops-kit: error: "
        return [line.removeprefix(start) for line in self.err.splitlines() if line.startswith(start)]

    @property
    def hints(self) -> list[str]:
        """Its hint lines."""
        return [line.removeprefix("hint: ") for line in self.err.splitlines() if line.startswith("hint: ")]


class Project:
    """One repository in a folder of its own; `home` is all that a tool may find of the user's."""

    def __init__(self, top: Path) -> None:
        self.folder = top / "repository"
        self.folder.mkdir()
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(top),
            "GIT_CONFIG_NOSYSTEM": "1",
            "DVC_NO_ANALYTICS": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        self.git("init", "-q", "-b", "main")
        for name, content in FILES.items():
            self.write(name, content)
        self.commit()

    def git(self, *words: str) -> str:
        """Run git as somebody."""
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, env=self.variables, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, content: str | bytes) -> None:
        """Put a file into the work tree."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self) -> str:
        """Commit everything; the new commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def call(self, *words: str, variables: Mapping[str, str] | None = None) -> Answer:
        """Run a verb through the command line's own boundary, in this process."""
        inputs = parse_inputs({**self.variables, **(variables or {})}, folder=self.folder, terminal=False)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(list(words), inputs)
        return Answer(code=int(code), out=out.getvalue(), err=err.getvalue())

    def fingerprint(self) -> dict[str, str]:
        """Every file with a hash of its content; DVC's own scratch folder and the folder of logs left out."""
        scratch = {self.folder / ".dvc" / "tmp", self.folder / ".mlops"}
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.is_symlink() and not scratch & set(path.parents)
        }

    def refuse(self, *words: str, code: int = 2, variables: Mapping[str, str] | None = None) -> Answer:
        """Run a verb that must say no: the code, no traceback, nothing written."""
        before = self.fingerprint()
        answer = self.call(*words, variables=variables)
        assert answer.code == code, answer
        assert answer.errors, answer
        assert "Traceback" not in answer.err + answer.out
        assert self.fingerprint() == before
        return answer
