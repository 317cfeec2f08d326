"""Trials as DVC's experiments: a commit on the one that they start from, and a reference that DVC looks for."""

from collections.abc import Callable

from mlops_kit.core.ports.drafts import Draft, Drafts
from mlops_kit.core.ports.sweeping import Found
from mlops_kit.core.sweep.trial import Trial, describe_settings
from mlops_kit.core.types import CommitSha

_NAMESPACE = "refs/exps"
_SUBJECT_LIMIT = 200


def keep_experiment(
    drafts: Drafts, point: Callable[[str, CommitSha], None], baseline: CommitSha, *, name: str, trial: Trial,
    found: Found,
) -> CommitSha:  # fmt: skip
    """Let DVC know what a trial left; `point` makes a reference lead to a commit. The same again changes none."""
    commit = drafts.make_commit(
        Draft(
            parent=baseline,
            tree=baseline,
            source=baseline,
            files=found.files,
            removed=found.removed,
            message=f"{name}: {_one_line(describe_settings(trial))}\n",
        )
    )
    point(experiment_reference(baseline, name), commit)
    return commit


def experiment_reference(baseline: CommitSha, name: str) -> str:
    """Where DVC looks for the experiment (dvc/repo/experiments/refs.py)."""
    return f"{_NAMESPACE}/{baseline[:2]}/{baseline[2:]}/{name}"


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:_SUBJECT_LIMIT]
