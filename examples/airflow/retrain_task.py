"""Asks GitHub for a retraining and waits for its end: a task for Airflow, or for any scheduler that runs Python.

It needs `requests` alone. The same request again is the same run: a task that Airflow starts once more finds the run of
its first try, and waits for that.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests

CALL_SECONDS = 30
LONGEST_REQUEST = 100


class RetrainError(Exception):
    """The retraining did not come to a good end; what it says has no token in it."""


@dataclass(frozen=True)
class Place:
    """Where the workflow is: `repository` is `owner/name`, `workflow` the file in its `.github/workflows`.

    The token needs the permissions `contents: write` (to dispatch) and `actions: read` (to find the run and wait).
    """

    repository: str
    workflow: str = "retrain.yml"
    api_url: str = "https://api.github.com"


@dataclass(frozen=True)
class Patience:
    """How long to wait for a run to appear and to end, and between two looks, in seconds."""

    appear_seconds: float = 300
    end_seconds: float = 8 * 3600
    look_seconds: float = 30


def retrain(
    place: Place,
    token: str,
    request: str,
    *,
    patience: Patience = Patience(),
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, object]:
    """Have the workflow run once for this request, and wait: its id, address and conclusion.

    RetrainError where it fails, is cancelled, or takes too long.
    """
    name = f"Retrain {clean_request(request)}"
    with requests.Session() as session:
        session.headers.update(
            {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "User-Agent": "mlops-kit"}
        )
        run = find_run(session, place, name) or start(session, place, name, patience, sleep)
        run = wait(session, place, run, patience, sleep)
    result = {"id": run["id"], "url": run["html_url"], "conclusion": run["conclusion"]}
    if run["conclusion"] != "success":
        raise RetrainError(f"the retraining ended with {run['conclusion']}: {run['html_url']}")
    return result


def clean_request(request: str) -> str:
    """The request as the run's title shows it: one line of plain characters, cut to a length."""
    return re.sub(r"[^A-Za-z0-9_.:+-]+", "-", request)[:LONGEST_REQUEST]


def find_run(session: requests.Session, place: Place, name: str) -> dict[str, Any] | None:
    """The newest run of this name; None where there is none."""
    query = {"event": "repository_dispatch", "per_page": 100}
    found = call(session, "GET", place, f"/actions/workflows/{place.workflow}/runs", query=query)
    return next((run for run in found["workflow_runs"] if run["display_title"] == name), None)


def start(
    session: requests.Session, place: Place, name: str, patience: Patience, sleep: Callable[[float], None]
) -> dict[str, Any]:
    """Dispatch once, and find the run; where the answer got lost, it is looked for all the same."""
    payload = {"event_type": "retrain", "client_payload": {"request": name.removeprefix("Retrain ")}}
    lost = ""
    try:
        call(session, "POST", place, "/dispatches", body=payload)
    except requests.RequestException as error:
        lost = f" (no answer came: {type(error).__name__})"
    waited = 0.0
    while waited <= patience.appear_seconds:
        with suppress(requests.RequestException):
            if run := find_run(session, place, name):
                return run
        sleep(patience.look_seconds)
        waited += patience.look_seconds
    raise RetrainError(f"no run appeared for the request within {patience.appear_seconds:g} s{lost}")


def wait(
    session: requests.Session,
    place: Place,
    run: dict[str, Any],
    patience: Patience,
    sleep: Callable[[float], None],
) -> dict[str, Any]:
    """The run when it is over; a look that fails is made again."""
    waited = 0.0
    while run["status"] != "completed":
        if waited > patience.end_seconds:
            raise RetrainError(f"the retraining did not end within {patience.end_seconds:g} s: {run['html_url']}")
        sleep(patience.look_seconds)
        waited += patience.look_seconds
        try:
            run = call(session, "GET", place, f"/actions/runs/{run['id']}")
        except requests.RequestException:
            continue
    return run


def call(
    session: requests.Session,
    method: str,
    place: Place,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: object = None,
) -> dict[str, Any]:
    """One call of GitHub's API, with no redirect followed; RetrainError for an answer that no repetition betters.

    requests.RequestException where no answer came, or one that a later call may better.
    """
    address = f"{place.api_url}/repos/{place.repository}{path}"
    answer = session.request(method, address, params=query, json=body, timeout=CALL_SECONDS, allow_redirects=False)
    if answer.status_code >= 500 or answer.status_code == 429:
        raise requests.HTTPError(f"GitHub answered {answer.status_code}")
    if answer.status_code >= 300:
        raise RetrainError(f"GitHub answered {answer.status_code} to {method} {path}: {_hint(answer.status_code)}")
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "the token may not; it needs contents: write and actions: read"
    return "check the repository and the workflow's file" if status == 404 else "this is not what it expects"
