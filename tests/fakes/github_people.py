"""The fake GitHub's reviews of pull requests, approvals of runs, and pull requests that programs open."""

import re
from typing import TYPE_CHECKING

from tests.fakes import github_shapes as shapes

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Answer, Call


def _list_reviews(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    github, number = call.github, int(found["number"])
    if number not in github.pulls:
        raise call.refusal(404, "Not Found")
    there = [entry for _, entry in sorted(github.reviews.items()) if entry["number"] == number]
    return call.page(there, shapes.review)


def _list_run_approvals(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    github, run = call.github, int(found["run"])
    if run not in github.run_approvals:
        raise call.refusal(404, "Not Found")
    return call.page(github.run_approvals[run], shapes.run_approval)


def _open_pull(call: "Call", account: "Account", _found: re.Match[str]) -> "Answer":
    call.require("pull-requests: write")
    github, sent = call.github, call.sent
    head, base = sent.get("head"), sent.get("base")
    if not (isinstance(head, str) and isinstance(base, str) and sent.get("title")):
        raise call.refusal(422, "Validation Failed")
    if account.login == "github-actions[bot]" and not github.bots_may_open:
        raise call.refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    there = [(one["head_branch"], one["base_branch"], one["state"]) for one in github.pulls.values()]
    if (head, base, "open") in there:
        raise call.refusal(422, f"Validation Failed: A pull request already exists for acme:{head}.")
    number = max(github.pulls, default=0) + 1
    github.add_pull_request(
        number, head_branch=head, base_branch=base, title=sent["title"], body=sent.get("body"), author=account.login
    )
    return call.reply(201, shapes.pull_request(github.url, github.repository, github.pulls[number]))


def _change_pull(call: "Call", _account: "Account", found: re.Match[str]) -> "Answer":
    call.require("pull-requests: write")
    github, number, state = call.github, int(found["number"]), call.sent.get("state")
    if number not in github.pulls:
        raise call.refusal(404, "Not Found")
    if state not in {"open", "closed"}:
        raise call.refusal(422, "Validation Failed")
    github.pulls[number]["state"] = state
    return call.reply(200, shapes.pull_request(github.url, github.repository, github.pulls[number]))


PEOPLE_ROUTES = (
    ("PATCH", r"/pulls/(?P<number>\d+)", _change_pull),
    ("GET", r"/pulls/(?P<number>\d+)/reviews", _list_reviews),
    ("GET", r"/actions/runs/(?P<run>\d+)/approvals", _list_run_approvals),
    ("POST", r"/pulls", _open_pull),
)
