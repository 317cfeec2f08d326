"""Evaluate the classifier on the test set: metrics, ROC curve, calibration curve."""

import json
from pathlib import Path

import joblib
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, recall_score, roc_auc_score, roc_curve

REPORTS = Path("reports")


def main() -> None:
    """Write reports/metrics.json, reports/roc.csv and reports/calibration.csv."""
    table = pd.read_csv("data/test.csv")
    answers = table["malignant"]
    model = joblib.load("models/classifier.joblib")
    risks = model.predict_proba(table.drop(columns="malignant"))[:, 1]
    REPORTS.mkdir(exist_ok=True)
    text = json.dumps(measure(answers, risks), indent=2)
    (REPORTS / "metrics.json").write_text(text + "\n", encoding="utf-8")
    write_roc(answers, risks)
    write_calibration(answers, risks)


def measure(answers: pd.Series, risks: pd.Series) -> dict[str, float]:
    """How good the predicted risks are; a tumour is called malignant at a risk of one half."""
    calls = risks >= 0.5
    metrics = {
        "accuracy": accuracy_score(answers, calls),
        "recall": recall_score(answers, calls),
        "roc_auc": roc_auc_score(answers, risks),
        "log_loss": log_loss(answers, risks),
        "brier_score": brier_score_loss(answers, risks),
    }
    return {name: round(float(value), 4) for name, value in metrics.items()}


def write_roc(answers: pd.Series, risks: pd.Series) -> None:
    """Write the points of the ROC curve."""
    false_positives, true_positives, _ = roc_curve(answers, risks)
    points = pd.DataFrame({"false_positive_rate": false_positives, "true_positive_rate": true_positives})
    points.round(4).to_csv(REPORTS / "roc.csv", index=False)


def write_calibration(answers: pd.Series, risks: pd.Series) -> None:
    """Write predicted against observed shares of malignant tumours, in ten bins of equal width."""
    observed, predicted = calibration_curve(answers, risks, n_bins=10)
    points = pd.DataFrame({"predicted": predicted, "observed": observed})
    points.round(4).to_csv(REPORTS / "calibration.csv", index=False)


if __name__ == "__main__":
    main()
