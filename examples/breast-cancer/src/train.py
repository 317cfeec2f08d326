"""Train one family of classifiers: python src/train.py linear|forest|boosting."""

import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import yaml
from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def linear(settings: dict[str, Any], seed: int) -> ClassifierMixin:
    """Logistic regression on standardised measurements; the regularisation is scikit-learn's 1 / C."""
    model = LogisticRegression(C=1 / settings["regularisation"], max_iter=1000, random_state=seed)
    return make_pipeline(StandardScaler(), model)


def forest(settings: dict[str, Any], seed: int) -> ClassifierMixin:
    """A random forest."""
    return RandomForestClassifier(settings["trees"], max_depth=settings["depth"], random_state=seed)


def boosting(settings: dict[str, Any], seed: int) -> ClassifierMixin:
    """Gradient-boosted trees."""
    return GradientBoostingClassifier(
        n_estimators=settings["rounds"],
        max_depth=settings["depth"],
        learning_rate=settings["learning_rate"],
        random_state=seed,
    )


FAMILIES = {"linear": linear, "forest": forest, "boosting": boosting}


def main(family: str) -> None:
    """Write models/<family>.joblib."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    table = pd.read_csv("data/train.csv")
    model = FAMILIES[family](params[family], params["seed"])
    model.fit(table.drop(columns="malignant"), table["malignant"])
    output = Path("models") / f"{family}.joblib"
    output.parent.mkdir(exist_ok=True)
    joblib.dump(model, output)


if __name__ == "__main__":
    main(sys.argv[1])
