"""What the shipped workflows declare: triggers, permissions, guards, pins; and that act runs what is shipped."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_kit import __version__
from tests.e2e import prepare

KIT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((KIT / ".github" / "workflows").glob("*.yml"))
EXAMPLES = sorted((KIT / "examples" / "workflows").glob("*.yml"))
ACTIONS = [KIT / "action.yml", KIT / prepare.OWN_ACTION / "action.yml"]
ALL_ACTIONS = [*ACTIONS, KIT / prepare.AZURE / "action.yml"]
OWN = tuple(f"$/{action}" for action in (prepare.OWN_ACTION, prepare.AZURE))
BIN = Path(sys.executable).parent
READ = {"contents": "read"}
PROMOTE = {"contents": "write", "deployments": "write", "pull-requests": "write", "actions": "read"}
POST = {"contents": "write", "pull-requests": "write", "checks": "write", "statuses": "write"}
PROPOSE = {"contents": "write", "pull-requests": "write"}
WATCH = {"contents": "read", "issues": "write"}
IDENTITY = {"id-token": "write"}
PERMISSIONS: dict[str, dict[str, dict[str, str]]] = {
    "ci.yml": {"check": READ},
    "drift.yml": {"drift": WATCH},
    "promote.yml": {"promote": PROMOTE},
    "promote-cloud.yml": {"promote": {**IDENTITY, **PROMOTE}},
    "reconcile.yml": {"reconcile": PROMOTE},
    "release.yml": {
        "build": READ,
        "attest": {"id-token": "write", "attestations": "write"},
        "publish": {"id-token": "write"},
        "announce": {"contents": "write"},
    },
    "retrain.yml": {"retrain": READ, "propose": PROPOSE},
    "rollback.yml": {"rollback": PROPOSE},
    "runner.yml": {"launch": {}},
    "review.yml": {
        "begin": {"checks": "write"},
        "reproduce": READ,
        "commit": {"contents": "write"},
        "comment": POST,
        "prune": {"contents": "write"},
    },
}
GRANTS = {
    "drift.yml": WATCH,
    "promote.yml": PROMOTE,
    "reconcile.yml": PROMOTE,
    "retrain.yml": PROPOSE,
    "review.yml": POST,
    "rollback.yml": PROPOSE,
}
CONCURRENCY = {
    "ci.yml": {"cancel-in-progress": True},
    "drift.yml": {"cancel-in-progress": False},
    "promote.yml": {"cancel-in-progress": False, "queue": "max"},
    "promote-cloud.yml": {"cancel-in-progress": False, "queue": "max"},
    "reconcile.yml": {"cancel-in-progress": False},
    "release.yml": {"cancel-in-progress": False},
    "retrain.yml": {"cancel-in-progress": False},
    "rollback.yml": {"cancel-in-progress": False},
    "runner.yml": {"cancel-in-progress": False},
    "review.yml": {"cancel-in-progress": True},
}
GUARDED = "${{ inputs.environment }}"
ENVIRONMENTS = {
    "promote.yml": {"promote": GUARDED},
    "promote-cloud.yml": {"promote": GUARDED},
    "reconcile.yml": {"reconcile": GUARDED},
    "runner.yml": {"launch": GUARDED},
    "release.yml": {"publish": "pypi"},
}
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
UNGUARDED_SECRETS = {
    ("drift.yml", "drift"): {"HEARTBEAT_URL", *(f"READ_ONLY_{name}" for name in AWS)},
    ("retrain.yml", "retrain"): {f"READ_ONLY_{name}" for name in AWS},
    ("retrain.yml", "propose"): {"APP_PRIVATE_KEY", "HEARTBEAT_URL", *AWS},
    ("rollback.yml", "rollback"): {"APP_PRIVATE_KEY"},
    ("review.yml", "reproduce"): {f"READ_ONLY_{name}" for name in AWS},
    ("review.yml", "commit"): {"COMMIT_TOKEN", *AWS},
}
"""A GitHub environment's reviewers would have to approve every pull request's run."""
CALLED = {"workflow_call"}
TRIGGERS = {
    "ci.yml": {"pull_request", "push"},
    "release.yml": {"push"},
    **dict.fromkeys(("promote.yml", "promote-cloud.yml", "reconcile.yml", "review.yml"), CALLED),
    **dict.fromkeys(("drift.yml", "retrain.yml", "rollback.yml", "runner.yml"), CALLED),
}
EXAMPLE_TRIGGERS = {
    "drift.yml": {"schedule", "workflow_dispatch"},
    "promote.yml": {"push"},
    "promote-aws.yml": {"push"},
    "promote-azure.yml": {"push"},
    "promote-gcp.yml": {"push"},
    "reconcile.yml": {"schedule", "workflow_dispatch"},
    "review.yml": {"pull_request", "merge_group"},
    "review-gpu.yml": {"pull_request"},
    "review-post.yml": {"workflow_run"},
    "review-untrusted.yml": {"pull_request"},
    "retrain.yml": {"schedule", "workflow_dispatch", "repository_dispatch"},
    "rollback.yml": {"workflow_dispatch"},
}


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job.get("steps", [])]


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


@named(WORKFLOWS)
def test_each_job_has_the_permissions_it_was_reviewed_with(path: Path) -> None:
    workflow = read(path)

    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == PERMISSIONS[path.name]


@named(WORKFLOWS)
def test_runs_wait_or_cancel_as_reviewed(path: Path) -> None:
    concurrency = dict(read(path)["concurrency"])
    concurrency.pop("group")

    assert concurrency == CONCURRENCY[path.name]


def triggers(path: Path) -> set[str]:
    on = {str(key): value for key, value in read(path).items()}["True"]  # YAML 1.1 reads the key `on` as true
    return {on} if isinstance(on, str) else set(on)


@named(WORKFLOWS)
def test_each_workflow_begins_as_reviewed(path: Path) -> None:
    assert triggers(path) == TRIGGERS[path.name]


@named(EXAMPLES)
def test_each_example_begins_as_reviewed(path: Path) -> None:
    assert triggers(path) == EXAMPLE_TRIGGERS[path.name]


@named(WORKFLOWS)
def test_jobs_run_in_the_github_environments_they_were_reviewed_with(path: Path) -> None:
    jobs = read(path)["jobs"]

    assert {name: job["environment"] for name, job in jobs.items() if "environment" in job} == ENVIRONMENTS.get(
        path.name, {}
    )


@named(WORKFLOWS)
def test_secrets_are_used_only_where_a_github_environment_can_guard_them(path: Path) -> None:
    for name, job in read(path)["jobs"].items():
        used = set(re.findall(r"secrets\.(\w+)", str(job)))
        assert "environment" in job or used <= UNGUARDED_SECRETS.get((path.name, name), set())


@named([path for path in WORKFLOWS if path.name not in ("ci.yml", "release.yml")])
def test_every_input_says_its_type_and_meaning(path: Path) -> None:
    on: dict[str, Any] = {str(key): value for key, value in read(path).items()}["True"]
    for about in on["workflow_call"]["inputs"].values():
        assert about["type"] in ("string", "number", "boolean")
        assert about["description"].endswith(".")
        assert "default" in about or about["required"] is True


def test_an_example_grants_its_workflow_what_that_asks_for() -> None:
    for path in EXAMPLES:
        for job in read(path)["jobs"].values():
            called = job.get("uses", "").partition("@")[0].rpartition("/")[2]
            asked = [right for rights in PERMISSIONS.get(called, {}).values() for right in rights.items()]
            if called:
                assert job["permissions"] == dict(sorted(asked, key=lambda right: right[1] == "write"))


@named(WORKFLOWS)
def test_every_job_has_a_time_limit_and_no_checkout_keeps_its_token(path: Path) -> None:
    assert all("timeout-minutes" in job for job in read(path)["jobs"].values())
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@named([*WORKFLOWS, *ALL_ACTIONS])
def test_no_expression_stands_in_a_script(path: Path) -> None:
    document = read(path)
    found = steps(path) if "jobs" in document else document["runs"]["steps"]

    scripts = [step["run"] for step in found if "run" in step]
    assert all("${{" not in script for script in scripts)
    assert all(step.get("shell") == "bash" for step in found if "run" in step)
    assert all(len(script.splitlines()) <= 5 for script in scripts)


@named(WORKFLOWS)
def test_every_action_is_the_kits_own_or_pinned(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    foreign = [name for name in used if name not in OWN]

    assert used
    assert len(foreign) == len(prepare._PIN.findall("\n".join(f"uses: {name}" for name in foreign)))


def test_the_token_is_given_to_no_job_that_runs_a_pull_requests_code() -> None:
    jobs = read(KIT / ".github/workflows/review.yml")["jobs"]

    assert set(re.findall(r"secrets\.(\w+)", str(jobs["reproduce"]))) == {
        "READ_ONLY_AWS_ACCESS_KEY_ID",
        "READ_ONLY_AWS_SECRET_ACCESS_KEY",
    }
    assert "token" not in str(jobs["reproduce"])
    assert "secrets" not in str(jobs["comment"])
    for trusted in ("commit", "comment"):
        assert "head.sha" not in str(jobs[trusted])


def test_a_retraining_is_proposed_by_a_job_that_runs_nothing_of_it() -> None:
    jobs = read(KIT / ".github/workflows/retrain.yml")["jobs"]
    (train,), (propose,) = (
        [step["with"]["command"] for step in jobs[name]["steps"] if "command" in step.get("with", {})]
        for name in ("retrain", "propose")
    )

    assert train.startswith("retrain --hand-over mlops-kit-retraining ")
    assert propose.startswith("retrain --propose mlops-kit-retraining ")
    assert "token" not in str(jobs["retrain"])
    assert "inputs.setup" not in str(jobs["propose"])
    assert "inputs.arguments" not in propose
    assert {step["with"]["ref"] for job in jobs.values() for step in job["steps"] if "ref" in step.get("with", {})} == {
        "${{ inputs.branch }}"
    }


def test_the_lock_is_committed_for_branches_of_the_repository_alone_and_only_after_a_run_that_went_well() -> None:
    jobs = read(KIT / ".github/workflows/review.yml")["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"

    assert jobs["commit"]["if"].split(" && ") == [
        "github.event_name == 'pull_request'",
        "needs.reproduce.outputs.reproduced == 'success'",
        own,
    ]
    (over,) = [step for step in jobs["reproduce"]["steps"] if step.get("id") == "hand-lock-over"]
    assert own in over["if"]
    assert "always" not in over["if"]


def test_a_job_on_runners_of_ones_own_is_guarded_against_forks() -> None:
    job = read(KIT / ".github/workflows/review.yml")["jobs"]["reproduce"]

    assert job["runs-on"] == "${{ fromJSON(inputs.runner) }}"
    closed, _, rest = job["if"].partition(" && (")
    assert closed == "github.event.action != 'closed'"
    assert rest.rstrip(")").strip().split(" || ") == [
        "github.event_name == 'merge_group'",
        "github.event.pull_request.head.repo.full_name == github.repository",
        "inputs.runner == '\"ubuntu-latest\"'",
        "inputs.allow-forks",
    ]


def test_the_workflows_own_action_is_the_published_one() -> None:
    published, own = (read(path) for path in ACTIONS)

    assert (own["inputs"], own["outputs"]) == (published["inputs"], published["outputs"])
    (ours,), (theirs,) = own["runs"]["steps"], published["runs"]["steps"]
    assert ours == {**theirs, "run": theirs["run"].replace("PATH/bin", "PATH/../../../bin")}


def test_a_check_is_begun_only_where_it_will_be_ended() -> None:
    jobs = read(KIT / ".github/workflows/review.yml")["jobs"]

    assert jobs["begin"]["if"] == jobs["reproduce"]["if"]
    assert jobs["comment"]["needs"] == ["begin", "reproduce", "commit"]
    assert "always()" in jobs["comment"]["if"]


def test_pruning_runs_for_closed_pull_requests_alone_and_checks_out_nothing() -> None:
    job = read(KIT / ".github/workflows/review.yml")["jobs"]["prune"]
    example = (KIT / "examples/workflows/review.yml").read_text()

    assert "github.event.action == 'closed'" in job["if"]
    assert [step["uses"] for step in job["steps"]] == [f"$/{prepare.OWN_ACTION}"]
    assert "types: [opened, synchronize, reopened, closed]" in example


def test_the_half_that_runs_a_pull_requests_code_has_no_rights_and_the_other_checks_nothing_of_it_out() -> None:
    untrusted, post = (read(KIT / "examples/workflows" / name) for name in ("review-untrusted.yml", "review-post.yml"))

    assert (untrusted["permissions"], post["permissions"]) == ({}, {})
    assert untrusted["jobs"]["reproduce"]["permissions"] == READ
    assert "token" not in str(untrusted)
    assert "secrets" not in str(untrusted) + str(post)
    assert post["jobs"]["comment"]["permissions"] == {
        "actions": "read", "contents": "read", "pull-requests": "write", "checks": "write",
    }  # fmt: skip
    assert "head_sha" not in str(post)
    assert "head.sha" not in str(post)
    checkouts = [step for step in post["jobs"]["comment"]["steps"] if "checkout" in step.get("uses", "")]
    assert [step["with"] for step in checkouts] == [{"fetch-depth": 0, "persist-credentials": False}]


def test_the_two_halves_know_each_other_by_name() -> None:
    untrusted, post = (read(KIT / "examples/workflows" / name) for name in ("review-untrusted.yml", "review-post.yml"))

    triggers = {str(key): value for key, value in post.items()}["True"]  # YAML 1.1 reads the key `on` as true
    assert triggers == {"workflow_run": {"workflows": [untrusted["name"]], "types": ["completed"]}}
    pins = set(prepare.pinned_actions())
    for step in [step for job in (untrusted, post) for one in job["jobs"].values() for step in one["steps"]]:
        name, _, version = step.get("uses", "").partition("@")
        assert (name, version) in pins | {("mlops-kit/mlops-kit", f"v{__version__}"), ("", "")}


@named([path for path in EXAMPLES if path.name in GRANTS])
def test_an_example_is_short_and_grants_what_its_jobs_need(path: Path) -> None:
    example = read(path)
    (job,) = example["jobs"].values()

    assert len(path.read_text().splitlines()) <= 20
    assert example["permissions"] == {}
    assert job["permissions"] == GRANTS[path.name]
    assert job["uses"] == f"mlops-kit/mlops-kit/.github/workflows/{path.name}@v{__version__}"


@named(WORKFLOWS)
def test_act_runs_what_is_shipped_but_for_two_keys(path: Path) -> None:
    shipped = path.read_text()
    prepared = prepare.transform(shipped)

    prepare.check_transform(shipped, prepared)
    changed = [old.strip() for old, new in zip(shipped.split("\n"), prepared.split("\n"), strict=True) if old != new]
    assert set(changed) <= {*(f"uses: {name}" for name in OWN), "queue: max"}


def test_another_change_would_be_noticed() -> None:
    shipped = "permissions: {}\n  queue: max\n"

    with pytest.raises(AssertionError):
        prepare.check_transform(shipped, shipped.replace("{}", "write-all"))


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-actions", ALL_ACTIONS), ("vendor.github-workflows", [*WORKFLOWS, *EXAMPLES])],
)
def test_the_files_fit_githubs_schemas(schema: str, paths: list[Path]) -> None:
    words = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, *map(str, paths)]

    subprocess.run(words, check=True, capture_output=True)


def test_the_auditor_finds_nothing() -> None:
    files = [*ALL_ACTIONS, KIT / ".github" / "workflows"]
    words = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "auditor", *map(str, files)]

    done = subprocess.run(words, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_the_auditor_finds_in_the_examples_only_what_has_a_reason() -> None:
    words = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "auditor"]

    done = subprocess.run(
        [*words, "--config", KIT / "examples/zizmor.yml", *EXAMPLES], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout
