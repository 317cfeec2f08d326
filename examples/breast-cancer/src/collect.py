"""Write the measurements as a table: 30 columns per tumour, and whether it was malignant."""

from pathlib import Path

from sklearn.datasets import load_breast_cancer

OUTPUT = Path("data/cells.csv")


def main() -> None:
    """Write data/cells.csv; scikit-learn codes malignant as 0, here it is 1."""
    source = load_breast_cancer(as_frame=True)
    table = source.data.rename(columns=lambda name: name.replace(" ", "_"))
    table["malignant"] = 1 - source.target
    OUTPUT.parent.mkdir(exist_ok=True)
    table.to_csv(OUTPUT, index=False)


if __name__ == "__main__":
    main()
