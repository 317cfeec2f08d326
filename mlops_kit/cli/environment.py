"""The only reader of the process environment: what the caller set, as one typed value."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the environment says. `variables` is all of it, for child processes; empty strings mean not set.

    `run_id` and `attempt` order the runs of a workflow; `event_path` is GitHub's event file; `tracking_uri` is
    MLflow's. `token` never leaves this object but for the forge adapter.
    """

    variables: Mapping[str, str]
    folder: Path
    on_actions: bool
    interactive: bool
    token: str
    api_url: str
    server_url: str
    repository: str
    event_name: str
    event_path: str
    sha: str
    ref_name: str
    run_id: str
    attempt: str
    actor: str
    output_file: str
    summary_file: str
    tracking_uri: str

    @property
    def run_url(self) -> str:
        """The workflow run's page; empty outside of one."""
        if not (self.on_actions and self.run_id.isdecimal() and self.repository):
            return ""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    def __repr__(self) -> str:
        """No value of the environment appears in a log by accident."""
        return f"Inputs(repository={self.repository!r}, event_name={self.event_name!r})"


def read_inputs() -> Inputs:
    """Read the environment once."""
    return parse_inputs(dict(os.environ), folder=Path.cwd(), terminal=sys.stderr.isatty())


def parse_inputs(variables: Mapping[str, str], *, folder: Path, terminal: bool) -> Inputs:
    """The inputs that an environment's variables say, for a caller in `folder`; `terminal` is whether stderr is one."""

    def text(name: str, default: str = "") -> str:
        return variables.get(name, "").strip() or default

    on_actions = text("GITHUB_ACTIONS") == "true"
    return Inputs(
        variables=variables,
        folder=folder,
        on_actions=on_actions,
        interactive=terminal and not on_actions and text("CI").lower() not in TRUE_WORDS,
        token=text("MLOPS_KIT_TOKEN") or text("GITHUB_TOKEN"),
        api_url=text("GITHUB_API_URL", "https://api.github.com"),
        server_url=text("GITHUB_SERVER_URL", "https://github.com"),
        repository=text("GITHUB_REPOSITORY"),
        event_name=text("GITHUB_EVENT_NAME"),
        event_path=text("GITHUB_EVENT_PATH"),
        sha=text("GITHUB_SHA"),
        ref_name=text("GITHUB_REF_NAME"),
        run_id=text("GITHUB_RUN_ID"),
        attempt=text("GITHUB_RUN_ATTEMPT", "1"),
        actor=text("GITHUB_ACTOR"),
        output_file=text("GITHUB_OUTPUT"),
        summary_file=text("GITHUB_STEP_SUMMARY"),
        tracking_uri=text("MLFLOW_TRACKING_URI"),
    )
