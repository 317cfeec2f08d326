"""Writes schemas/*.schema.json from the typed models; with --check compares, and leaves with 1 where one is old."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from mlops_kit.core.config import Config
from mlops_kit.core.doctor.finding import Diagnosis
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.drift.schema import DataSchema
from mlops_kit.core.pipeline.forecast import Explanation, Forecast
from mlops_kit.core.promotion.environment_lock import EnvironmentLock
from mlops_kit.core.promotion.log import PromotionDocument
from mlops_kit.core.promotion.status import Status
from mlops_kit.core.review.evaluation import Evaluation
from mlops_kit.core.review.hand_over import HandOver
from mlops_kit.core.review.report import PlanRows, Report
from mlops_kit.core.training.document import Retraining

FOLDER = Path(__file__).resolve().parent.parent / "schemas"
HOME = "https://raw.githubusercontent.com/mlops-kit/mlops-kit/main/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def main() -> int:
    """Write or compare every schema; the process's exit code."""
    texts = {FOLDER / f"{name}.schema.json": render(name, schema) for name, schema in read_schemas().items()}
    if "--check" not in sys.argv[1:]:
        FOLDER.mkdir(exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = sorted(path.name for path, text in texts.items() if not path.is_file() or path.read_text("utf-8") != text)
    if old:
        sys.stderr.write(f"not what the models say: {', '.join(old)}; run: make schemas\n")
    return 1 if old else 0


def read_schemas() -> Mapping[str, dict[str, object]]:
    """Name to JSON Schema: what people write (mlops.yaml, rules for data), and what the kit does."""
    written = {
        "report": Report,
        "evaluation": Evaluation,
        "forecast": Forecast,
        "explanation": Explanation,
        "plan": PlanRows,
        "status": Status,
        "promotion": PromotionDocument,
        "environment-lock": EnvironmentLock,
        "doctor": Diagnosis,
        "hand-over": HandOver,
        "retrain": Retraining,
        "drift": DriftReport,
    }
    read = {"config": Config, "data-schema": DataSchema}
    return {name: model.model_json_schema(by_alias=True, mode="validation") for name, model in read.items()} | {
        name: TypeAdapter(model).json_schema(by_alias=True, mode="serialization") for name, model in written.items()
    }


def render(name: str, schema: Mapping[str, object]) -> str:
    """A schema as it is kept: sorted, with its address, title and a line end."""
    head = {"$schema": DIALECT, "$id": f"{HOME}/{name}.schema.json", "title": f"mlops-kit {name}"}
    return json.dumps({**schema, **head}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
