"""What a long promotion log costs: 10,000 records in a bare remote, told and looked at from clones of three kinds.

The other side is git alone: `git fetch` of the log with nothing new, and `git for-each-ref` with every message.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.cases import Case, Row
from bench.runs import KIT, Repository, Run, fresh_repository
from mlops_kit.core.promotion.log import record_message, record_tag
from mlops_kit.core.types import (
    Answer,
    CommitSha,
    Digest,
    EnvironmentName,
    GateAnswer,
    ModelName,
    PromotionKind,
    PromotionRecord,
)

_MODELS, _RECORDS = 20, 167
_ENVIRONMENTS = ("dev", "staging", "production")
_ROUNDS = 3
_START = datetime(2026, 1, 1, tzinfo=UTC)
_LISTING = "--format=%(refname)%00%(objecttype)%00%(taggerdate:unix)%00%(contents)"
_FETCH = ("git", "fetch", "--quiet", "--prune", "--no-tags", "origin", "+refs/tags/mlops/*:refs/tags/mlops/*")
_SCRIPT = f"{' '.join(_FETCH)} && git for-each-ref '{_LISTING}' refs/tags/mlops"


def measure_log(title: str, *, clone: tuple[str, ...], pack: bool, most_seconds: float) -> Row:
    """History and status, one after the other, after the log is here: with nothing new to fetch."""
    with _remote_with_log() as (remote, home):
        repository = _clone(home, remote, *clone)
        repository.run(KIT, "history")
        if pack:
            repository.run("git", "pack-refs", "--all")
        theirs = _fastest(repository, "/bin/sh", "-c", _SCRIPT) if not clone else None
        history, status = _fastest(repository, KIT, "history"), _fastest(repository, KIT, "status")
    ours = history.seconds + status.seconds
    return Row(
        name=f"{title} ({history.seconds:.2f} + {status.seconds:.2f} s)",
        theirs=f"git alone {theirs.seconds:.2f} s" if theirs else "-",
        ours=f"{ours:.1f} s",
        ratio=f"{theirs.seconds / ours:.2f} x" if theirs else "-",
        goal=f"under {most_seconds:g} s",
        met=ours < most_seconds,
    )


@contextmanager
def _remote_with_log() -> Iterator[tuple[Path, Repository]]:
    """A bare repository with a commit on each environment's branch and the log, and a place to run git in."""
    with fresh_repository({}) as repository:
        for number in range(50):
            (repository.root / "note").write_text(str(number))
            repository.run("git", "add", "--all")
            identity = ("-c", "user.name=b", "-c", "user.email=b@example.org")
            repository.run("git", *identity, "commit", "--quiet", "-m", str(number))
        remote = repository.root.parent / "remote.git"
        repository.run("git", "clone", "--quiet", "--bare", ".", str(remote))
        for branch in _ENVIRONMENTS:
            repository.run("git", "push", "--quiet", str(remote), f"HEAD:refs/heads/{branch}")
        commit = CommitSha(repository.read_output("git", "rev-parse", "HEAD~25").strip())
        stream = b"".join(_import(record) for record in _records(commit))
        words = ["git", "-C", str(remote), "fast-import", "--quiet"]
        subprocess.run(words, input=stream, env=repository.environment, check=True)
        yield remote, repository


def _clone(home: Repository, remote: Path, *words: str) -> Repository:
    folder = home.root.parent / "clone"
    home.run("git", "clone", "--quiet", "--branch=dev", *words, remote.as_uri(), str(folder))
    return Repository(root=folder, environment=home.environment)


def _records(commit: CommitSha) -> Iterator[PromotionRecord]:
    """Twenty models, promoted 167 times to each of three environments."""
    for model in range(_MODELS):
        for environment in map(EnvironmentName, _ENVIRONMENTS):
            gate = GateAnswer(
                environment=environment, metric="auc", rule="auc min 0.9", answer=Answer.PASS, message="ok"
            )
            for seq in range(1, _RECORDS + 1):
                yield PromotionRecord(
                    model=ModelName(f"model-{model}"),
                    environment=environment,
                    seq=seq,
                    digest=Digest(algorithm="md5", value=f"{model * _RECORDS + seq:032x}"),
                    sha256="a" * 64,
                    recipe="b" * 64,
                    previous=None,
                    kind=PromotionKind.PROMOTE,
                    commit=commit,
                    pull_request=7,
                    actor="ada",
                    gates=(gate, gate),
                    recorded_at=_START + timedelta(hours=seq),
                )


def _import(record: PromotionRecord) -> bytes:
    """A tag as git-fast-import takes it."""
    message = record_message(record).encode() + b"\n"
    seconds = int(record.recorded_at.timestamp()) if record.recorded_at else 0
    head = f"tag {record_tag(record)}\nfrom {record.commit}\ntagger k <k@localhost> {seconds} +0000\n"
    return head.encode() + f"data {len(message)}\n".encode() + message + b"\n"


def _fastest(repository: Repository, *words: str) -> Run:
    return min((repository.run(*words) for _ in range(_ROUNDS)), key=lambda run: run.seconds)


_TITLE = "history and status, a log of 10,020 records"
LOG_CASES = (
    Case(name="log", title=_TITLE, measure=lambda: measure_log(_TITLE, clone=(), pack=False, most_seconds=3)),
    Case(
        name="log-packed",
        title=f"{_TITLE}, packed refs",
        measure=lambda: measure_log(f"{_TITLE}, packed refs", clone=(), pack=True, most_seconds=3),
    ),
    Case(
        name="log-shallow",
        title=f"{_TITLE}, a clone of one commit",
        measure=lambda: measure_log(
            f"{_TITLE}, a clone of one commit", clone=("--depth=1",), pack=False, most_seconds=3
        ),
    ),
)
