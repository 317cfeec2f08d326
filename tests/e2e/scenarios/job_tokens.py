"""Gives each job a token of its own, as GitHub does, with the permissions that its workflow declares for it.

act has one token for all jobs and enforces no permission. Here the kit's environment is one that names the job at the
end of the token before it starts the kit; the fake GitHub knows these tokens, and what each may do.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.act import TOKEN
from tests.e2e.prepare import KIT
from tests.fakes.github_routes import Account

BOT = "github-actions[bot]"
_CALLED = re.compile(r"mlops-kit/mlops-kit/(?P<path>\.github/workflows/[a-z-]+\.yml)@.*")
_PYTHON = """#!/bin/sh
test -z "$MLOPS_KIT_TOKEN" || export MLOPS_KIT_TOKEN="${{MLOPS_KIT_TOKEN}}_$GITHUB_JOB"
exec {python} "$@"
"""


def make_environment(folder: Path) -> Path:
    """A folder to name in MLOPS_KIT_ENVIRONMENT."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(_PYTHON.format(python=shlex.quote(sys.executable)))
    python.chmod(0o755)
    return folder


def accounts(workflow: Path, *, fork: bool = False) -> dict[str, Account]:
    """Token and account of each job that a consumer's workflow starts; in a fork's run none may write."""
    return {
        f"{TOKEN}_{job}": Account(login=BOT, job=job, permissions=frozenset() if fork else permissions)
        for job, permissions in _jobs(workflow)
    }


def _jobs(workflow: Path) -> Iterator[tuple[str, frozenset[str]]]:
    for name, job in _read(workflow)["jobs"].items():
        granted = _permissions(job)
        if found := _CALLED.fullmatch(job.get("uses", "")):
            for inner, declared in _jobs(KIT / found["path"]):
                assert declared <= granted, f"GitHub refuses {workflow.name}: {inner} asks for {declared - granted}"
                yield inner, declared
        else:
            yield name, granted


def _permissions(job: dict[str, Any]) -> frozenset[str]:
    """What may be written; who may write may read."""
    declared = job.get("permissions", {}).items()
    implied = [(scope, "read") for scope, level in declared if level == "write"]
    return frozenset(f"{scope}: {level}" for scope, level in [*declared, *implied])


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document
