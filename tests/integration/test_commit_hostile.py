"""`commit` on what a stranger handed over: nothing is written unless all of it is as it should be."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.integration.counter import FOLDER, Counter, make_counter
from tests.integration.desk import git


@pytest.fixture
def counter(github: FakeGitHub, tmp_path: Path) -> Counter:
    """Handed over and carried, so that each test spoils it."""
    found = make_counter(github, tmp_path)
    assert found.reproduce() is ExitCode.DONE
    found.carry()
    return found


def manifest(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "hand-over.json").read_bytes())
    return document


def rewrite(folder: Path, document: dict[str, Any]) -> None:
    (folder / "hand-over.json").write_text(json.dumps(document))


def put_file(folder: Path, path: str, data: bytes) -> None:
    """Have the document name a file with these bytes, in the place of one of the same path."""
    document, name = manifest(folder), hashlib.sha256(data).hexdigest()
    for old in [file for file in document["files"] if file["path"] == path]:
        document["files"].remove(old)
        (folder / "files" / old["sha256"]).unlink()
    document["files"].append({"path": path, "sha256": name, "size": len(data)})
    (folder / "files" / name).write_bytes(data)
    rewrite(folder, document)


def read_file(folder: Path, path: str) -> bytes:
    (name,) = [str(file["sha256"]) for file in manifest(folder)["files"] if file["path"] == path]
    return (folder / "files" / name).read_bytes()


def some_object(folder: Path) -> Path:
    return next(path for path in (folder / "objects").rglob("*") if path.is_file())


def change_object(folder: Path) -> None:
    some_object(folder).unlink()
    document = manifest(folder)
    (found,) = document["objects"]
    place = folder / "objects" / found["md5"][:2] / found["md5"][2:]
    place.write_bytes(b"x" * found["size"])


def make_huge(folder: Path) -> None:
    place = some_object(folder)
    place.chmod(0o644)
    data = place.read_bytes()
    place.unlink()
    place.write_bytes(data)
    os.truncate(place, 200 * 1024**3)


def link_object(folder: Path) -> None:
    place = some_object(folder)
    data = place.read_bytes()
    place.unlink()
    (folder.parent / "elsewhere").write_bytes(data)
    place.symlink_to(folder.parent / "elsewhere")


def link_folder(folder: Path) -> None:
    shutil.move(folder / "objects", folder.parent / "elsewhere")
    (folder / "objects").symlink_to(folder.parent / "elsewhere")


def link_manifest(folder: Path) -> None:
    shutil.move(folder / "hand-over.json", folder.parent / "manifest")
    (folder / "hand-over.json").symlink_to(folder.parent / "manifest")


def add_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def add_file(folder: Path) -> None:
    (folder / "files" / "more").write_text("more")


def lose_file(folder: Path) -> None:
    next((folder / "files").iterdir()).unlink()


def name_another_commit(folder: Path) -> None:
    rewrite(folder, {**manifest(folder), "head": "e" * 40})


def name_a_pull_request(folder: Path) -> None:
    rewrite(folder, {**manifest(folder), "pull_request": 8})


def claim_more(folder: Path) -> None:
    document = manifest(folder)
    document["objects"] += [{"md5": f"{number:032x}", "size": 1} for number in range(10_001)]
    rewrite(folder, document)


def claim_a_size(folder: Path) -> None:
    document = manifest(folder)
    document["files"][0]["size"] = 2**40
    rewrite(folder, document)


def name_it_twice(folder: Path) -> None:
    document = manifest(folder)
    document["files"].append(document["files"][0])
    rewrite(folder, document)


def send_an_object_of_no_output(folder: Path) -> None:
    data = b"something for the remote"
    name = hashlib.md5(data, usedforsecurity=False).hexdigest()
    document = manifest(folder)
    document["objects"].append({"md5": name, "size": len(data)})
    place = folder / "objects" / name[:2] / name[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)
    rewrite(folder, document)


def write_nothing(folder: Path) -> None:
    (folder / "hand-over.json").write_bytes(b"")


def write_a_bomb(folder: Path) -> None:
    (folder / "hand-over.json").write_bytes(b"[" * 200_000)


SPOILS = [
    change_object, make_huge, link_object, link_folder, link_manifest, add_pipe, add_file, lose_file,
    name_another_commit, name_a_pull_request, claim_more, claim_a_size, name_it_twice, write_nothing, write_a_bomb,
    send_an_object_of_no_output,
]  # fmt: skip


def refused(counter: Counter, code: ExitCode = ExitCode.INTEGRITY) -> bool:
    """Whether the verb left like this, with the branch and the remote as they were."""
    before = counter.stored()
    left = counter.commit()
    return (left, counter.branch(), counter.stored(), counter.outputs()["lock"]) == (
        code, counter.head, before, "refused",
    )  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_folder_that_is_not_as_it_should_be_is_refused(counter: Counter, spoil: Callable[[Path], None]) -> None:
    spoil(counter.trusted.root / FOLDER)

    assert refused(counter)


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/evil.yml", ".GitHub/workflows/evil.yml", "../outside", "/etc/passwd", "a/../../b",
        "curve/../dvc.yaml", "dvc.yaml", "mlops.yaml", ".dvc/config", "data", "sub/dvc.lock", "new.py", "curve",
        "curve/.git/config", "curve/.gitattributes", "params.yaml/x", "size.json/x", "model", "parts/one", "-curve",
        "curve/a\nb", "curve/a\\b", "curve/ ", "curve/CON.dvc", "",
    ],
)  # fmt: skip
def test_a_path_that_no_run_writes_is_refused(counter: Counter, path: str) -> None:
    put_file(counter.trusted.root / FOLDER, path, b"on: push\n")

    assert refused(counter)


@pytest.mark.parametrize("path", ["mlops.yaml", "dvc.lock", "data", "dvc.yaml"])
def test_nothing_but_outputs_is_removed(counter: Counter, path: str) -> None:
    folder = counter.trusted.root / FOLDER
    document = {**manifest(folder), "files": [], "removed": [path]}
    shutil.rmtree(folder / "files")
    rewrite(folder, document)

    assert refused(counter)


def test_a_lock_of_other_stages_is_refused(counter: Counter) -> None:
    folder = counter.trusted.root / FOLDER
    lock = read_file(folder, "dvc.lock").decode()
    put_file(folder, "dvc.lock", lock.replace("  train:\n", "  other:\n").encode())
    assert refused(counter)

    put_file(folder, "dvc.lock", (lock + "  more:\n    cmd: curl evil\n").encode())
    assert refused(counter)


@pytest.mark.parametrize(
    ("old", "new"),
    [("rate: 2", "rate: 3"), ("cmd: mkdir -p parts", "cmd: mkdir  -p parts"), ("size: 6", "size: 7")],
)
def test_a_lock_that_nobody_can_have_run_at_this_head_is_refused(counter: Counter, old: str, new: str) -> None:
    folder = counter.trusted.root / FOLDER
    lock = read_file(folder, "dvc.lock").decode()
    assert old in lock
    put_file(folder, "dvc.lock", lock.replace(old, new, 1).encode())

    if old.startswith("size"):
        assert counter.commit() is ExitCode.DONE  # a size decides nothing
    else:
        assert refused(counter, ExitCode.REFUSED)


def test_files_that_do_not_fit_the_lock_are_refused(counter: Counter) -> None:
    folder = counter.trusted.root / FOLDER
    put_file(folder, "size.json", b"99\n")
    assert refused(counter, ExitCode.REFUSED)

    counter.carry()
    put_file(folder, "curve/rate", b"another\n")
    assert refused(counter)


def test_a_lock_cut_short_is_refused_wherever_it_was_cut(counter: Counter) -> None:
    folder = counter.trusted.root / FOLDER
    whole = read_file(folder, "dvc.lock")

    for offset in range(len(whole)):
        put_file(folder, "dvc.lock", whole[:offset])
        assert counter.commit() in {ExitCode.INTEGRITY, ExitCode.REFUSED}, whole[:offset]
    assert counter.branch() == counter.head


def test_a_group_that_lost_one_of_its_stages_is_refused(github: FakeGitHub, tmp_path: Path) -> None:
    pipeline = """
stages:
  each:
    foreach: [a, b, c]
    do:
      cmd: cp params.yaml out-${item}
      deps: [params.yaml]
      outs: ["out-${item}"]
"""
    counter = make_counter(github, tmp_path, pipeline=pipeline)
    counter.reproduce()
    folder = counter.carry()
    lock = read_file(folder, "dvc.lock").decode()
    put_file(folder, "dvc.lock", lock[: lock.index("  each@c:")].encode())

    assert refused(counter)


def test_a_templated_output_does_not_open_files_that_are_there(github: FakeGitHub, tmp_path: Path) -> None:
    pipeline = """
stages:
  each:
    foreach: [size.json]
    do:
      cmd: wc -c < params.yaml > ${item}
      deps: [params.yaml]
      metrics:
        - "${item}": {cache: false}
"""
    counter = make_counter(github, tmp_path, pipeline=pipeline)
    counter.runner.write({"params.yaml": "rate: 22\n"})
    counter.reproduce()
    folder = counter.carry()
    lock = read_file(folder, "dvc.lock").decode()
    put_file(folder, "dvc.lock", lock.replace("path: size.json", "path: data").encode())
    put_file(folder, "data", read_file(folder, "size.json"))

    assert refused(counter)


def test_a_listing_that_leaves_its_folder_is_refused(counter: Counter) -> None:
    folder = counter.trusted.root / FOLDER
    listing = json.dumps([{"md5": "0" * 32, "relpath": "../../outside"}]).encode()
    name = f"{hashlib.md5(listing, usedforsecurity=False).hexdigest()}.dir"
    lock = read_file(folder, "dvc.lock").decode()
    old = next(line.split()[-1] for line in lock.splitlines() if line.endswith(".dir"))
    put_file(folder, "dvc.lock", lock.replace(old, name).encode())
    document = manifest(folder)
    document["objects"].append({"md5": name, "size": len(listing)})
    place = folder / "objects" / name[:2] / name[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(listing)
    rewrite(folder, document)

    assert refused(counter)


def test_the_pull_requests_own_remote_is_never_used(counter: Counter, tmp_path: Path) -> None:
    counter.trusted.git("checkout", "--quiet", "--detach", counter.head)
    assert refused(counter)

    counter.trusted.git("checkout", "--quiet", "--detach", counter.base)
    config = counter.trusted.root / ".dvc" / "config"
    config.write_text(config.read_text().replace("store", "thief"))
    assert refused(counter)
    assert not (tmp_path / "thief").exists()


def test_a_head_whose_folder_is_a_link_is_refused(counter: Counter) -> None:
    counter.runner.git("rm", "-rf", "--quiet", "curve")
    (counter.runner.root / "curve").symlink_to(".github")
    counter.runner.git("add", "curve")
    counter.runner.git("commit", "--quiet", "--message", "a link")
    counter.runner.git("push", "--quiet", "origin", "HEAD:refs/heads/feature")
    handed = counter.carry()
    moved = counter.at_new_head()
    rewrite(handed, {**manifest(handed), "head": moved.head})

    assert refused(moved)


def test_nothing_of_the_pull_request_is_checked_out_or_run(counter: Counter) -> None:
    hook = "#!/bin/sh\ntouch $(dirname $0)/../../../PWNED\n"
    for name in ("pre-commit", "post-checkout", "pre-push", "reference-transaction"):
        place = counter.trusted.root / ".git" / "hooks" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(hook)
        place.chmod(0o755)

    assert counter.commit() is ExitCode.DONE
    assert git(counter.trusted.root, "rev-parse", "HEAD") == counter.base
    assert git(counter.trusted.root, "status", "--porcelain") == f"?? {FOLDER}/"
    assert not list(counter.folder.rglob("PWNED"))
