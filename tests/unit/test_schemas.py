"""The published schemas: generated from the models, and true of what the kit reads and writes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.promotion.log import record_message
from mlops_kit.core.promotion.status import EnvironmentStatus, ModelStatus, Status
from mlops_kit.core.render.promotion_plan import plan_json
from mlops_kit.core.render.promotion_status import status_json
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.report import Report, Side, report_json
from mlops_kit.core.types import (
    Answer,
    Blocked,
    Change,
    CommitSha,
    Digest,
    EnvironmentName,
    GateAnswer,
    Health,
    ModelName,
    Plan,
    PromotionKind,
    PromotionRecord,
    Sync,
    Verb,
)

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "config",
    "doctor",
    "drift",
    "environment-lock",
    "evaluation",
    "explanation",
    "forecast",
    "hand-over",
    "plan",
    "promotion",
    "report",
    "status",
)
STAGING, MODEL = EnvironmentName("staging"), ModelName("fraud")
DIGEST = Digest(algorithm="md5", value="0cc175b9c0f1b6a831c399e269772661")


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    return loaded


def complaints(name: str, document: object) -> list[str]:
    return [error.json_path for error in Draft202012Validator(schema(name)).iter_errors(document)]


def test_the_schemas_are_what_the_models_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "generate_schemas.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_entry_for_schemastore_names_our_file_and_the_schemas_own_address() -> None:
    entry = json.loads((ROOT / "schemas" / "schemastore.json").read_text())
    assert entry.keys() == {"name", "description", "fileMatch", "url"}
    assert (entry["fileMatch"], entry["url"]) == ([CONFIG_FILE], schema("config")["$id"])


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema_with_its_own_address(name: str) -> None:
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["$id"].endswith(f"/schemas/{name}.schema.json")
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_of_the_configuration_is_described_for_editors() -> None:
    found = schema("config")
    parts = [found, *found["$defs"].values()]
    bare = [key for part in parts for key, about in part.get("properties", {}).items() if "description" not in about]
    assert bare == []


EXAMPLE = """
version: 1
metrics: {"*loss*": {goal: minimize, noise: 0.1}}
environments:
  dev: {branch: dev}
  staging: {branch: s, after: dev, soak: 24h, self-heal: true, gates: [{metric: m, max-drop: 2%, against: live}]}
registry: {kind: none}
"""


def test_a_good_configuration_fits_its_schema() -> None:
    assert complaints("config", parse_yaml(EXAMPLE.encode(), file="f").value) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("version: 1", "version: 2", "$.version"),
        ("metrics:", "metric:", "$"),
        ("staging:", "latest:", "$.environments"),
        ("staging:", "Staging:", "$.environments"),
        ("soak: 24h", "soak: 24", "$.environments.staging.soak"),
        ("max-drop: 2%", "max-drop: -2", "$.environments.staging.gates[0]['max-drop']"),
        ("max-drop: 2%", "level: warn", "$.environments.staging.gates[0]"),
        ("against: live", "against: lief", "$.environments.staging.gates[0].against"),
        ("goal: minimize", "goal: less", "$.metrics['*loss*'].goal"),
        ("self-heal: true", "self_heal: true", "$.environments.staging"),
    ],
)
def test_a_wrong_configuration_does_not_fit_its_schema(old: str, new: str, where: str) -> None:
    text = EXAMPLE.replace(old, new)
    assert [path.replace('"', "'") for path in complaints("config", parse_yaml(text.encode(), file="f").value)] == [
        where
    ]


def test_a_written_plan_fits_its_schema() -> None:
    plan = Plan(
        changes=(Change(environment=STAGING, model=MODEL, verb=Verb.SET_ALIAS, source="", target=str(DIGEST)),),
        blocked=(Blocked(environment=STAGING, model=MODEL, reason="dev first"),),
    )
    assert complaints("plan", json.loads(plan_json(plan))) == []
    assert complaints("plan", {"changes": [{"verb": "destroy"}], "blocked": [], "unknown": []}) != []


def test_a_written_status_fits_its_schema() -> None:
    state = ModelStatus(
        desired=str(DIGEST),
        live=None,
        registry=None,
        serving=None,
        sync=Sync.UNKNOWN,
        health=Health.MISSING,
        message="x",
    )
    found = EnvironmentStatus(
        branch="staging", commit="a" * 40, sync=Sync.UNKNOWN, health=Health.MISSING, models={MODEL: state}
    )
    assert complaints("status", json.loads(status_json(Status(environments={STAGING: found})))) == []


def test_a_written_record_fits_its_schema() -> None:
    record = PromotionRecord(
        model=MODEL,
        environment=STAGING,
        seq=1,
        digest=DIGEST,
        sha256="0" * 64,
        recipe="",
        previous=None,
        kind=PromotionKind.BOOTSTRAP,
        commit=CommitSha("a" * 40),
        gates=(GateAnswer(environment=STAGING, metric="m", rule="m min 1", answer=Answer.PASS, message="fine"),),
    )
    document = json.loads(record_message(record))
    assert complaints("promotion", document) == []
    assert complaints("promotion", {**document, "seq": 0}) == ["$.seq"]


def test_a_written_report_fits_its_schema() -> None:
    side = Side(name="main", commit="a" * 40)
    document = json.loads(report_json(Report(base=side, head=side, environment="staging", verdict=Verdict.PASS)))
    assert complaints("report", document) == []
    assert complaints("report", {**document, "verdict": "fine"}) == ["$.verdict"]
