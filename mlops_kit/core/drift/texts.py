"""Free text: a classifier that is asked which side a text is from; where it can tell, the texts are others.

Words are hashed into a sparse matrix and separated by logistic regression; each text is judged by a model that has not
seen it (five folds). The effect is the area under the curve, 0.5 by chance; the p-value is Mann and Whitney's.
"""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import numpy as np

from mlops_kit.core.config import Thresholds
from mlops_kit.core.drift.distances import Distance

AREA = Thresholds(warn=0.6, fail=0.7)
TEXTS = 5_000
"""Texts of a side that are looked at."""
_FOLDS = 5
_FEATURES = 2**14


def compare_texts(reference: Mapping[str, int], current: Mapping[str, int]) -> Distance:
    """How well the sides can be told apart; both have at least as many texts as there are folds."""
    from scipy.stats import mannwhitneyu

    old, new = _draw(reference), _draw(current)
    scores = _score([*old, *new], np.repeat([0, 1], [len(old), len(new)]))
    found = mannwhitneyu(scores[len(old) :], scores[: len(old)], alternative="greater")
    return Distance(effect=float(found.statistic) / (len(old) * len(new)), p_value=float(found.pvalue))


def _draw(counts: Mapping[str, int]) -> list[str]:
    """An even sample of rows, the same one each time."""
    rows = ((crc32(f"{number} {text}".encode()), text) for text, count in counts.items() for number in range(count))
    return [text for _, text in sorted(rows)[:TEXTS]]


def _score(texts: list[str], sides: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """For each text how sure a model that was fitted to the others is that it is a current one."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    features = HashingVectorizer(n_features=_FEATURES, ngram_range=(1, 2)).transform(texts)
    folds = StratifiedKFold(n_splits=_FOLDS, shuffle=True, random_state=0)
    model = LogisticRegression(solver="liblinear", class_weight="balanced", random_state=0)
    found: np.ndarray[Any, Any] = cross_val_predict(model, features, sides, cv=folds, method="decision_function")
    return found
