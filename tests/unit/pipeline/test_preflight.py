"""A dvc.lock is judged before DVC reads it; DVC takes two thirds of all truncated ones for shorter pipelines."""

import pytest

from mlops_kit.core.errors import InputError, RefusedError
from mlops_kit.core.pipeline.preflight import check_lock

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


def check(data: bytes, committed: bytes | None = GOOD) -> bytes | None:
    return check_lock(data, committed, file="sub/dvc.lock")


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


def test_every_truncation_of_the_committed_lock_is_noticed() -> None:
    for length in range(1, len(GOOD) - 1):
        with pytest.raises(InputError, match=r"sub/dvc\.lock"):
            check(GOOD[:length])


def test_a_lock_that_only_lacks_its_last_line_end_stays() -> None:
    assert check(GOOD[:-1]) is None


def test_a_truncated_lock_names_the_stages_that_are_gone() -> None:
    with pytest.raises(InputError, match=r"missing or damaged: train$") as caught:
        check(GOOD[: GOOD.index(b"  train:")])
    assert caught.value.hint == "restore it with: git checkout -- sub/dvc.lock"


def test_a_merge_conflict_is_refused_with_its_line() -> None:
    conflicted = GOOD.replace(b"      size: 7\n", b"<<<<<<< HEAD\n      size: 7\n=======\n      size: 8\n>>>>>>> x\n")
    line = conflicted[: conflicted.index(b"<<<<<<<")].count(b"\n") + 1
    with pytest.raises(RefusedError, match=rf"merge conflict in sub/dvc\.lock line {line}"):
        check(conflicted, None)


@pytest.mark.parametrize("broken", [b"stages: [", b"- a\n", b"schema: '9.0'\nstages: {}\n", b"\xff\xfe", b"{a: b"])
def test_what_is_no_lock_is_an_error_of_the_file(broken: bytes) -> None:
    with pytest.raises(InputError, match=r"sub/dvc\.lock"):
        check(broken, None)
