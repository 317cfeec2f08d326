"""The files that init writes: short, valid, literal whatever names are in them, and never instead of others."""

import string
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import CONFIG_FILE, Goal, RegistryKind, parse_config
from mlops_kit.core.errors import InputError
from mlops_kit.core.onboarding.choices import Choices, Followed, parse_followed, suggest
from mlops_kit.core.onboarding.codeowners import codeowners_text
from mlops_kit.core.onboarding.files import WORKFLOW_FILE, Fate, PlannedFile, plan_example, plan_files
from mlops_kit.core.onboarding.grants import FURTHER, GRANTS
from mlops_kit.core.onboarding.pin import Pin
from mlops_kit.core.onboarding.policy_file import policy_text
from mlops_kit.core.onboarding.survey import FoundMetric, Remote, Survey
from mlops_kit.core.onboarding.workflow_file import workflow_text
from mlops_kit.core.onboarding.yaml_words import quoted, word
from mlops_kit.core.types import EnvironmentName, StageName

ROOT = Path(__file__).resolve().parents[3]
PIN = Pin(commit="0123456789abcdef0123456789abcdef01234567", tag="v1.2.3")
SURVEY = Survey(
    roots=("",),
    root="",
    stages=(StageName("train"),),
    metrics=(
        FoundMetric(path="m.json", key="loss", goal=Goal.MINIMIZE),
        FoundMetric(path="m.json", key="rows", goal=None),
    ),
    remotes=(Remote(name="s", scheme="s3", is_default=True),),
    setup="pip install -r requirements.txt",
)
EVERYTHING = replace(
    suggest(replace(SURVEY, root="models/churn")),
    runner='["self-hosted", "gpu"]',
    owner="@acme/ml",
    followed=parse_followed("dev,qa,staging,production=main"),
)
HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
ON: Any = True
"""YAML 1.1 reads the key `on` as true."""
BRANCH = st.text(string.ascii_letters + string.digits + "'\"{}$()!+@#,&|;%=]-_é", min_size=1, max_size=20).filter(
    lambda name: not name.startswith("-") and "@{" not in name and name not in {"@", "HEAD"}
)


def planned(present: Mapping[str, str] | None = None) -> dict[str, PlannedFile]:
    files = plan_files(SURVEY, EVERYTHING, PIN, present or {})
    return {file.path: file for file in files}


def read(choices: Choices, survey: Survey = SURVEY) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(workflow_text(survey, choices, PIN, minute=17))
    return document


def test_the_workflow_has_at_most_thirty_lines_with_everything_in_it() -> None:
    text = workflow_text(replace(SURVEY, root="models/churn"), EVERYTHING, PIN, minute=59)
    assert len(text.splitlines()) <= 30


@pytest.mark.parametrize(("name", "grants"), [*GRANTS.items(), *FURTHER.items()])
def test_the_grants_are_what_the_called_workflow_needs_and_no_more(name: str, grants: Mapping[str, str]) -> None:
    shipped = yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text("utf-8"))
    needed: dict[str, str] = {}
    for job in shipped["jobs"].values():
        for right, level in job["permissions"].items():
            needed[right] = max(needed.get(right, ""), level)  # `read` comes before `write`
    assert dict(grants) == needed


@pytest.mark.parametrize(("name", "grants"), list(GRANTS.items()))
def test_each_job_hands_on_its_grants(name: str, grants: Mapping[str, str]) -> None:
    assert read(EVERYTHING)["jobs"][name]["permissions"] == dict(grants)


@pytest.mark.parametrize("name", ["review", "promote", "reconcile"])
def test_each_job_says_only_what_the_called_workflow_knows(name: str) -> None:
    shipped = yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text("utf-8"))
    called = shipped[ON]["workflow_call"]
    job = read(EVERYTHING, replace(SURVEY, root="models/churn"))["jobs"][name]
    assert job["with"].keys() <= called["inputs"].keys()
    assert job.get("secrets", {}).keys() <= called.get("secrets", {}).keys()
    needed = {key for key, about in called["inputs"].items() if about.get("required")}
    assert needed <= job["with"].keys()


def test_every_job_calls_one_commit_of_the_kit() -> None:
    for name, job in read(EVERYTHING)["jobs"].items():
        assert job["uses"] == f"mlops-kit/mlops-kit/.github/workflows/{name}.yml@{PIN.commit}"


def test_every_event_has_exactly_one_job() -> None:
    document = read(EVERYTHING)
    events = set(document[ON])
    conditions = " ".join(job["if"] for job in document["jobs"].values())
    assert [event for event in events if conditions.count(f"== '{event}'") != 1] == []


def test_secrets_are_those_that_are_needed() -> None:
    s3 = {"MLFLOW_TRACKING_URI", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert read(EVERYTHING)["jobs"]["promote"]["secrets"].keys() == s3
    bare = replace(EVERYTHING, extra="", registry=RegistryKind.NONE)
    assert "secrets" not in read(bare)["jobs"]["promote"]
    reads = {f"READ_ONLY_{name}" for name in s3 if name.startswith("AWS")}
    assert read(EVERYTHING)["jobs"]["review"]["secrets"].keys() == (s3 | reads) - {"MLFLOW_TRACKING_URI"}
    assert "secrets" not in read(bare)["jobs"]["review"]


def test_a_branch_of_another_name_leads_to_its_environment() -> None:
    (job,) = [job for name, job in read(EVERYTHING)["jobs"].items() if name == "promote"]
    assert job["with"]["environment"] == "${{ github.ref_name == 'main' && 'production' || github.ref_name }}"


@given(branch=BRANCH)
def test_a_branch_is_one_pattern_and_one_text_whatever_it_is_called(branch: str) -> None:
    document = read(replace(EVERYTHING, followed=(Followed(environment="live", branch=branch),)))
    (pattern,) = document[ON]["push"]["branches"]
    assert pattern.replace("\\", "") == branch
    expression = document["jobs"]["promote"]["with"]["environment"]
    doubled = branch.replace("'", "''")
    assert expression == f"${{{{ github.ref_name == '{doubled}' && 'live' || github.ref_name }}}}"


@given(setup=HOSTILE)
def test_a_set_up_command_is_literal(setup: str) -> None:
    found = read(replace(EVERYTHING, setup=setup))["jobs"]["review"]["with"]["setup"]
    assert found.replace("${{ '${{' }}", "${{") == setup
    assert found.count("${{") == 2 * setup.count("${{")


@given(path=HOSTILE, key=HOSTILE)
def test_a_metric_is_named_alone_whatever_it_is_called(path: str, key: str) -> None:
    metric = FoundMetric(path=path, key=key, goal=Goal.MAXIMIZE)
    text = policy_text(replace(SURVEY, metrics=(metric,)), EVERYTHING)
    config = parse_config(text.encode(), file=CONFIG_FILE)
    assert config.policy(path, key).goal is Goal.MAXIMIZE
    assert config.policy(path, f"{key}x").goal is None


@given(text=HOSTILE)
def test_a_word_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(quoted(text)) == text
    assert yaml.safe_load(f"{{a: {word(text)}}}") == {"a": text}
    assert "\n" not in quoted(text)


def test_the_policy_says_what_was_chosen() -> None:
    config = parse_config(policy_text(SURVEY, EVERYTHING).encode(), file=CONFIG_FILE)
    assert [(name, one.branch, one.after) for name, one in config.environments.items()] == [
        ("dev", "dev", None),
        ("qa", "qa", "dev"),
        ("staging", "staging", "qa"),
        ("production", "main", "staging"),
    ]
    assert config.policy("m.json", "loss").goal is Goal.MINIMIZE
    assert config.policy("m.json", "rows").goal is None


def test_the_gate_in_the_comment_is_one_that_holds_when_it_is_let_in() -> None:
    text = policy_text(SURVEY, EVERYTHING).replace("    # gates:", "    gates:").replace("    #   - ", "      - ")
    (gate,) = parse_config(text.encode(), file=CONFIG_FILE).environments[EnvironmentName("qa")].gates
    assert (gate.metric, str(gate.max_rise)) == ("m.json:loss", "2%")


def test_many_metrics_are_cut_and_it_is_said() -> None:
    many = tuple(FoundMetric(path="m.json", key=f"loss{n}", goal=Goal.MINIMIZE) for n in range(99))
    text = policy_text(replace(SURVEY, metrics=many), EVERYTHING)
    assert text.count("goal: minimize") == 30
    assert "and 69 more" in text


def test_what_is_missing_is_created_and_the_same_again_changes_nothing() -> None:
    first = planned()
    assert [file.fate for file in first.values()] == [Fate.CREATED] * 3
    again = plan_files(
        replace(SURVEY, codeowners=".github/CODEOWNERS"),
        EVERYTHING,
        PIN,
        {path: file.new for path, file in first.items()},
    )
    assert [(file.fate, file.diff) for file in again] == [(Fate.UNCHANGED, "")] * 3


def test_what_is_there_is_kept_and_the_difference_shown() -> None:
    file = planned({WORKFLOW_FILE: "name: mine\n"})[WORKFLOW_FILE]
    assert (file.fate, file.is_written) == (Fate.KEPT, False)
    assert "-name: mine\n" in file.diff
    assert "+name: mlops\n" in file.diff


def test_a_file_of_the_example_does_not_replace_one_of_the_same_name() -> None:
    fates = {file.path: file.fate for file in plan_example({"README.md": "a", "dvc.yaml": "b"}, {"README.md": "mine"})}
    assert fates == {"README.md": Fate.KEPT, "dvc.yaml": Fate.CREATED}


def test_owners_are_added_below_what_is_there_once() -> None:
    old = "* @everyone\n/mlops.yaml @somebody"
    new = codeowners_text(old, SURVEY, "@acme/ml")
    assert new.startswith(f"{old}\n\n#")
    assert new.splitlines()[-2:] == ["/.github/ @acme/ml", "/dvc.yaml @acme/ml"]
    assert codeowners_text(new, SURVEY, "@acme/ml") == new


@pytest.mark.parametrize("text", ["v1", "main", "0123456", "0" * 39, "0" * 41, "G" * 40, ""])
def test_a_pin_is_a_full_commit(text: str) -> None:
    with pytest.raises(InputError):
        Pin(commit=text)
