"""What a real MLflow holds, read and changed over its REST interface by somebody who is not the kit."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

LIMIT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The server's own address, and the one that jobs are given."""

    direct: str
    address: str

    def clear(self) -> None:
        """Delete every registered model."""
        while models := self._models():
            for model in models:
                self._ask("DELETE", "registered-models/delete", {"name": model["name"]})

    def aliases(self) -> dict[str, str]:
        """Alias to the version's number."""
        return {entry["alias"]: entry["version"] for model in self._models() for entry in model.get("aliases", [])}

    def move_alias(self, name: str, version: str) -> None:
        """What somebody does by hand."""
        (model,) = self._models()
        self._ask("POST", "registered-models/alias", {"name": model["name"], "alias": name, "version": version})

    def lines(self) -> list[str]:
        """Each version with its aliases and digest."""
        told = []
        for model in self._models():
            asked = f"model-versions/search?filter=name%3D%27{model['name']}%27"
            for version in sorted(
                self._ask("GET", asked).get("model_versions", []), key=lambda one: int(one["version"])
            ):
                aliases = [one["alias"] for one in model.get("aliases", []) if one["version"] == version["version"]]
                tags = {tag["key"]: tag["value"] for tag in version.get("tags", [])}
                told.append(f"{model['name']} {version['version']} {tags.get('mlops.digest')} {sorted(aliases)}")
        return told

    def _models(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "registered-models/search").get("registered_models", [])
        return found

    def _ask(self, method: str, call: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            f"{self.direct}/api/2.0/mlflow/{call}", data, {"content-type": "application/json"}, method=method
        )
        with urlopen(request, timeout=LIMIT_SECONDS) as answer:
            value: dict[str, Any] = json.load(answer)
            return value
