"""Registers this machine as a GitHub Actions runner for one job, runs that job, and ends; systemd starts it again.

GitHub forgets a just-in-time runner after its job, and the folder it worked in is removed here: the next job finds a
clean one. The token that may register stays with root; the runner's account never sees it. Standard library only.
"""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path

SECONDS = 30


def main(variables: Mapping[str, str]) -> int:
    """Run one job; the runner's exit code."""
    home = Path(variables["RUNNER_HOME"])
    work = home / "_work"
    shutil.rmtree(work, ignore_errors=True)
    config = register(variables, Path(variables["CREDENTIALS_DIRECTORY"], "github-token").read_text().strip())
    try:
        return run(home, config, user=variables["RUNNER_ACCOUNT"])
    finally:
        shutil.rmtree(work, ignore_errors=True)


def register(variables: Mapping[str, str], token: str) -> str:
    """Ask GitHub for a runner that takes one job; its configuration, which is a secret."""
    api = variables.get("GITHUB_API_URL") or "https://api.github.com"
    wanted = {
        "name": f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}",
        "runner_group_id": 1,
        "labels": variables["RUNNER_LABELS"].split(","),
        "work_folder": "_work",
    }
    request = urllib.request.Request(  # noqa: S310 - an address of the machine's owner
        f"{api}/repos/{variables['GITHUB_REPOSITORY']}/actions/runners/generate-jitconfig",
        data=json.dumps(wanted).encode(),
        headers={"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return str(json.load(answer)["encoded_jit_config"])


def run(home: Path, config: str, *, user: str) -> int:
    """Start GitHub's own runner as its account; the configuration goes by the environment, which others cannot read."""
    account = pwd.getpwnam(user)
    given = {
        "HOME": account.pw_dir,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "ACTIONS_RUNNER_INPUT_JITCONFIG": config,
    }
    done = subprocess.run([home / "run.sh"], cwd=home, env=given, user=user, group=account.pw_gid, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(os.environ))
