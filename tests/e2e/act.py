"""Runs a workflow of a consumer under act, in host mode, against the fake GitHub."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.consumer import Consumer
from tests.e2e.prepare import local_repositories

ACT = Path(sys.executable).parent / "act"
TOKEN = "ghs_canary0123456789abcdefghijklmnopqrstuv"
LIMIT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a workflow ended: act's exit code, each job's result, what was printed, the summary pages."""

    code: int
    jobs: Mapping[str, str]
    text: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything a run needs: the consumer, the prepared kit, the API's address, a folder for the runner's things.

    `pins` are commits by which the consumer calls the kit, besides its tag.
    """

    consumer: Consumer
    kit: Path
    api_url: str
    folder: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    pins: tuple[str, ...] = ()
    environment: Path = Path(sys.prefix)
    options: tuple[str, ...] = ()

    def run(self, workflow: str, event_name: str, event: object, *, run_id: int = 1) -> Run:
        """Run one of the consumer's workflows for an event."""
        return finish(self.start(workflow, event_name, event, run_id=run_id))

    def start(self, workflow: str, event_name: str, event: object, *, run_id: int = 1) -> subprocess.Popen[str]:
        """Begin a run; give it to `finish`."""
        event_file = self.folder / "event.json"
        event_file.write_text(json.dumps(event))
        variables = {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_RUN_ID": str(run_id),
            "E2E_ORIGIN": str(self.consumer.origin),
            "E2E_ARTIFACTS": str(self.folder / "artifacts"),
            "MLOPS_KIT_ENVIRONMENT": str(self.environment),
        }
        words = [str(ACT), event_name, "--eventpath", str(event_file), "--json", "--no-cache-server", *self.options]
        words += ["--remote-name", "github"]
        words += ["--workflows", str(self.consumer.clone / ".github/workflows" / workflow)]
        words += [f"--platform={label}=-self-hosted" for label in ("ubuntu-latest", "self-hosted", "gpu")]
        words += [f"--env={name}={value}" for name, value in variables.items()]
        words += [f"--local-repository={value}" for value in local_repositories(self.kit, self.pins)]
        words += [f"--secret={name}={value}" for name, value in {"GITHUB_TOKEN": TOKEN, **self.secrets}.items()]
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return subprocess.Popen(
            words, cwd=self.consumer.clone, env={**self.consumer.variables, "HOME": str(home)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> Run:
    """Wait for a run to end; one that does not is killed with all that it started."""
    with process:
        try:
            text, _ = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return _read(process.returncode, text)


def _read(code: int, text: str) -> Run:
    entries = [entry for line in text.splitlines() if (entry := _entry(line))]
    return Run(
        code=code,
        jobs={_job(entry): str(entry["jobResult"]) for entry in entries if "jobResult" in entry},
        text="\n".join(str(entry.get("msg", "")).rstrip("\n") for entry in entries) or text,
        summary="\n".join(str(entry["content"]) for entry in entries if entry.get("command") == "summary"),
    )


def _entry(line: str) -> dict[str, object]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _job(entry: dict[str, object]) -> str:
    """The job's own name, without those of the workflows around it."""
    return str(entry["job"]).rpartition("/")[2].strip()
