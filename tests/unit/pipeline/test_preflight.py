"""A dvc.lock is judged before DVC reads it; DVC takes two thirds of all truncated ones for shorter pipelines."""

from collections.abc import Callable

import pytest

from mlops_kit.core.errors import InputError, RefusedError
from mlops_kit.core.pipeline.preflight import Copy, check_lock

GOOD = b"""schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    outs:
    - path: data
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 10
      nfiles: 2
  train:
    cmd: python train.py
    deps:
    - path: data
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 10
      nfiles: 2
    outs:
    - path: model
      hash: md5
      md5: fedcba9876543210fedcba9876543210
      size: 7
"""


PIPELINE = b"stages: {prepare: {cmd: python prepare.py, outs: [data]}, train: {cmd: python train.py, outs: [model]}}"


def check(data: bytes, committed: bytes | None = GOOD, pipeline: bytes | None = PIPELINE) -> bytes | None:
    copies = () if committed is None else (Copy(data=committed, origin="the last commit"),)
    found = check_lock(data, copies, file="sub/dvc.lock", pipeline=pipeline)
    return found.data if found else None


def message(data: bytes) -> str:
    found = check_lock(data, (Copy(data=GOOD, origin="the last commit"),), file="sub/dvc.lock", pipeline=PIPELINE)
    return f"{found.state}, from {found.origin}" if found else ""


def test_a_good_lock_stays() -> None:
    assert check(GOOD) is None


def test_an_edited_lock_with_fewer_stages_stays() -> None:
    assert check(GOOD.replace(b"train:", b"fit:")) is None


@pytest.mark.parametrize("emptied", [b"", b"\n", b"  \n\n"])
def test_an_emptied_lock_is_replaced_by_the_committed_one(emptied: bytes) -> None:
    assert check(emptied) == GOOD


@pytest.mark.parametrize("committed", [None, b"", b"stages: ["])
def test_an_emptied_lock_without_a_good_committed_one_is_an_error_of_the_file(committed: bytes | None) -> None:
    with pytest.raises(InputError, match=r"sub/dvc\.lock.*is empty"):
        check(b"", committed)


def test_every_truncation_of_the_committed_lock_is_mended(record_property: Callable[[str, object], None]) -> None:
    for length in range(len(GOOD)):
        assert check(GOOD[:length]) == GOOD
    record_property("trials", f"every truncation of a dvc.lock: {len(GOOD)} offsets, all mended from a copy")


def test_without_a_copy_only_a_cut_between_whole_entries_passes_and_its_stage_runs_again() -> None:
    passed = []
    for length in range(len(GOOD)):
        try:
            assert check(GOOD[:length], None) is None
        except InputError as error:
            assert "sub/dvc.lock" in str(error)  # noqa: PT017 - most lengths raise, and the others are counted
        else:
            passed.append(GOOD[length:].split(b"\n")[0])
    assert passed == [b"stages:", b"    outs:", b"  train:", b"    deps:", b"    outs:"]


def test_a_newer_copy_wins_over_the_commit() -> None:
    newer = GOOD + b"  more:\n    cmd: more\n"
    copies = (Copy(data=newer, origin="the copy"), Copy(data=GOOD, origin="the last commit"))
    found = check_lock(newer[:-3], copies, file="dvc.lock")
    assert found
    assert found.data == newer
    assert (found.state, found.origin) == ("cut short", "the copy")


def test_it_is_said_how_the_lock_was_and_where_it_is_from() -> None:
    assert message(GOOD[:50]) == "cut short, from the last commit"
    assert message(b"") == "empty, from the last commit"


def test_a_lock_without_a_stage_that_was_removed_stays() -> None:
    shortened = GOOD[: GOOD.index(b"  train:")]
    assert check(shortened, pipeline=b"stages: {prepare: {cmd: python prepare.py, outs: [data]}}") is None
    assert check(shortened) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"fedcba9876543210fedcba9876543210", b"fedcba", "'fedcba' is no md5 of model"),
        (b"path: model", b"path: ../../x", "the path '../../x' leads out of the repository"),
        (b"      size: 7\n", b"", "model has an md5 and no size"),
    ],
)
def test_what_dvc_never_writes_is_an_error_of_its_stage(old: bytes, new: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=r"sub/dvc\.lock:12:5 stages\.train") as caught:
        check(GOOD.replace(old, new), None)
    assert complaint in str(caught.value)


def test_a_dependency_outside_that_the_pipeline_names_is_fine() -> None:
    entry = (
        b"    deps:\n    - path: ../../x\n      hash: md5\n      md5: 0123456789abcdef0123456789abcdef\n      size: 1\n"
    )
    lock = b"schema: '2.0'\nstages:\n  a:\n    cmd: a\n" + entry
    assert check(lock, None, pipeline=b"stages: {a: {cmd: a, deps: [../../x]}}") is None
    with pytest.raises(InputError, match="leads out of the repository"):
        check(lock, None, pipeline=b"stages: {a: {cmd: a}}")


def test_a_merge_conflict_is_refused_with_its_line() -> None:
    conflicted = GOOD.replace(b"      size: 7\n", b"<<<<<<< HEAD\n      size: 7\n=======\n      size: 8\n>>>>>>> x\n")
    line = conflicted[: conflicted.index(b"<<<<<<<")].count(b"\n") + 1
    with pytest.raises(RefusedError, match=rf"merge conflict in sub/dvc\.lock line {line}"):
        check(conflicted, None)


@pytest.mark.parametrize("broken", [b"stages: [", b"- a\n", b"schema: '9.0'\nstages: {}\n", b"\xff\xfe", b"{a: b"])
def test_what_is_no_lock_is_an_error_of_the_file(broken: bytes) -> None:
    with pytest.raises(InputError, match=r"sub/dvc\.lock"):
        check(broken, None)
