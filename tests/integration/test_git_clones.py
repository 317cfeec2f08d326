"""adapters/git.py in clones that lack something: history (`--depth`) or files (`--filter`)."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.types import CommitSha

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}
COUNT = 40


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, str]) -> CommitSha:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "change")
    return CommitSha(git(folder, "rev-parse", "HEAD"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A bare repository: `main` with forty commits, and `change`, which left it twenty commits ago."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    for number in range(COUNT):
        commit(work, {f"d{number % 4}/f{number}": f"{number}\n"})
    git(work, "checkout", "-q", "-b", "change", f"HEAD~{COUNT // 2}")
    commit(work, {"new": "x\n"})
    git(tmp_path, "clone", "-q", "--bare", "work", "source.git")
    git(tmp_path / "source.git", "config", "uploadpack.allowFilter", "true")
    git(tmp_path / "source.git", "config", "uploadpack.allowAnySHA1InWant", "true")
    return tmp_path / "source.git"


def clone(source: Path, *words: str) -> Path:
    folder = source.parent / "clone"
    git(source.parent, "clone", "-q", *words, source.as_uri(), "clone")
    return folder


class Traced:
    """A repository whose fetches are counted, however git comes to make them."""

    def __init__(self, folder: Path) -> None:
        self._trace = folder.parent / "trace"
        self.git = GitRepository(folder, {**ENVIRONMENT, "GIT_TRACE": str(self._trace)})

    def fetches(self) -> int:
        """How often git fetched since this was asked last."""
        lines = self._trace.read_text().splitlines()
        self._trace.write_text("")
        return sum("trace: built-in: git" in line and " fetch " in line for line in lines)


@pytest.mark.parametrize("revision", ["main", "origin/main", "refs/heads/main", "refs/remotes/origin/main", "HEAD"])
def test_a_branch_that_a_shallow_clone_lacks_is_fetched_alone(source: Path, revision: str) -> None:
    folder = clone(source, "--depth", "1", "--branch", "change")
    traced = Traced(folder)
    expected = git(source, "rev-parse", "HEAD" if revision == "HEAD" else "main")
    assert traced.git.fetch_commit(revision) == expected
    assert traced.fetches() == 1
    assert traced.git.list_first_parents(expected, limit=9) == (expected,)
    assert git(folder, "for-each-ref", "refs/remotes/origin/main", "refs/tags") == ""


def test_a_commit_is_fetched_by_its_name(source: Path) -> None:
    wanted = git(source, "rev-parse", "main~7")
    repository = GitRepository(clone(source, "--depth", "1"), ENVIRONMENT)
    with pytest.raises(InputError, match="not a revision"):
        repository.resolve(wanted)
    assert repository.fetch_commit(wanted) == wanted
    assert len(repository.list_files(wanted)) == COUNT - 7
    assert not (repository.root / ".git/FETCH_HEAD").exists()


def test_fetching_a_commit_leaves_a_full_clone_full(source: Path) -> None:
    folder = clone(source)
    git(source.parent / "work", "checkout", "-q", "main")
    newer = commit(source.parent / "work", {"newer": "1"})
    git(source.parent / "work", "push", "-q", str(source), "main")
    repository = GitRepository(folder, ENVIRONMENT)
    assert repository.fetch_commit(newer) == newer
    assert not repository.is_shallow
    assert len(repository.list_first_parents(newer, limit=100)) == COUNT + 1


@pytest.mark.parametrize("revision", ["nowhere", "--upload-pack=x", "a..b", "main~2", "*", "", "ext::sh -c x"])
def test_what_the_remote_has_not_is_an_input_error(source: Path, revision: str) -> None:
    with pytest.raises(InputError, match="origin"):
        GitRepository(clone(source, "--depth", "1"), ENVIRONMENT).fetch_commit(revision)


def test_a_remote_that_is_gone_is_an_outside_error(source: Path) -> None:
    repository = GitRepository(clone(source, "--depth", "1"), ENVIRONMENT)
    source.rename(source.with_name("gone.git"))
    for revision in ("main", "1" * 40):
        with pytest.raises(OutsideError, match="could not be"):
            repository.fetch_commit(revision)
    with pytest.raises(OutsideError, match="history could not be fetched"):
        repository.deepen(1)


def test_history_is_deepened_from_all_its_ends(source: Path) -> None:
    repository = GitRepository(clone(source, "--depth", "1", "--branch", "change"), ENVIRONMENT)
    main = repository.fetch_commit("main")
    assert repository.merge_base(main, "HEAD") is None
    repository.deepen(COUNT // 2)
    assert repository.merge_base(main, "HEAD") == git(source, "merge-base", "main", "change")
    repository.deepen(COUNT)
    assert not repository.is_shallow
    repository.deepen(1)


def test_many_files_of_a_partial_clone_are_one_fetch(source: Path) -> None:
    traced = Traced(clone(source, "--no-checkout", "--filter=blob:none"))
    assert traced.git.is_partial
    files = traced.git.list_files("origin/main")
    read = traced.git.read_files("origin/main", files)
    assert {path: data.decode() for path, data in read.items()} == {path: f"{path[4:]}\n" for path in files}
    assert traced.fetches() == 1
    traced.git.read_files("origin/main~3", files)
    assert traced.fetches() == 0


def test_the_files_of_two_commits_are_one_fetch(source: Path) -> None:
    traced = Traced(clone(source, "--no-checkout", "--filter=blob:none"))
    sides = [traced.git.resolve(name) for name in ("origin/main", "origin/change")]
    traced.git.prefetch({side: traced.git.list_files(side) for side in sides})
    assert traced.fetches() == 1
    for side in sides:
        assert traced.git.read_files(side, traced.git.list_files(side))
    assert traced.fetches() == 0


def test_a_clone_without_folders_asks_for_them_once(source: Path) -> None:
    traced = Traced(clone(source, "--no-checkout", "--filter=tree:0"))
    assert len(traced.git.list_files("origin/main")) == COUNT
    assert traced.fetches() == 1


def test_files_that_cannot_be_fetched_are_an_outside_error(source: Path) -> None:
    repository = GitRepository(clone(source, "--no-checkout", "--filter=blob:none"), ENVIRONMENT)
    source.rename(source.with_name("gone.git"))
    with pytest.raises(OutsideError, match="1 files that this partial clone lacks could not be fetched"):
        repository.read_files("origin/main", ["d0/f0"])


def test_a_full_clone_is_neither(source: Path) -> None:
    repository = GitRepository(clone(source), ENVIRONMENT)
    assert (repository.is_partial, repository.is_shallow) == (False, False)
