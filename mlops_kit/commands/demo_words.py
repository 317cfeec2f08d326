"""What the chapters of the demo have in common: the project's names, and how a state is read."""

import json
from dataclasses import dataclass

from pydantic import TypeAdapter

from mlops_kit.commands.player import Player, ask
from mlops_kit.core.promotion.status import ModelStatus, Status
from mlops_kit.core.review.report import Report, parse_report
from mlops_kit.core.types import EnvironmentName, ModelName, PromotionKind, Verb

MODEL = ModelName("tumour-classifier")
DEV, STAGING, PRODUCTION = (EnvironmentName(name) for name in ("dev", "staging", "production"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the story needs to know of a log record."""

    digest: str
    kind: PromotionKind


def commit(player: Player, message: str) -> None:
    """Commit all that changed."""
    player.run_git("add", ".")
    player.run_git("commit", "--message", message)


def merge(player: Player, source: str, *, into: str) -> None:
    """What the merge button of a pull request does."""
    player.run_git("switch", into)
    player.run_git("merge", "--no-ff", "--message", f"Merge {source} into {into}", source)
    player.run_git("push", "origin", into)


def revert(player: Player, branch: str) -> None:
    """Take the last merge of a branch back."""
    player.run_git("switch", branch)
    player.run_git("revert", "--no-edit", "--mainline", "1", "HEAD")
    player.run_git("push", "origin", branch)


def read_status(player: Player, environment: EnvironmentName) -> ModelStatus:
    """The model's state in an environment."""
    status = TypeAdapter(Status).validate_json(ask(player, "status", "--format", "json"))
    return status.environments[environment].models[MODEL]


def read_report(player: Player) -> Report:
    """The work tree against dev."""
    return parse_report(ask(player, "report", "--base", DEV, "--format", "json").encode(), file="report.json")


def states(player: Player) -> set[str]:
    """What a run finds of the stages, each kind once."""
    return {stage["state"] for stage in json.loads(ask(player, "reproduce", "--format", "json"))["stages"]}


def registers(player: Player, environment: EnvironmentName) -> bool:
    """Whether a reconcile would register a version now."""
    changes = json.loads(ask(player, "plan", environment, "--format", "json"))["changes"]
    return any(change["verb"] == Verb.REGISTER for change in changes)


def read_log(player: Player, environment: EnvironmentName) -> tuple[Entry, ...]:
    """The log of an environment, oldest first."""
    history = ask(player, "history", MODEL, "--environment", environment, "--format", "json")
    return TypeAdapter(tuple[Entry, ...]).validate_python(json.loads(history)["records"])


def difference(report: Report, key: str) -> float:
    """By how much a metric of the test set differs from base."""
    return next(metric.diff for metric in report.metrics if metric.key == key and metric.diff is not None)
