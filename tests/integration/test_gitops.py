"""Folders of branches that a GitOps controller follows: written beside the work tree, also by several at once."""

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_kit.adapters import gitops
from mlops_kit.adapters.gitops import GitBranches
from mlops_kit.core.errors import ConflictError, InputError, OutsideError
from mlops_kit.core.ports import Edit
from mlops_kit.core.serving import BranchFolder

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
FOLDER = BranchFolder(branch="gitops", path="deploy/dev")
IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@dataclass(frozen=True)
class Desk:
    """A clone, and the bare repository that it is a clone of."""

    origin: Path
    clone: Path

    def open(self) -> GitBranches:
        return GitBranches(self.clone, ENVIRONMENT, reserved={"main", "production"})

    def git(self, *words: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *words], cwd=folder or self.clone, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def push(self, files: Mapping[str, str], branch: str = "gitops") -> None:
        """What a person commits to the branch, from a clone of their own."""
        place = self.origin.parent / "person"
        if not place.exists():
            self.git("clone", "--quiet", str(self.origin), str(place))
        here = f"refs/remotes/origin/{branch}"
        self.git("fetch", "--quiet", "origin", folder=place)
        known = subprocess.run(
            ["git", "rev-parse", "--verify", "-q", here], cwd=place, check=False, capture_output=True
        )
        self.git(
            "checkout",
            "--quiet",
            *(["-B", branch, here] if known.returncode == 0 else ["--orphan", branch]),
            folder=place,
        )
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        self.git("add", "-A", folder=place)
        self.git("commit", "--quiet", "-m", "by hand", folder=place)
        self.git("push", "--quiet", "origin", branch, folder=place)

    def tree(self, branch: str = "gitops") -> dict[str, str]:
        names = self.git("ls-tree", "-r", "--name-only", branch, folder=self.origin).splitlines()
        return {name: self.git("show", f"{branch}:{name}", folder=self.origin) for name in names}

    def count(self) -> int:
        return int(self.git("rev-list", "--count", "gitops", folder=self.origin))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path / "origin.git", tmp_path / "clone")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", found.origin], check=True)
    subprocess.run(["git", "clone", "-q", found.origin, found.clone], check=True, capture_output=True)
    (found.clone / "code").write_text("code")
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "code")
    found.git("push", "-q", "origin", "HEAD:main")
    return found


def put(**files: str) -> Edit:
    return lambda _: {name: text.encode() for name, text in files.items()}


def test_the_first_commit_makes_the_branch(desk: Desk) -> None:
    assert desk.open().read_files(FOLDER, ["a"]) == {}
    assert desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.tree() == {"deploy/dev/a": "1"}
    assert desk.open().read_files(FOLDER, ["a", "b"]) == {"a": b"1"}
    assert desk.git("log", "-1", "--format=%an %s", "gitops", folder=desk.origin) == "mlops-kit one"


def test_what_changes_nothing_is_no_commit(desk: Desk) -> None:
    desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert not desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="two")
    assert desk.count() == 1


def test_files_of_others_stay(desk: Desk) -> None:
    desk.push({"README": "hi", "deploy/dev/secret.yaml": "s", "deploy/prod/a": "p"})
    desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.tree() == {
        "README": "hi",
        "code": "code",
        "deploy/dev/a": "1",
        "deploy/dev/secret.yaml": "s",
        "deploy/prod/a": "p",
    }
    assert desk.count() == 2


def test_the_work_tree_the_index_and_the_references_are_left_alone(desk: Desk) -> None:
    (desk.clone / "code").write_text("changed")
    (desk.clone / "new").write_text("new")
    desk.git("add", "new")
    before = [desk.git("status", "--porcelain"), desk.git("show-ref"), desk.git("count-objects", "-v")]
    desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    desk.open().read_files(FOLDER, ["a"])
    assert [desk.git("status", "--porcelain"), desk.git("show-ref"), desk.git("count-objects", "-v")] == before


def test_a_reader_sees_what_was_pushed_meanwhile(desk: Desk) -> None:
    reader = desk.open()
    assert reader.read_files(FOLDER, ["a"]) == {}
    desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert reader.read_files(FOLDER, ["a"]) == {"a": b"1"}
    desk.push({"deploy/dev/a": "2"})
    assert reader.read_files(FOLDER, ["a"]) == {"a": b"2"}


def test_an_edit_is_made_again_on_top_of_what_somebody_pushed_meanwhile(desk: Desk) -> None:
    desk.push({"deploy/dev/list": "x\n"})
    seen: list[Mapping[str, bytes]] = []

    def edit(files: Mapping[str, bytes]) -> dict[str, bytes]:
        seen.append(files)
        if len(seen) == 1:
            desk.push({"deploy/dev/list": "x\ny\n"})
        return {"list": files["list"] + b"mine\n"}

    assert desk.open().edit_files(FOLDER, ["list"], edit, message="mine")
    assert seen == [{"list": b"x\n"}, {"list": b"x\ny\n"}]
    assert desk.tree()["deploy/dev/list"] == "x\ny\nmine"


def test_of_writers_at_once_none_is_lost(desk: Desk) -> None:
    """Four runners make the branch and a list in it, each with a line of its own."""

    def add(line: bytes) -> Edit:
        return lambda files: {"list": b"".join(sorted({*files.get("list", b"").splitlines(keepends=True), line}))}

    with ThreadPoolExecutor(4) as pool:
        lines = [b"a\n", b"b\n", b"c\n", b"d\n"]
        done = pool.map(lambda line: desk.open().edit_files(FOLDER, ["list"], add(line), message="add"), lines)
        assert list(done) == [True] * 4
    assert desk.tree()["deploy/dev/list"] == "a\nb\nc\nd"
    assert desk.count() == 4


def test_a_branch_that_never_rests_is_a_conflict(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitops, "_FIRST_WAIT_SECONDS", 0.0)
    count = iter(range(100))

    def edit(_: Mapping[str, bytes]) -> dict[str, bytes]:
        desk.push({"deploy/dev/other": str(next(count))})
        return {"a": b"1"}

    with pytest.raises(ConflictError, match="5 attempts"):
        desk.open().edit_files(FOLDER, ["a"], edit, message="one")
    assert next(count) == 5
    assert "deploy/dev/a" not in desk.tree()


def test_a_crash_before_the_push_leaves_nothing_and_the_next_run_repairs_it(desk: Desk) -> None:
    """The runner is killed when the commit is made and the remote is asked to take it."""
    (desk.origin / "hooks" / "pre-receive").write_text("#!/bin/sh\nkill -9 $PPID\nexit 1\n")
    (desk.origin / "hooks" / "pre-receive").chmod(0o755)
    with pytest.raises(OutsideError, match="could not be pushed"):
        desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.git("branch", "--list", "gitops", folder=desk.origin) == ""
    (desk.origin / "hooks" / "pre-receive").unlink()
    assert desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.count() == 1


def test_a_push_whose_answer_was_lost_is_found_to_have_arrived(desk: Desk) -> None:
    """The hook ends the connection once the branch is written."""
    (desk.origin / "hooks" / "post-receive").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (desk.origin / "hooks" / "post-receive").chmod(0o755)
    assert desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.count() == 1


def test_a_remote_that_refuses_is_told_in_its_own_words(desk: Desk) -> None:
    (desk.origin / "hooks" / "pre-receive").write_text("#!/bin/sh\nexit 1\n")
    (desk.origin / "hooks" / "pre-receive").chmod(0o755)
    with pytest.raises(OutsideError, match="pre-receive hook declined"):
        desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")


def test_a_remote_without_an_answer_is_no_empty_branch(desk: Desk) -> None:
    (desk.origin / "HEAD").unlink()
    for action in (
        lambda: desk.open().read_files(FOLDER, ["a"]),
        lambda: desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one"),
    ):
        with pytest.raises(OutsideError, match="could not be read"):
            action()


@pytest.mark.parametrize("suffix", ["", "/", ".git"])
def test_a_branch_that_an_environment_follows_is_refused(desk: Desk, suffix: str) -> None:
    followed = BranchFolder(branch="production", path="deploy")
    by_address = BranchFolder(
        branch="production", path="deploy", repository=f"{str(desk.origin).removesuffix('.git')}{suffix}"
    )
    for folder in (followed, by_address):
        with pytest.raises(InputError, match="an environment follows the branch 'production'"):
            desk.open().edit_files(folder, ["a"], put(a="1"), message="one")


def test_another_repository_may_have_a_branch_of_that_name(desk: Desk, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "fleet.git"], check=True)
    folder = BranchFolder(branch="production", path="churn", repository=str(tmp_path / "fleet.git"))
    assert desk.open().edit_files(folder, ["a"], put(a="1"), message="one")
    assert desk.git("show", "production:churn/a", folder=tmp_path / "fleet.git") == "1"


@pytest.mark.parametrize("address", ["--upload-pack=touch PWNED", "https://ada:secret@example.org/a.git"])
def test_a_hostile_address_is_refused_and_not_repeated(desk: Desk, address: str) -> None:
    with pytest.raises(InputError) as caught:
        desk.open().read_files(BranchFolder(branch="b", path="p", repository=address), ["a"])
    assert "secret" not in str(caught.value)


def test_an_address_that_runs_a_program_is_refused_by_git(desk: Desk) -> None:
    with pytest.raises(OutsideError):
        desk.open().read_files(BranchFolder(branch="b", path="p", repository="ext::touch PWNED"), ["a"])
    assert not list(desk.clone.rglob("PWNED"))


@pytest.mark.parametrize("link", ["deploy", "deploy/dev", "deploy/dev/a"])
def test_a_link_on_the_way_is_not_followed_nor_replaced(desk: Desk, link: str) -> None:
    desk.push({"README": "hi"})
    place = desk.origin.parent / "person"
    (place / link).parent.mkdir(parents=True, exist_ok=True)
    (place / link).symlink_to("/etc")
    desk.push({"README": "ho"})
    for action in (
        lambda: desk.open().read_files(FOLDER, ["a"]),
        lambda: desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one"),
    ):
        with pytest.raises(InputError, match=f"'{link}' of the branch 'gitops' is a link"):
            action()


def test_a_repository_without_a_remote_keeps_the_branch_itself(desk: Desk) -> None:
    desk.git("remote", "remove", "origin")
    assert desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert desk.git("show", "gitops:deploy/dev/a") == "1"
    assert desk.git("status", "--porcelain") == ""


def test_nothing_is_left_in_the_temporary_folder(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    desk.open().edit_files(FOLDER, ["a"], put(a="1"), message="one")
    assert list((tmp_path / "tmp").iterdir()) == []
