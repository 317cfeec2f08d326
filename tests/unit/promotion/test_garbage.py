"""core/promotion/garbage.py: which versions may go."""

import json
from dataclasses import replace

import pytest

from mlops_kit.core.promotion.garbage import (
    Stored,
    find_places,
    is_lock,
    log_reasons,
    names_bytes,
    read_entries,
    sort_out,
)
from mlops_kit.core.render.promotion_garbage import garbage_json, render_garbage
from mlops_kit.core.types import Digest, EnvironmentName, Model, ModelName
from tests.unit.promotion.scene import CHURN, DEV, digest_of
from tests.unit.promotion.test_history import record

LOCK = """
schema: '2.0'
stages:
  train:
    cmd: train
    outs:
    - {{path: {path}, hash: md5, md5: {value}, size: {size}}}
"""


def lock(path: str, letter: str, size: int = 3) -> bytes:
    return LOCK.format(path=path, value=digest_of(letter).value, size=size).encode()


def test_a_models_place_is_its_path_or_where_its_digest_stands() -> None:
    beside = Model(name=CHURN, path="sub/churn.bin", file="sub/dvc.yaml")
    elsewhere = Model(name=ModelName("price"), path="out/price.bin", file="dvc.yaml", digest=digest_of("p"))
    tracked = Model(name=ModelName("data"), path="a/data.bin", file="dvc.yaml")
    entries = [
        *read_entries("sub/dvc.lock", lock("churn.bin", "a")),
        *read_entries("dvc.lock", lock("price.bin", "p")),
        *read_entries("dvc.lock", lock("other.bin", "o")),
        *read_entries("a/data.bin.dvc", f"outs: [{{md5: {digest_of('d').value}, path: data.bin, hash: md5}}]".encode()),
    ]
    places = find_places((beside, elsewhere, tracked), entries)
    assert {(place.file, place.path): name for place, name in places.items()} == {
        ("sub/dvc.lock", "churn.bin"): "churn",
        ("dvc.lock", "price.bin"): "price",
        ("a/data.bin.dvc", "a/data.bin"): "data",
    }


@pytest.mark.parametrize("data", [b"", b"<<<<<<< HEAD\n", b"stages: [", b"\xff\xfe", b"- 1"])
def test_an_old_lock_that_cannot_be_read_names_no_version(data: bytes) -> None:
    assert read_entries("dvc.lock", data) == ()


@pytest.mark.parametrize(
    ("path", "lock_file", "counts"),
    [
        ("dvc.lock", True, True),
        ("a/b/dvc.lock", True, True),
        ("model.dvc", True, True),
        (".dvc/config", False, False),
        ("a/.dvc", False, False),
        ("environments/production.lock.json", False, True),
        ("environments/a/b.json", False, False),
    ],
)
def test_what_names_bytes(path: str, lock_file: bool, counts: bool) -> None:  # noqa: FBT001
    assert (is_lock(path), names_bytes(path)) == (lock_file, counts)


def test_the_log_keeps_all_its_records_or_the_last_of_each_environment() -> None:
    records = [record(1, "a"), record(2, "b", previous="a"), replace(record(1, "a"), environment=DEV)]
    a, b = (CHURN, digest_of("a")), (CHURN, digest_of("b"))
    assert log_reasons(records, None) == {
        a: ["live in dev (#1)", "was in production (#1)"],
        b: ["live in production (#2)"],
    }
    assert log_reasons(records, 1) == {a: ["live in dev (#1)"], b: ["live in production (#2)"]}


def test_a_digest_that_any_head_names_stays_whatever_the_text_is() -> None:
    stored = {(CHURN, digest_of(letter)): 3 for letter in "abcd"}
    heads = {
        "heads/main": [lock("elsewhere.bin", "a")],
        "heads/broken": [b"<<<<<<< HEAD\n  md5: " + digest_of("b").value.encode()],
        "tags/v1": [json.dumps({"churn": {"digest": str(digest_of("c"))}}).encode(), lock("churn.bin", "a")],
    }
    found = {one.digest: one.reasons for one in sort_out(stored, {}, heads)}
    assert found == {
        digest_of("a"): ("named by heads/main and 1 more",),
        digest_of("b"): ("named by heads/broken",),
        digest_of("c"): ("named by tags/v1",),
        digest_of("d"): (),
    }


def test_a_digest_that_only_begins_another_is_not_named() -> None:
    whole = Digest(algorithm="md5", value=f"{'1' * 32}.dir")
    part = Digest(algorithm="md5", value="1" * 32)
    text = f"md5: {whole.value}\n".encode()
    found = {
        one.digest: bool(one.reasons) for one in sort_out({(CHURN, whole): 1, (CHURN, part): 1}, {}, {"m": [text]})
    }
    assert found == {whole: True, part: False}


def stored() -> tuple[Stored, ...]:
    return (
        Stored(model=CHURN, digest=digest_of("a"), size=2048),
        Stored(model=CHURN, digest=digest_of("b"), size=None),
        Stored(model=CHURN, digest=digest_of("c"), size=10, reasons=("live in dev (#1)", "named by heads/dev")),
    )


def test_the_list_says_what_may_go_and_why_the_rest_stays() -> None:
    a, b, c = (digest_of(letter).short for letter in "abc")
    assert render_garbage(stored()).splitlines()[:7] == [
        "churn: 2 versions (2 KiB, 1 of unknown size) may go, 1 version (10 B) must stay",
        "          digest        size     why",
        f"  may go  md5:{a}  2 KiB",
        f"  may go  md5:{b}  unknown",
        f"  stays   md5:{c}  10 B     live in dev (#1); named by heads/dev",
        "",
        "in all 2 versions (2 KiB, 1 of unknown size) may go",
    ]
    assert "dvc gc --workspace --all-branches --all-tags" in render_garbage(stored())
    assert "loses the history" in render_garbage(stored(), 5)
    assert render_garbage(()).startswith("no version")


def test_the_document_has_every_version_and_the_sum() -> None:
    document = json.loads(garbage_json(stored(), 5))
    assert document["keep"] == 5
    assert document["may_go"] == {"versions": 2, "bytes": 2048, "without_size": 1}
    assert [version["may_go"] for version in document["versions"]] == [True, True, False]
    assert document["versions"][2]["reasons"] == ["live in dev (#1)", "named by heads/dev"]


def test_a_hostile_name_obeys_no_terminal() -> None:
    hostile = replace(stored()[0], model=ModelName("a\x1b[2J\nb"), reasons=("named by heads/\x1b",))
    assert all(line.isprintable() for line in render_garbage([hostile]).split("\n"))


def test_environments_with_the_same_digest_are_both_told() -> None:
    other = replace(record(1, "a"), environment=EnvironmentName("staging"))
    assert log_reasons([record(1, "a"), other], None)[CHURN, digest_of("a")] == [
        "live in production (#1)",
        "live in staging (#1)",
    ]
