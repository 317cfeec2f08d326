"""Choose the classifier: the candidate with the lowest cross-validated log loss on the training set."""

import json
import shutil
from pathlib import Path

import joblib
import pandas as pd
import yaml
from sklearn.model_selection import StratifiedKFold, cross_val_score

CANDIDATES = ("linear", "forest", "boosting")


def main() -> None:
    """Write models/classifier.joblib and reports/candidates.json."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    table = pd.read_csv("data/train.csv")
    folds = StratifiedKFold(params["choose"]["folds"], shuffle=True, random_state=params["seed"])
    losses = {name: validation_loss(name, table, folds) for name in CANDIDATES}
    best = min(losses, key=losses.__getitem__)
    shutil.copyfile(f"models/{best}.joblib", "models/classifier.joblib")
    report = {"chosen": best, "validation_log_loss": losses}
    Path("reports").mkdir(exist_ok=True)
    Path("reports/candidates.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def validation_loss(name: str, table: pd.DataFrame, folds: StratifiedKFold) -> float:
    """The mean log loss of a candidate's settings over the folds, each time trained afresh."""
    model = joblib.load(f"models/{name}.joblib")
    rows, answers = table.drop(columns="malignant"), table["malignant"]
    scores = cross_val_score(model, rows, answers, cv=folds, scoring="neg_log_loss")
    return round(float(-scores.mean()), 6)


if __name__ == "__main__":
    main()
