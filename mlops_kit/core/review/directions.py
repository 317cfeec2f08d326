"""Which way is better for a metric whose goal nobody wrote down: guessed from its name, by a list of known words.

A guess colours a table and decides nothing: gates never ask for it. Where a name says two things, or something that
has no better side, there is no guess. docs/report.md shows the same lists; a test compares both.
"""

import re
from collections.abc import Iterable, Iterator

from mlops_kit.core.config import Goal


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DOWN = _words("""
    loss logloss nll bpc deviance perplexity ppl pinball crps regret misclassification
    error errors err mae mse rmse rmsle msle mape smape wape mase medae
    wer cer ter eer fpr fnr fid kid lpips hausdorff chamfer brier ece mce aic bic
    latency duration runtime time seconds secs milliseconds ms size memory rss cost
""")
"""Words of metrics of which less is better."""
UP = _words("""
    accuracy acc auc auroc roc auprc ap precision recall sensitivity specificity tpr tnr
    f1 f2 fbeta fscore r2 map map50 map75 ap50 ap75 ndcg mrr iou miou jaccard dice kappa mcc
    bleu rouge rouge1 rouge2 rougel meteor bertscore psnr ssim pearson spearman silhouette
    throughput qps fps score
""")
"""Words of metrics of which more is better."""
DOWN_PHRASES = frozenset({"cross entropy", "false positive", "false positives", "false negative", "false negatives"})
UP_PHRASES = frozenset({"r squared", "true positive", "true positives", "true negative", "true negatives"})
NEITHER = _words("""
    std stddev stderr var variance sem ci lower upper count counts num support weight weights threshold
    delta diff change gap ratio limit target samples rows range
""")
"""Words beside which a name promises nothing: the spread of a loss is no loss, nor is its weight."""
SIZES_OF_NO_COST = _words("train test val valid validation batch data dataset vocab window sample split")
"""Whose `size` is no cost."""
STATISTICS = _words("""
    mean avg average median min max last best final macro micro weighted train val valid validation test eval holdout
    top1 top3 top5 p50 p90 p95 p99
""")
"""Words that say how or where something was measured: a key that ends in them is named by the part before."""

_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_WEAK = frozenset({"score"})


def assume_goal(key: str) -> Goal | None:
    """The goal that a metric's name suggests; None where it suggests none, or more than one."""
    for words in _last_parts(key):
        if _is_named(words):
            return _judge(words)
        if not set(words) <= STATISTICS and not all(word.isdigit() for word in words):
            return None
    return None


def _last_parts(key: str) -> Iterator[tuple[str, ...]]:
    """The words of the key's parts between dots, the last part first."""
    for part in reversed(key.split(".")):
        yield tuple(word.lower() for word in _WORD.findall(part))


def _is_named(words: tuple[str, ...]) -> bool:
    return bool(_says(words, DOWN, DOWN_PHRASES) or _says(words, UP, UP_PHRASES))


def _judge(words: tuple[str, ...]) -> Goal | None:
    if NEITHER & set(words) or ("size" in words and SIZES_OF_NO_COST & set(words)):
        return None
    down = _says(words, DOWN, DOWN_PHRASES)
    up = _says(words, UP, UP_PHRASES)
    if down and up - _WEAK:
        return None
    return Goal.MINIMIZE if down else Goal.MAXIMIZE


def _says(words: tuple[str, ...], names: Iterable[str], phrases: Iterable[str]) -> set[str]:
    text = f" {' '.join(words)} "
    return set(names) & set(words) | {phrase for phrase in phrases if f" {phrase} " in text}
