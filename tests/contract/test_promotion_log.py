"""What every PromotionLog must do: the one in memory, git alone, and git with a remote."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.core.errors import ConflictError, IntegrityError, OutsideError
from mlops_kit.core.ports import PromotionLog
from mlops_kit.core.types import (
    Answer,
    CommitSha,
    Digest,
    EnvironmentName,
    GateAnswer,
    ModelName,
    Note,
    NoteKind,
    PromotionKind,
    PromotionRecord,
)
from mlops_kit.testing.log import MemoryLog

DEV = EnvironmentName("dev")
MESSAGE = 'mlops-kit "quoted" ünï\\n\n$(touch pwned) | `x`'


@dataclass(frozen=True)
class Subject:
    """A log, a second view of the same log (another clone), and a commit that records may name."""

    log: PromotionLog
    other: PromotionLog
    commit: CommitSha
    refresh: Callable[[], None]


def git(folder: Path, *words: str) -> str:
    """Run git without a user's settings: promoting must not need a name."""
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def open_repository(folder: Path) -> GitRepository:
    return GitRepository(folder, {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder)})


def make_origin(folder: Path) -> tuple[Path, Path]:
    """A bare remote and a clone of it with one commit on main."""
    git(folder, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(folder, "clone", "-q", str(folder / "origin.git"), "work")
    git(folder / "work", "commit", "-q", "--allow-empty", "-m", "first")
    git(folder / "work", "push", "-q", "origin", "HEAD:main")
    return folder / "origin.git", folder / "work"


@pytest.fixture(params=["memory", "local", "remote"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    if request.param == "memory":
        log = MemoryLog()
        return Subject(log=log, other=log, commit=CommitSha("c" * 40), refresh=lambda: None)
    _, work = make_origin(tmp_path)
    repository = open_repository(work)
    if request.param == "local":
        git(work, "remote", "remove", "origin")
        other = repository
    else:
        git(tmp_path, "clone", "-q", "origin.git", "second")
        other = open_repository(tmp_path / "second")
    return Subject(
        log=GitPromotionLog(repository),
        other=GitPromotionLog(other),
        commit=repository.resolve("HEAD"),
        refresh=other.fetch,
    )


def record(commit: CommitSha, *, seq: int = 1, model: str = "churn") -> PromotionRecord:
    digest = Digest(algorithm="md5", value="1" * 32)
    return PromotionRecord(
        model=ModelName(model),
        environment=DEV,
        seq=seq,
        digest=digest,
        sha256="a" * 64,
        recipe="",
        previous=digest if seq > 1 else None,
        kind=PromotionKind.PROMOTE,
        commit=commit,
        pull_request=7,
        actor=MESSAGE,
        gates=(GateAnswer(environment=DEV, metric="auc", rule="auc min 0.9", answer=Answer.PASS, message=MESSAGE),),
        recorded_at=datetime(2026, 3, 1, 12, 0, seq, tzinfo=UTC),
    )


def test_records_read_back_as_they_were_written_in_order(subject: Subject) -> None:
    written = [
        record(subject.commit, seq=2),
        record(subject.commit, seq=1),
        record(subject.commit, model="a/b:$(touch pwned) .lock"),
    ]
    for entry in written:
        subject.log.append_record(entry)
    expected = (written[2], written[1], written[0])
    assert subject.log.read_records() == expected
    subject.refresh()
    assert subject.other.read_records() == expected


def test_a_taken_number_is_a_conflict_and_the_first_record_stays(subject: Subject) -> None:
    first = record(subject.commit)
    subject.log.append_record(first)
    with pytest.raises(ConflictError):
        subject.other.append_record(replace(first, actor="second"))
    subject.refresh()
    assert subject.other.read_records() == (first,)


def test_an_empty_log_has_no_records(subject: Subject) -> None:
    assert subject.log.read_records() == ()


def note(commit: CommitSha, *, seq: int = 1, model: str = "churn") -> Note:
    return Note(
        model=ModelName(model),
        environment=DEV,
        seq=seq,
        kind=NoteKind.HOLD,
        commit=commit,
        record=seq,
        reason=MESSAGE,
        actor="ada",
        recorded_at=datetime(2026, 3, 1, 12, 1, seq, tzinfo=UTC),
    )


def test_notes_read_back_as_they_were_written_in_order_and_are_no_records(subject: Subject) -> None:
    written = [note(subject.commit, seq=2), note(subject.commit), note(subject.commit, model="a/b:$(touch pwned)")]
    for entry in written:
        subject.log.append_note(entry)
    subject.log.append_record(record(subject.commit))
    subject.refresh()
    for log in (subject.log, subject.other):
        assert log.read_notes() == (written[2], written[1], written[0])
        assert log.read_records() == (record(subject.commit),)


def test_a_taken_number_of_a_note_is_a_conflict_and_the_first_note_stays(subject: Subject) -> None:
    first = note(subject.commit)
    subject.log.append_note(first)
    with pytest.raises(ConflictError):
        subject.other.append_note(replace(first, kind=NoteKind.RELEASE))
    subject.refresh()
    assert subject.other.read_notes() == (first,)


def test_what_another_clone_wrote_is_read_after_the_next_fetch(subject: Subject) -> None:
    assert subject.other.read_records() == ()
    subject.log.append_record(record(subject.commit))
    subject.log.append_note(note(subject.commit))
    subject.refresh()
    assert subject.other.read_records() == (record(subject.commit),)
    assert subject.other.read_notes() == (note(subject.commit),)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_origin(tmp_path)[1]


@pytest.mark.parametrize(
    ("tag", "message", "why"),
    [
        ("mlops/churn/dev/1", "{}", "its name is not"),
        ("mlops/ch=urn/dev/000001", "{}", "not a model's name"),
        ("mlops/churn/dev/000001", "not json", "Invalid JSON"),
        ("mlops/churn/dev/000001", '{"version": 2}', "version"),
        ("mlops/churn/dev/000001", '{"version": 1, "unheard": 0}', "Field required"),
    ],
)
def test_a_malformed_tag_is_named(work: Path, tag: str, message: str, why: str) -> None:
    git(work, "tag", "-a", tag, "-m", message)
    with pytest.raises(IntegrityError, match=why) as caught:
        GitPromotionLog(open_repository(work)).read_records()
    assert tag in str(caught.value)


def test_a_record_under_another_numbers_name_is_refused(work: Path) -> None:
    repository = open_repository(work)
    log = GitPromotionLog(repository)
    log.append_record(record(repository.resolve("HEAD")))
    message = git(work, "for-each-ref", "--format=%(contents)", "refs/tags/mlops").strip()
    git(work, "tag", "-a", "mlops/churn/dev/000009", "-m", message)
    with pytest.raises(IntegrityError, match="mlops/churn/dev/000009 is malformed: the message is of another"):
        log.read_records()


def test_a_lightweight_tag_is_no_record(work: Path) -> None:
    git(work, "tag", "mlops/churn/dev/000001")
    with pytest.raises(IntegrityError, match="not an annotated tag"):
        GitPromotionLog(open_repository(work)).read_records()


@pytest.mark.parametrize(
    ("tag", "message", "why"),
    [
        ("mlops/churn/dev/note/000001", "not json", "Invalid JSON"),
        ("mlops/churn/dev/note/000001", '{"version": 1, "unheard": 0}', "Field required"),
        ("mlops/churn/dev/note/1", "{}", "its name is not"),
    ],
)
def test_a_malformed_note_stops_the_reading_of_records_too(work: Path, tag: str, message: str, why: str) -> None:
    git(work, "tag", "-a", tag, "-m", message)
    for read in (
        GitPromotionLog(open_repository(work)).read_records,
        GitPromotionLog(open_repository(work)).read_notes,
    ):
        with pytest.raises(IntegrityError, match=why) as caught:
            read()
        assert tag in str(caught.value)


def test_a_remote_that_is_gone_promises_nothing(work: Path) -> None:
    repository = open_repository(work)
    git(work, "remote", "set-url", "origin", str(work / "nowhere"))
    log = GitPromotionLog(repository)
    with pytest.raises(OutsideError):
        log.append_record(record(repository.resolve("HEAD")))
    assert log.read_records() == ()


def test_a_push_whose_answer_got_lost_counts_as_done(work: Path) -> None:
    repository, entry = open_repository(work), record(open_repository(work).resolve("HEAD"))
    GitPromotionLog(repository).append_record(entry)
    git(work, "update-ref", "-d", "refs/tags/mlops/churn/dev/000001")
    GitPromotionLog(repository).append_record(entry)
    assert GitPromotionLog(repository).read_records() == (entry,)


def test_a_tag_that_never_reached_the_remote_is_dropped_by_the_next_fetch(work: Path) -> None:
    repository = open_repository(work)
    GitPromotionLog(repository).append_record(record(repository.resolve("HEAD")))
    git(work, "tag", "-a", "mlops/churn/dev/000002", "-m", "cut short")
    repository.fetch()
    assert [entry.seq for entry in GitPromotionLog(repository).read_records()] == [1]
