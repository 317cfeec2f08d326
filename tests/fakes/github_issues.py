"""The fake GitHub's issues."""

import re
from typing import TYPE_CHECKING

from tests.fakes import github_shapes as shapes

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Answer, Call


def _list_issues(call: "Call", _account: "Account", _found: re.Match[str]) -> "Answer":
    """GitHub lists pull requests among the issues."""
    call.require("issues: write")
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    there = [
        entry
        for _, entry in sorted(call.github.issues.items(), reverse=True)
        if state in ("all", entry["state"]) and creator in (None, entry["author"])
    ]
    return call.page(there, shapes.issue)


def _create_issue(call: "Call", account: "Account", _found: re.Match[str]) -> "Answer":
    call.require("issues: write")
    github = call.github
    number = max((*github.issues, *github.pulls), default=0) + 1
    github.add_issue(number, title=call.text("title"), body=call.text("body"), author=account.login)
    return call.reply(201, shapes.issue(github.url, github.repository, github.issues[number]))


def _change_issue(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    call.require("issues: write")
    entry = call.github.issues.get(int(found["number"]))
    if entry is None:
        raise call.refusal(404, "Not Found")
    sent: dict[str, str] = {
        key: call.text(key) for key in ("title", "body", "state", "state_reason") if key in call.sent
    }
    if sent.get("state", "open") not in {"open", "closed"} or sent.get("state_reason", "completed") not in REASONS:
        raise call.refusal(422, "Validation Failed")
    entry.update(sent)
    return call.reply(200, shapes.issue(call.github.url, call.github.repository, entry))


REASONS = frozenset({"completed", "not_planned", "reopened"})
ISSUE_ROUTES = (
    ("GET", r"/issues", _list_issues),
    ("POST", r"/issues", _create_issue),
    ("PATCH", r"/issues/(?P<number>\d+)", _change_issue),
)
