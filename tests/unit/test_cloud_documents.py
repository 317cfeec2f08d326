"""The page about clouds: its documents parse, its trust names repository and environment, its examples exist."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CLOUD = (ROOT / "docs" / "cloud.md").read_text("utf-8")
SUBJECT = "repo:acme/churn:environment:production"


def test_the_policies_are_json_and_grant_no_deletion_and_no_other_prefix() -> None:
    trust, rights = (json.loads(block) for block in re.findall(r"^```json\n(.*?)```", CLOUD, re.DOTALL | re.MULTILINE))

    (statement,) = trust["Statement"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == SUBJECT
    actions = {str(action) for one in rights["Statement"] for action in (one["Action"], one["Resource"])}
    assert not re.search(r"Delete|s3:\*|:::\*", str(actions))


def test_all_three_clouds_are_bound_to_the_same_subject() -> None:
    assert CLOUD.count(SUBJECT) == 3


def test_the_examples_name_the_inputs_that_the_workflow_has() -> None:
    workflow = {str(key): value for key, value in yaml.safe_load(_read("promote-cloud.yml")).items()}
    known = workflow["True"]["workflow_call"]["inputs"]

    for cloud in ("aws", "gcp", "azure"):
        (job,) = yaml.safe_load((ROOT / "examples" / "workflows" / f"promote-{cloud}.yml").read_text())["jobs"].values()
        assert set(job["with"]) <= set(known)
        assert any(name.startswith(f"{cloud}-") for name in job["with"])


def _read(name: str) -> str:
    return (ROOT / ".github" / "workflows" / name).read_text()
