"""Split the measurements into a test set and a training set, each with the same share of malignant tumours."""

from pathlib import Path

import pandas as pd
import yaml
from sklearn.model_selection import train_test_split


def main() -> None:
    """Write data/train.csv and data/test.csv."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    sizes, seed = params["split"], params["seed"]
    table = pd.read_csv("data/cells.csv")
    rest, test = train_test_split(
        table, test_size=sizes["test_fraction"], stratify=table["malignant"], random_state=seed
    )
    train = rest.groupby("malignant").sample(frac=sizes["train_fraction"], random_state=seed).sort_index()
    train.to_csv("data/train.csv", index=False)
    test.sort_index().to_csv("data/test.csv", index=False)


if __name__ == "__main__":
    main()
