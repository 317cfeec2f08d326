"""adapters/git.py against real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError, OutsideError

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> str:
    for name, content in files.items():
        (folder / name).write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with one commit on main, pushed to a bare origin."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "clone")
    folder = tmp_path / "clone"
    git(folder, "checkout", "-q", "-b", "main")
    commit(folder, readme="hello")
    git(folder, "push", "-q", "origin", "main")
    return folder


def test_reads_files_of_a_commit_and_not_of_the_work_tree(clone: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    second = commit(clone, readme="changed", other="new\nlines\n")
    (clone / "readme").write_text("dirty")
    repository = GitRepository(clone, ENVIRONMENT)
    assert repository.read_files(first, ["readme", "other"]) == {"readme": b"hello"}
    assert repository.read_files(second, ["readme", "other"]) == {"readme": b"changed", "other": b"new\nlines\n"}
    assert repository.list_files(second) == ("other", "readme")


def test_strange_names_are_read_and_links_are_not(clone: Path) -> None:
    strange = "tab\tnew\nline ünï.json"
    (clone / strange).write_text("x")
    (clone / "link").symlink_to("readme")
    head = commit(clone)
    repository = GitRepository(clone, ENVIRONMENT)
    assert repository.read_files(head, [strange, "link"]) == {strange: b"x"}


def test_a_subfolder_finds_the_top(clone: Path) -> None:
    (clone / "sub").mkdir()
    assert GitRepository(clone / "sub", ENVIRONMENT).root == clone


def test_outside_a_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not inside a git repository"):
        GitRepository(tmp_path, ENVIRONMENT)


@pytest.mark.parametrize("revision", ["nothing", "--upload-pack=x", "-rf", "a..b", "", "HEAD^{tree}^{blob}"])
def test_what_names_no_commit_is_an_input_error(clone: Path, revision: str) -> None:
    with pytest.raises(InputError, match="is not a revision"):
        GitRepository(clone, ENVIRONMENT).resolve(revision)


def test_merge_base_and_ancestry(clone: Path) -> None:
    base = git(clone, "rev-parse", "HEAD")
    left = commit(clone, readme="left")
    git(clone, "checkout", "-q", "-b", "side", base)
    right = commit(clone, readme="right")
    git(clone, "checkout", "-q", "--orphan", "alone")
    alone = commit(clone, readme="alone")
    repository = GitRepository(clone, ENVIRONMENT)
    assert repository.merge_base(left, right) == base
    assert repository.merge_base(left, alone) is None
    assert repository.is_ancestor(base, left)
    assert not repository.is_ancestor(left, right)


def test_an_unknown_commit_is_not_a_no(clone: Path) -> None:
    with pytest.raises(OutsideError, match="git merge-base failed"):
        GitRepository(clone, ENVIRONMENT).is_ancestor("0" * 40, "HEAD")


def test_the_branch_of_the_remote_counts_after_a_fetch(clone: Path, tmp_path: Path) -> None:
    pushed = git(clone, "rev-parse", "HEAD")
    commit(clone, readme="only here")
    repository = GitRepository(clone, ENVIRONMENT)
    assert repository.branch_head("main") == pushed
    git(tmp_path, "clone", "-q", "origin.git", "other")
    newer = commit(tmp_path / "other", readme="newer")
    git(tmp_path / "other", "push", "-q", "origin", "HEAD:main")
    repository.fetch()
    assert repository.branch_head("main") == newer
    assert repository.branch_head("staging") is None


def test_without_a_remote_the_local_branch_counts(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    head = commit(tmp_path, readme="x")
    repository = GitRepository(tmp_path, ENVIRONMENT)
    repository.fetch()
    assert repository.branch_head("main") == head


def test_a_tag_named_like_a_branch_is_not_taken_for_it(clone: Path) -> None:
    git(clone, "tag", "staging")
    assert GitRepository(clone, ENVIRONMENT).branch_head("staging") is None


def test_an_unreachable_remote_is_an_outside_error(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", str(clone.parent / "gone.git"))
    with pytest.raises(OutsideError, match="git fetch from origin failed"):
        GitRepository(clone, ENVIRONMENT).fetch()


def test_log_tags_follow_the_remote(clone: Path) -> None:
    git(clone, "tag", "-a", "-m", "{}", "mlops/churn/dev/000001")
    git(clone, "push", "-q", "origin", "mlops/churn/dev/000001")
    git(clone, "tag", "-a", "-m", "{}", "mlops/churn/dev/000002")
    GitRepository(clone, ENVIRONMENT).fetch()
    assert git(clone, "tag", "--list", "mlops/*") == "mlops/churn/dev/000001"
