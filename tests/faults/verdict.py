"""What must be true after every trial, read from MLflow's server itself and from the log, not through the kit."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from mlops_kit.core.types import EnvironmentName, ModelName, PromotionRecord

DIGEST, DUPLICATE, PUBLISHED = "mlops.digest", "mlops.duplicate_of", "mlops.published"


@dataclass(frozen=True)
class ServerView:
    """What a server of MLflow has of one model."""

    address: str
    model: ModelName

    def read_versions(self) -> dict[str, list[dict[str, Any]]]:
        """The versions of every digest, lowest number first."""
        asked = {"filter": f"name='{self.model}'", "max_results": 1000}
        found = self.ask("model-versions/search", asked).get("model_versions", [])
        ordered = sorted(found, key=lambda one: (tags_of(one).get(DIGEST, ""), int(one["version"])))
        return {digest: list(group) for digest, group in groupby(ordered, key=lambda one: tags_of(one).get(DIGEST, ""))}

    def read_model(self) -> dict[str, Any]:
        """The registered model."""
        found: dict[str, Any] = self.ask("registered-models/get", {"name": self.model})["registered_model"]
        return found

    def read_run(self, run: str) -> dict[str, Any]:
        """A run."""
        found: dict[str, Any] = self.ask("runs/get", {"run_id": run})["run"]
        return found

    def ask(self, call: str, query: Mapping[str, object]) -> dict[str, Any]:
        """Read something."""
        address = f"{self.address}/api/2.0/mlflow/{call}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def tell(self, call: str, sent: Mapping[str, object], *, method: str = "POST") -> dict[str, Any]:
        """Do what a person or another program does."""
        request = urllib.request.Request(
            f"{self.address}/api/2.0/mlflow/{call}",
            data=json.dumps(sent).encode(),
            headers={"content-type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Tags as MLflow gives them, as a mapping."""
    return {tag["key"]: tag["value"] for tag in thing.get("tags", [])}


def check_log(records: Iterable[PromotionRecord]) -> None:
    """Without a gap, a fork, or a record that says wrongly what it replaced."""
    ordered = sorted(records, key=lambda one: (one.model, one.environment, one.seq))
    for place, group in groupby(ordered, key=lambda one: (one.model, one.environment)):
        entries = list(group)
        assert [one.seq for one in entries] == list(range(1, len(entries) + 1)), place
        digests = [None, *(one.digest for one in entries)]
        assert [one.previous for one in entries] == digests[:-1], place


def check_registry(view: ServerView, records: Sequence[PromotionRecord]) -> None:
    """No version lost, one canonical version per digest with all its bytes, every alias on the last record's."""
    versions, model = view.read_versions(), view.read_model()
    assert {str(one.digest) for one in records} <= set(versions), "a version is lost"
    for digest, found in versions.items():
        canonical, *others = found
        assert DUPLICATE not in tags_of(canonical), f"{digest}: the lowest number is called a duplicate"
        assert {tags_of(one).get(DUPLICATE) for one in others} <= {None, canonical["version"]}, digest
        assert PUBLISHED in tags_of(view.read_run(canonical["run_id"])["data"]), f"{digest}: bytes are missing"
    aliases = {one["alias"]: one["version"] for one in model.get("aliases", [])}
    for environment, last in last_records(records).items():
        assert aliases.get(environment) == versions[str(last.digest)][0]["version"], environment
        assert tags_of(model)[f"mlops.env.{environment}"].startswith(f"{last.seq}:"), environment


def last_records(records: Iterable[PromotionRecord]) -> dict[EnvironmentName, PromotionRecord]:
    """The live one of each environment."""
    return {one.environment: one for one in sorted(records, key=lambda one: one.seq)}
