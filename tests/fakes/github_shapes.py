"""What GitHub's answers look like, field by field; compared with githubkit's models in tests/contract."""

TIME = "2026-01-02T03:04:05Z"
Json = dict[str, object]

_USER_LINKS = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
    "received_events",
)  # fmt: skip
_REPOSITORY_LINKS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "git",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "ssh", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
    "clone", "hooks", "svn",
)  # fmt: skip
_REPOSITORY_COUNTS = (
    "forks", "forks_count", "stargazers_count", "watchers_count", "watchers", "open_issues", "open_issues_count",
    "size", "subscribers_count", "network_count",
)  # fmt: skip
_REPOSITORY_FLAGS = (
    "private", "fork", "has_pages", "has_issues", "has_projects", "has_wiki", "has_discussions", "has_downloads",
    "archived", "disabled",
)  # fmt: skip
_PULL_LINKS = (
    "diff", "patch", "issue", "commits", "review_comments", "review_comment", "comments", "statuses",
)  # fmt: skip
_PULL_COUNTS = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")


def user(home: str, login: str) -> Json:
    """A SimpleUser."""
    url = f"{home}/users/{login}"
    return {
        "login": login,
        "id": number_of(login),
        "node_id": f"U_{login}",
        "avatar_url": f"{url}/avatar",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.test/{login}",
        **{f"{name}_url": f"{url}/{name}" for name in _USER_LINKS},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def account(home: str, login: str) -> Json:
    """The PublicUser that `/user` answers."""
    unknown: Json = dict.fromkeys(("name", "company", "location", "email", "hireable", "bio"))
    counts: Json = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return {**user(home, login), **unknown, **counts, "blog": "", "created_at": TIME, "updated_at": TIME}


def repository(home: str, full_name: str) -> Json:
    """A Repository."""
    owner, _, name = full_name.partition("/")
    url = f"{home}/repos/{full_name}"
    return {
        "id": number_of(full_name),
        "node_id": f"R_{name}",
        "name": name,
        "full_name": full_name,
        "owner": user(home, owner),
        "html_url": f"https://github.test/{full_name}",
        "url": url,
        **{f"{link}_url": f"{url}/{link}" for link in _REPOSITORY_LINKS},
        **dict.fromkeys(_REPOSITORY_COUNTS, 0),
        **dict.fromkeys(_REPOSITORY_FLAGS, False),
        **dict.fromkeys(("description", "mirror_url", "homepage", "language", "license")),
        "default_branch": "main",
        "pushed_at": TIME,
        "created_at": TIME,
        "updated_at": TIME,
    }


def pull_request(home: str, full_name: str, wanted: Json) -> Json:
    """A PullRequest; `wanted` has number, head, base, head_branch, base_branch, head_repository (None: gone)."""
    url = f"{home}/repos/{full_name}/pulls/{wanted['number']}"
    origin = wanted["head_repository"]
    author = user(home, str(wanted.get("author", "octocat")))
    links = ("self", "html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses")
    return {
        "id": wanted["number"],
        "node_id": f"PR_{wanted['number']}",
        "number": wanted["number"],
        "url": url,
        "html_url": f"https://github.test/{full_name}/pull/{wanted['number']}",
        **{f"{link}_url": f"{url}/{link}" for link in _PULL_LINKS},
        **dict.fromkeys(_PULL_COUNTS, 0),
        "state": wanted.get("state", "open"),
        "locked": wanted.get("locked", False),
        "title": wanted.get("title", "a change"),
        "body": wanted.get("body"),
        "user": author,
        "labels": [label(home, full_name, name) for name in _names(wanted.get("labels"))],
        **dict.fromkeys(("milestone", "closed_at", "auto_merge", "mergeable", "merged_by")),
        "merged_at": TIME if wanted.get("merged") else None,
        "created_at": TIME,
        "updated_at": TIME,
        "head": {
            "label": f"octocat:{wanted['head_branch']}",
            "ref": wanted["head_branch"],
            "sha": wanted["head"],
            "repo": None if origin is None else repository(home, str(origin)),
            "user": author,
        },
        "base": {
            "label": f"octocat:{wanted['base_branch']}",
            "ref": wanted["base_branch"],
            "sha": wanted["base"],
            "repo": repository(home, full_name),
            "user": author,
        },
        "_links": {link: {"href": f"{url}/{link}"} for link in links},
        "author_association": "CONTRIBUTOR",
        "merged": bool(wanted.get("merged")),
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
    }


def label(home: str, full_name: str, name: str) -> Json:
    """A Label."""
    return {
        "id": number_of(name),
        "node_id": f"LA_{name}",
        "url": f"{home}/repos/{full_name}/labels/{name}",
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
        "archived_by": None,
    }


def check_run(home: str, full_name: str, wanted: Json) -> Json:
    """A CheckRun; `wanted` has what was sent, and id, head_sha and annotations (all that were sent)."""
    url = f"{home}/repos/{full_name}/check-runs/{wanted['id']}"
    output = wanted.get("output")
    about = output if isinstance(output, dict) else {}
    is_over = wanted.get("status") == "completed"
    annotations = wanted["annotations"]
    return {
        "id": wanted["id"],
        "head_sha": wanted["head_sha"],
        "node_id": f"CR_{wanted['id']}",
        "external_id": wanted.get("external_id"),
        "url": url,
        "html_url": f"https://github.test/{full_name}/runs/{wanted['id']}",
        "details_url": wanted.get("details_url"),
        "status": wanted.get("status", "queued"),
        "conclusion": wanted.get("conclusion") if is_over else None,
        "started_at": TIME,
        "completed_at": TIME if is_over else None,
        "output": {
            "title": about.get("title"),
            "summary": about.get("summary"),
            "text": None,
            "annotations_count": len(annotations) if isinstance(annotations, list) else 0,
            "annotations_url": f"{url}/annotations",
        },
        "name": wanted["name"],
        "check_suite": {"id": 1},
        "app": None,
        "pull_requests": [],
    }


def permission(home: str, login: str, role: str) -> Json:
    """A RepositoryCollaboratorPermission; the role `maintain` counts as write."""
    return {
        "permission": {"maintain": "write", "triage": "read"}.get(role, role),
        "role_name": role,
        "user": {**user(home, login), "role_name": role},
    }


def comment(home: str, full_name: str, wanted: Json) -> Json:
    """An IssueComment; `wanted` has id, number, author (None: the account is gone), body."""
    issue = f"{home}/repos/{full_name}/issues/{wanted['number']}"
    author = wanted["author"]
    return {
        "id": wanted["id"],
        "node_id": f"IC_{wanted['id']}",
        "url": f"{home}/repos/{full_name}/issues/comments/{wanted['id']}",
        "html_url": f"https://github.test/{full_name}/pull/{wanted['number']}#issuecomment-{wanted['id']}",
        "issue_url": issue,
        "body": wanted["body"],
        "user": None if author is None else user(home, str(author)),
        "author_association": "NONE",
        "created_at": TIME,
        "updated_at": TIME,
    }


def issue(home: str, full_name: str, wanted: Json) -> Json:
    """An Issue; `wanted` has number, title, body, author, state, state_reason, is_pull_request."""
    url = f"{home}/repos/{full_name}/issues/{wanted['number']}"
    page = f"https://github.test/{full_name}/issues/{wanted['number']}"
    linked = {"url": url, "html_url": page, "diff_url": None, "patch_url": None}
    return {
        "id": 9000 + int(str(wanted["number"])),
        "node_id": f"I_{wanted['number']}",
        "url": url,
        "repository_url": f"{home}/repos/{full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "number": wanted["number"],
        "state": wanted["state"],
        "state_reason": wanted["state_reason"],
        "title": wanted["title"],
        "body": wanted["body"],
        "user": user(home, str(wanted["author"])),
        "labels": [],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": 0,
        "closed_at": TIME if wanted["state"] == "closed" else None,
        "created_at": TIME,
        "updated_at": TIME,
        "author_association": "NONE",
        **({"pull_request": linked} if wanted["is_pull_request"] else {}),
    }


def status(home: str, full_name: str, wanted: Json) -> Json:
    """A Status; `wanted` has id, sha, context, state, description, target_url, creator."""
    return {
        "id": wanted["id"],
        "node_id": f"SC_{wanted['id']}",
        "url": f"{home}/repos/{full_name}/statuses/{wanted['sha']}",
        "avatar_url": None,
        **{key: wanted[key] for key in ("state", "description", "target_url", "context")},
        "created_at": TIME,
        "updated_at": TIME,
        "creator": user(home, str(wanted["creator"])),
    }


def ref(home: str, full_name: str, name: str, sha: str) -> Json:
    """A GitRef to a commit."""
    url = f"{home}/repos/{full_name}/git"
    target = {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"}
    return {"ref": name, "node_id": f"REF_{name}", "url": f"{url}/{name}", "object": target}


def review(home: str, full_name: str, wanted: Json) -> Json:
    """A PullRequestReview; `wanted` has id, number, author (None: the account is gone), state, commit (None: lost)."""
    page = f"https://github.test/{full_name}/pull/{wanted['number']}#pullrequestreview-{wanted['id']}"
    pull = f"{home}/repos/{full_name}/pulls/{wanted['number']}"
    return {
        "id": wanted["id"],
        "node_id": f"PRR_{wanted['id']}",
        "user": None if wanted["author"] is None else user(home, str(wanted["author"])),
        "body": "",
        "state": wanted["state"],
        "html_url": page,
        "pull_request_url": pull,
        "author_association": "MEMBER",
        "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
        "submitted_at": TIME,
        "commit_id": wanted["commit"],
    }


def run_approval(home: str, full_name: str, wanted: Json) -> Json:
    """An EnvironmentApprovals; `wanted` has environments (names), state, author."""
    return {
        "state": wanted["state"],
        "comment": "",
        "environments": [
            {
                "id": number_of(name),
                "node_id": f"EN_{name}",
                "name": name,
                "url": f"{home}/repos/{full_name}/environments/{name}",
                "html_url": f"https://github.test/{full_name}/deployments/{name}",
                "created_at": TIME,
                "updated_at": TIME,
            }
            for name in _names(wanted["environments"])
        ],
        "user": user(home, str(wanted["author"])),
    }


def deployment(home: str, full_name: str, wanted: Json) -> Json:
    """A Deployment; `wanted` has what was sent, and id and creator."""
    url = f"{home}/repos/{full_name}/deployments/{wanted['id']}"
    return {
        "url": url,
        "id": wanted["id"],
        "node_id": f"DE_{wanted['id']}",
        "sha": wanted["ref"],
        "ref": wanted["ref"],
        "task": wanted["task"],
        "payload": wanted["payload"],
        "original_environment": wanted["environment"],
        "environment": wanted["environment"],
        "description": wanted["description"],
        "creator": user(home, str(wanted["creator"])),
        "created_at": TIME,
        "updated_at": TIME,
        "statuses_url": f"{url}/statuses",
        "repository_url": f"{home}/repos/{full_name}",
        "transient_environment": False,
        "production_environment": wanted["production_environment"],
    }


def deployment_status(home: str, full_name: str, wanted: Json) -> Json:
    """A DeploymentStatus; `wanted` has what was sent, and id, deployment (its id) and creator."""
    url = f"{home}/repos/{full_name}/deployments/{wanted['deployment']}"
    return {
        "url": f"{url}/statuses/{wanted['id']}",
        "id": wanted["id"],
        "node_id": f"DES_{wanted['id']}",
        "creator": user(home, str(wanted["creator"])),
        **{key: wanted[key] for key in ("state", "description", "environment", "environment_url", "log_url")},
        "target_url": wanted["log_url"],
        "created_at": TIME,
        "updated_at": TIME,
        "deployment_url": url,
        "repository_url": f"{home}/repos/{full_name}",
    }


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list | tuple) else []


def number_of(name: str) -> int:
    """A stable id for a name."""
    return 1 + sum(position * ord(letter) for position, letter in enumerate(name, start=1))
