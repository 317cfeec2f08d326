"""What a workflow must not say, as rules that take it as a value and name what they find.

Each rule is run over every workflow, example and action of the repository, and over copies of them that were spoilt on
purpose, so that a rule that finds nothing is known to be able to find something.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KIT = Path(__file__).resolve().parents[2]
FOLDERS = (".github/workflows", "examples/workflows")
OF_A_PULL_REQUEST = frozenset({"pull_request", "merge_group"})
PRIVILEGED_EVENTS = frozenset({"pull_request_target", "workflow_run"})
_HEAD = re.compile(r"head[._]sha|head_ref|head\.ref|head_branch|head_commit|refs/pull|merge_commit_sha")
_READ_ONLY = re.compile(r"secrets\.READ_ONLY_[A-Z_]+")
_PINNED = re.compile(r"[^@]+@[0-9a-f]{40}")
_OURS = re.compile(
    r"\$/\.github/actions/[a-z-]+|\$/\.github/workflows/[a-z-]+\.yml|mlops-kit/mlops-kit(/\S+)?@v\d+\.\d+\.\d+"
)
_COMMAND = re.compile(r"\s*(?P<verb>[a-z]+)\b")
_FLOATING = re.compile(r"(?<![\w-])(?:pip3?|uv pip|uv tool|npm|npx|pipx|curl|wget)\s")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of a workflow, with the events that it can run for."""

    place: str
    text: Mapping[str, Any]
    events: frozenset[str]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps; none where it calls another workflow."""
        steps: list[dict[str, Any]] = self.text.get("steps", [])
        return steps

    @property
    def may(self) -> dict[str, str]:
        """The permissions that it asks for."""
        asked = self.text.get("permissions", {})
        return {"everything": asked} if isinstance(asked, str) else dict(asked)

    @property
    def is_privileged(self) -> bool:
        """Whether it can write, has an identity, a secret, or stands in a protected environment."""
        whole = _READ_ONLY.sub("", str(self.text))
        return any(level != "read" for level in self.may.values()) or "secrets." in whole or "environment" in self.text

    @property
    def verbs(self) -> set[str]:
        """The kit's verbs that it runs."""
        commands = (str(step.get("with", {}).get("command", "")) for step in self.steps)
        return {found["verb"] for command in commands if (found := _COMMAND.match(command))}

    @property
    def runs_stages(self) -> bool:
        """Whether it runs a pipeline: by `reproduce`, or by `retrain` unless that only proposes."""
        commands = (str(step.get("with", {}).get("command", "")).split() for step in self.steps)
        return any(words[:1] == ["reproduce"] or _trains(words) for words in commands)

    @property
    def takes_the_change(self) -> bool:
        """Whether it checks out what a pull request brings."""
        checkouts = [step.get("with", {}) for step in self.steps if "actions/checkout" in str(step.get("uses"))]
        named = [str(settings["ref"]) for settings in checkouts if "ref" in settings]
        plain = len(named) < len(checkouts) and bool(self.events & OF_A_PULL_REQUEST)
        return plain or any(_HEAD.search(ref) for ref in named)


def _trains(words: list[str]) -> bool:
    return words[:1] == ["retrain"] and "--propose" not in words


def read_workflows(root: Path = KIT) -> dict[str, dict[str, Any]]:
    """Every workflow of the repository and every one that users paste, by its path."""
    found = sorted(path for folder in FOLDERS for path in (root / folder).glob("*.yml"))
    return {path.relative_to(root).as_posix(): yaml.safe_load(path.read_text()) for path in found}


def read_jobs(workflows: Mapping[str, dict[str, Any]]) -> Iterator[Job]:
    """Every job, with its own workflow's events and those of the workflows that call it."""
    for path, workflow in workflows.items():
        events = events_of(workflow)
        for other in workflows.values():
            uses = [str(job.get("uses", "")) for job in other["jobs"].values()]
            if any(f"/{path}@" in called for called in uses):
                events |= events_of(other)
        for name, text in workflow["jobs"].items():
            yield Job(place=f"{path} {name}", text=text, events=frozenset(events))


def events_of(workflow: Mapping[Any, Any]) -> set[str]:
    """The names of a workflow's triggers."""
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as true
    return {triggers} if isinstance(triggers, str) else set(triggers)


def rights_beside_a_change(job: Job) -> Iterator[str]:
    """T1: what a pull request brings and rights are never in one job, and no privileged event runs it."""
    if job.takes_the_change and job.is_privileged:
        yield f"{job.place} checks out a change and has rights"
    if job.runs_stages and job.is_privileged:
        yield f"{job.place} runs stages and has rights"
    if job.events & PRIVILEGED_EVENTS and (job.takes_the_change or job.runs_stages):
        yield f"{job.place} runs a change for an event with secrets"


def unguarded_runners(job: Job) -> Iterator[str]:
    """T2: a job that runs a change on a runner that can be somebody's own asks whose change it is."""
    runner = str(job.text.get("runs-on", "ubuntu-latest"))
    own = "self-hosted" in runner or "inputs." in runner
    guard = "github.event.pull_request.head.repo.full_name == github.repository"
    if own and job.takes_the_change and guard not in str(job.text.get("if", "")):
        yield f"{job.place} runs forks on {runner}"


def expressions_in_scripts(job: Job) -> Iterator[str]:
    """T3: no value becomes part of a script."""
    for step in job.steps:
        if "${{" in str(step.get("run", "")):
            yield f"{job.place} has an expression in a script"


def caches(job: Job) -> Iterator[str]:
    """T7: no job takes what another run left, by an action or by an option of one."""
    for step in job.steps:
        settings = step.get("with", {})
        if "cache" in str(step.get("uses", "")).lower() or any("cache" in str(name) for name in settings):
            yield f"{job.place} restores a cache"


def secrets_beside_a_change(job: Job) -> Iterator[str]:
    """T10: a job that runs or checks out a change is given no secret and no token.

    What only reads the DVC remote, and says so by its name, a team may give.
    """
    if not (job.takes_the_change or job.runs_stages):
        return
    whole = _READ_ONLY.sub("", str(job.text))
    if "secrets" in whole or "github.token" in whole or "token" in str([step.get("with") for step in job.steps]):
        yield f"{job.place} has a secret"
    for step in job.steps:
        if "actions/checkout" in str(step.get("uses")) and step["with"].get("persist-credentials") is not False:
            yield f"{job.place} leaves its token to the change"


def inherited_secrets(job: Job) -> Iterator[str]:
    """T10: secrets are passed on by name."""
    if job.text.get("secrets") == "inherit":
        yield f"{job.place} passes on every secret"


def unpinned_actions(job: Job) -> Iterator[str]:
    """T12: what others wrote is named by commit."""
    used = [str(step["uses"]) for step in job.steps if "uses" in step]
    used += [str(job.text["uses"])] if "uses" in job.text else []
    for name in used:
        if not (_PINNED.fullmatch(name) or _OURS.fullmatch(name)):
            yield f"{job.place} uses {name}"


def floating_installs(job: Job) -> Iterator[str]:
    """T12: a job with rights installs nothing by itself, but what a hash in the workflow vouches for."""
    for step in job.steps:
        script = str(step.get("run", ""))
        vouched = "sha256sum --check --strict" in script or "--output /dev/null" in script
        if job.is_privileged and not vouched and _FLOATING.search(script):
            yield f"{job.place} installs something"
