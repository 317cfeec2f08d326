"""The fake GitHub's repository_dispatch, and the workflow runs that it starts: listed late, and ended after a while."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.github_settings import list_scheduled_runs, show_run
from tests.fakes.github_shapes import Json

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Answer, Call

TYPE_LIMIT = 100
PAYLOAD_KEYS = 10


@dataclass
class Dispatched:
    """The runs that were started; each listing and reading lets them go on by one of `states`."""

    runs: list[Json] = field(default_factory=list)
    states: tuple[str, ...] = ("hidden", "queued", "in_progress", "completed")
    conclusion: str = "success"


def _dispatch(call: "Call", account: "Account", _found: re.Match[str]) -> "Answer":
    call.require_write(account)
    kind, payload = call.text("event_type"), call.sent.get("client_payload", {})
    if len(kind) > TYPE_LIMIT or not isinstance(payload, dict) or len(payload) > PAYLOAD_KEYS:
        raise call.refusal(422, "Validation Failed")
    title = f"Retrain {payload.get('request', '')}"
    call.github.dispatched.runs.append({"id": call.github.new_id(), "title": title, "age": 0})
    return call.reply(204, None)


def _list_runs(call: "Call", account: "Account", found: re.Match[str]) -> "Answer":
    if call.query.get("event") != "repository_dispatch":
        return list_scheduled_runs(call, account, found)
    shown = [_go_on(call, run) for run in reversed(call.github.dispatched.runs)]
    runs = [run for run in shown if run["status"] != "hidden"]
    return call.reply(200, {"total_count": len(runs), "workflow_runs": runs})


def _read_run(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    for run in call.github.dispatched.runs:
        if str(run["id"]) == found["id"]:
            return call.reply(200, _go_on(call, run))
    raise call.refusal(404, "Not Found")


def _go_on(call: "Call", run: Json) -> Json:
    """The run as it is now; the next look finds it further on."""
    dispatched = call.github.dispatched
    age = int(str(run["age"]))
    run["age"] = age + 1
    state = dispatched.states[min(age, len(dispatched.states) - 1)]
    return {
        **show_run(call, "2026-01-02T03:04:05Z"),
        "id": run["id"], "display_title": run["title"], "event": "repository_dispatch", "status": state,
        "conclusion": dispatched.conclusion if state == "completed" else None,
        "html_url": f"https://github.test/{call.github.repository}/actions/runs/{run['id']}",
    }  # fmt: skip


DISPATCH_ROUTES = (
    ("POST", r"/dispatches", _dispatch),
    ("GET", r"/actions/workflows/(?P<file>[^/]+)/runs", _list_runs),
    ("GET", r"/actions/runs/(?P<id>\d+)", _read_run),
)
