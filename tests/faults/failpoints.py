"""Every place where a promotion writes outside of itself, by name, and how such a write is recognised."""

import json
import re

GIT_WRITES = "fetch|mktag|push|update-ref"

FAILPOINTS = (
    "git.fetch",
    "git.mktag",
    "git.push",
    "git.update-ref",
    "mlflow.experiments/create",
    "mlflow.runs/create",
    "mlflow.upload",
    "mlflow.runs/log-batch",
    "mlflow.runs/update",
    "mlflow.registered-models/create",
    "mlflow.model-versions/create",
    "mlflow.model-versions/set-tag",
    "mlflow.alias/take-note-back",
    "mlflow.registered-models/alias",
    "mlflow.alias/write-note",
    "deploy.apply",
    "board.create",
    "board.status",
    "comment.create",
    "comment.update",
)
_READINGS = ("search", "get", "get-by-name", "list", "health", "version")
_NUMBER = re.compile(r"/\d+(?=/|$)")


def name_mlflow_write(method: str, path: str, body: str) -> str:
    """The name of a call of MLflow's REST interface; empty for a reading."""
    if "/mlflow-artifacts/" in path:
        return "mlflow.upload" if method == "PUT" else ""
    endpoint = path.partition("/mlflow/")[2]
    if method == "GET" or endpoint.rpartition("/")[2] in _READINGS:
        return ""
    if endpoint == "registered-models/set-tag":
        said = json.loads(body)
        if not said["key"].startswith("mlops.env."):
            return f"mlflow.{endpoint}"
        return "mlflow.alias/take-note-back" if said["value"].startswith("0:") else "mlflow.alias/write-note"
    return f"mlflow.{endpoint}"


def name_github_write(method: str, path: str, body: str) -> str:  # noqa: ARG001 - as a namer is called
    """The name of a call of GitHub's API; empty for a reading."""
    if method == "GET" or path.endswith("/graphql"):
        return ""
    place = _NUMBER.sub("", path).rpartition("/")[2]
    known = {
        ("POST", "deployments"): "board.create",
        ("POST", "statuses"): "board.status",
        ("POST", "comments"): "comment.create",
        ("PATCH", "comments"): "comment.update",
    }
    return known.get((method, place), f"github.{method} {place}")
