"""What became of the lock crosses from job to job as a word, and is told as a sentence."""

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.review.lock_return import (
    LockOutcome,
    LockReturn,
    commit_message,
    is_reproduction,
    keeps_from_merging,
    parse_return,
    tell_lock,
)
from mlops_kit.core.types import CommitSha

HEAD, OTHER = CommitSha("a" * 40), CommitSha("b" * 40)
RUN = "https://github.com/acme/churn/actions/runs/5"


def test_the_message_names_run_and_head_and_no_path_of_a_stranger() -> None:
    assert commit_message(HEAD, ("dvc.lock", "evil\n\nMlops-Kit-Reproduced: x"), run_url=RUN) == (
        "Update dvc.lock to what the runner reproduced\n\n"
        f"Commit {HEAD} was reproduced by {RUN}:\n"
        "2 files changed, and the outputs are in the DVC remote.\n\n"
        f"Mlops-Kit-Reproduced: {HEAD}\n"
    )


def test_a_reproduction_is_known_by_its_trailer_and_its_parent() -> None:
    message = commit_message(HEAD, ("dvc.lock",), run_url="")

    assert is_reproduction(message, HEAD)
    assert not is_reproduction(message, OTHER)  # cherry-picked, or rebased
    assert not is_reproduction(message, None)
    assert not is_reproduction(f"Look at Mlops-Kit-Reproduced: {HEAD}", HEAD)


def test_every_outcome_but_the_quiet_one_has_a_sentence() -> None:
    silent = {outcome for outcome in LockOutcome if not tell_lock(outcome)}

    assert silent == {LockOutcome.UNCHANGED}
    assert tell_lock(None) == ""


@pytest.mark.parametrize("outcome", list(LockOutcome))
def test_a_lock_that_a_merge_would_not_bring_keeps_from_merging(outcome: LockOutcome) -> None:
    always = {LockOutcome.OUTDATED, LockOutcome.NO_BYTES, LockOutcome.REFUSED}

    assert keeps_from_merging(outcome, uncommitted=False) is (outcome in always)
    assert keeps_from_merging(outcome, uncommitted=True) is (outcome in always | {LockOutcome.FAILED})


def test_outputs_of_another_job_are_read_back() -> None:
    assert parse_return("", "") is None
    assert parse_return("unchanged", "") == LockReturn(outcome=LockOutcome.UNCHANGED)
    assert parse_return("committed", HEAD) == LockReturn(outcome=LockOutcome.COMMITTED, commit=HEAD)
    with pytest.raises(InputError, match="is not the name of a commit"):
        parse_return("committed", "main")
