"""What a model is trained on: which paths count, with which digests, and what a retraining may change of them."""

import pytest

from mlops_kit.core.errors import IntegrityError, KitError
from mlops_kit.core.pipeline.project import Project, parse_project
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.training.acceptance import check_data_files
from mlops_kit.core.training.data import TrainingData, as_trained, read_training_data
from mlops_kit.core.training.usage import count_gpu_seconds
from mlops_kit.core.types import ModelName, StageName

CHURN = ModelName("churn")
PIPELINE = """
stages:
  split: {cmd: split, deps: [rows.csv, split.py], outs: [train.csv]}
  train:
    cmd: train
    deps: [train.csv, s3://bucket/prices.csv]
    outs: [model]
    meta: {mlops: {gpus: 2}}
  other: {cmd: other, deps: [other.csv], outs: [other]}
artifacts:
  churn: {path: model, type: model}
"""
A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def dvc_file(path: str, md5: str, more: str = "") -> str:
    return f"outs:\n- md5: {md5}\n  size: 3\n  hash: md5\n  path: {path}\n{more}"


def project(**locked: str) -> Project:
    """The pipeline with its lock, in which these inputs had these digests."""
    lock = (
        "schema: '2.0'\nstages:\n  split:\n    cmd: split\n    deps:\n"
        f"    - {{path: rows.csv, hash: md5, md5: {locked['rows']}, size: 3}}\n"
        "  train:\n    cmd: train\n    deps:\n"
        f"    - {{path: 's3://bucket/prices.csv', hash: etag, etag: v{locked['prices']}, size: 1}}\n"
    )
    files = {
        "dvc.yaml": PIPELINE,
        "dvc.lock": lock,
        "rows.csv.dvc": dvc_file("rows.csv", A),
        "other.csv.dvc": dvc_file("other.csv", A),
    }
    return parse_project({path: text.encode() for path, text in files.items()})


def shown(data: TrainingData) -> dict[str, str]:
    return {source.path: str(source.digest) for source in data.sources}


def test_data_is_what_dvc_tracks_and_what_lies_elsewhere_and_leads_to_the_model() -> None:
    found = read_training_data(project(rows=B, prices="1"), CHURN, in_git=frozenset({"split.py"}))

    assert shown(found) == {"rows.csv": f"md5:{A}", "s3://bucket/prices.csv": "etag:v1"}
    assert found.data_files == {"rows.csv.dvc"}
    trained = as_trained(found, project(rows=B, prices="1"), CHURN)
    assert shown(trained)["rows.csv"] == f"md5:{B}"
    assert [path for path, _, _ in trained.changes(found)] == ["rows.csv"]


def test_named_paths_are_the_only_ones_that_count() -> None:
    named = read_training_data(project(rows=B, prices="1"), CHURN, named=["split.py"], in_git=frozenset({"split.py"}))
    assert list(shown(named)) == ["split.py"]

    with pytest.raises(KitError, match=r"not trained on 'other.csv'") as caught:
        read_training_data(project(rows=B, prices="1"), CHURN, named=["other.csv"])
    assert caught.value.hint == "it is trained on: rows.csv, s3://bucket/prices.csv, split.py"


def test_a_digest_is_of_paths_and_contents_whatever_dvc_calls_the_hash() -> None:
    one, other = (read_training_data(project(rows=B, prices=prices), CHURN) for prices in "12")

    assert one.digest != other.digest
    assert one.is_same(read_training_data(project(rows=C, prices="1"), CHURN))


IMPORT = "md5: x\nfrozen: true\ndeps:\n- path: rows\n  repo:\n    url: https://example.org/r\n    rev_lock: {lock}\n"


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (dvc_file("rows.csv", B), ""),
        (dvc_file("rows.csv", B).replace("size: 3", "size: 9\n  nfiles: 2"), ""),
        (dvc_file("other.csv", B), "says something else"),
        (dvc_file("rows.csv", B, "  cache: false\n"), "says something else"),
        (dvc_file("rows.csv", B, "  remote: mine\n"), "says something else"),
        (dvc_file("rows.csv", B, "wdir: sub\n"), "says something else"),
        (dvc_file("rows.csv", B) + dvc_file("x", B).removeprefix("outs:\n"), "says something else"),
        ("outs: {", "expected"),
    ],
)
def test_only_digests_of_known_data_may_change(now: str, refused: str) -> None:
    before = {"rows.csv.dvc": dvc_file("rows.csv", A).encode()}

    if not refused:
        check_data_files({"rows.csv.dvc": now.encode()}, before, frozenset(before))
        return
    with pytest.raises(IntegrityError):
        check_data_files({"rows.csv.dvc": now.encode()}, before, frozenset(before))


def test_an_import_may_find_another_commit_and_no_other_repository() -> None:
    def text(lock: str, url: str = "https://example.org/r") -> bytes:
        return (IMPORT.format(lock=lock).replace("https://example.org/r", url) + dvc_file("rows.csv", lock)).encode()

    known = frozenset({"rows.csv.dvc"})
    check_data_files({"rows.csv.dvc": text(B)}, {"rows.csv.dvc": text(A)}, known)
    with pytest.raises(IntegrityError):
        check_data_files({"rows.csv.dvc": text(B, "https://evil.example/r")}, {"rows.csv.dvc": text(A)}, known)
    with pytest.raises(IntegrityError):
        check_data_files({"new.dvc": text(B)}, {}, known)


def test_gpu_seconds_are_those_of_stages_that_ran() -> None:
    results = [
        StageResult(name=StageName("split"), state=StageState.RAN, seconds=50),
        StageResult(name=StageName("train"), state=StageState.FAILED, seconds=30.2),
    ]

    assert count_gpu_seconds(project(rows=B, prices="1"), results) == 60
    cached = [StageResult(name=StageName("train"), state=StageState.CACHED, seconds=30.0)]
    assert count_gpu_seconds(project(rows=B, prices="1"), cached) == 0
