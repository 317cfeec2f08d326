"""Brings the data that a run needs from the DVC remote: first what the first stages need, the rest while they run.

A process of its own does it, so that a run can be interrupted at any time, and starts what has its data already. What
a stage turns out to need and nobody foresaw is fetched when the stage is looked at.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from dvc.dependency import Dependency
from dvc.exceptions import CheckoutError
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage

from mlops_kit.adapters.dvc import fetching, steps
from mlops_kit.adapters.dvc.needs import Needs, is_reported, producers
from mlops_kit.adapters.dvc.store import ObjectStore
from mlops_kit.adapters.dvc.verify import Verifier, digest_of
from mlops_kit.adapters.process import Background, Call
from mlops_kit.core.errors import IntegrityError, OutsideError, StageFailedError
from mlops_kit.core.pipeline.hashing import COMPUTED
from mlops_kit.core.run import StageState
from mlops_kit.core.types import Digest

_MODULE = "mlops_kit.adapters.dvc.fetching"
_QUIET = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1"}
_SHOWN_OBJECTS = 3


class Supply:
    """The data of one run. `tell` takes what people should know; with a verifier, what was fetched is hashed."""

    def __init__(self, repo: Repo, environment: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._repo = repo
        self._environment = {**environment, **_QUIET}
        self._tell = tell
        self._store = ObjectStore(repo)
        self._needs = Needs(running={}, needed={})
        self._verifier: Verifier | None = None
        self._process: Background | None = None
        self._awaited: dict[int, list[Stage]] = {}
        self._failures: dict[Stage, fetching.Answer] = {}
        self._absent: set[Stage] = set()

    def begin(self, needs: Needs, verifier: Verifier | None) -> frozenset[Stage]:
        """Start to fetch what is needed and not here, wave by wave; the stages that await it."""
        self._needs, self._verifier = needs, verifier
        waves: dict[int, list[Output]] = {}
        for out, wave in needs.needed.items():
            if out.stage not in needs.running and _is_plain(out) and not out.exists and not self._has(out):
                waves.setdefault(wave, []).append(out)
        if waves:
            self._tell(_announce([out for outs in waves.values() for out in outs]))
            self._awaited = {wave: list(dict.fromkeys(out.stage for out in outs)) for wave, outs in waves.items()}
            self._process = self._start({wave: list(_batches(outs)) for wave, outs in waves.items()})
        return frozenset(stage for stages in self._awaited.values() for stage in stages)

    def arrivals(self) -> tuple[Stage, ...]:
        """The stages whose data came, or will not come, since this was last asked."""
        if self._process is None:
            return ()
        code = self._process.code
        answers = [fetching.read_answer(line) for line in self._process.read_lines()]
        arrived = [stage for answer in answers for stage in self._arrive(answer)]
        if code is not None:
            arrived += self._give_up(code)
        return tuple(dict.fromkeys(arrived))

    def restore(self, stage: Stage) -> StageState | None:
        """Check out what an unchanged stage has to offer and others need; None where the data is nowhere.

        StageFailedError where it could not be fetched, or where the stage cannot make it again.
        """
        if stage in self._failures:
            self._complain(self._failures[stage])
        gone = [out for out in stage.outs if not out.exists]
        wanted = [out for out in gone if self._is_wanted(out)]
        if not all(_is_plain(out) for out in wanted):
            return StageState.RESTORED if steps.pull_outputs(stage) else None
        if self._lacks(stage, self._fetch_late(wanted)):
            return None
        here = [out for out in gone if self._has(out)]
        if len(here) < len(gone):
            self._absent.add(stage)
        if not all(self._check_out(out) for out in here):
            return None
        return StageState.RESTORED if here else StageState.CACHED

    def provide(self, stage: Stage, upstream: Iterable[Stage]) -> None:
        """Bring the inputs of a stage that are missing here; what is nowhere stays missing."""
        for dep in steps.missing_dependencies(stage):
            self._provide(dep, list(producers(dep, upstream)))

    def fetch_earlier(self, earlier: Stage) -> None:
        """Fetch the outputs of an earlier result, so that it can be checked out."""
        self._fetch(out for out in earlier.outs if _is_plain(out))

    def close(self) -> None:
        """Stop fetching; say whose data was left where it is."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        absent = sum(any(not out.exists for out in stage.outs) for stage in self._absent)
        if absent:
            whose = "1 unchanged stage is" if absent == 1 else f"{absent} unchanged stages are"
            self._tell(f"outputs of {whose} not here, because nothing needed them; fetch them with: dvc pull")
        self._absent.clear()

    def _start(self, waves: Mapping[int, list[fetching.Batch]]) -> Background:
        words = [sys.executable, "-I", "-m", _MODULE, self._repo.root_dir]
        return Background(
            Call(
                words=words,
                folder=Path(self._repo.root_dir),
                environment=self._environment,
                stdin=fetching.write_request(waves),
            )
        )

    def _arrive(self, answer: fetching.Answer) -> list[Stage]:
        stages = self._awaited.pop(answer.wave, [])
        if answer.error:
            self._failures.update(dict.fromkeys(stages, answer))
        return stages

    def _complain(self, answer: fetching.Answer) -> NoReturn:
        if not answer.damaged:
            raise StageFailedError(f"its data could not be fetched: {answer.error}")
        error = IntegrityError(answer.error)
        if self._verifier:
            self._verifier.remember(error)
        raise error

    def _give_up(self, code: int) -> list[Stage]:
        """Nothing more comes: what is still awaited was not fetched."""
        last = self._process.last_words() if self._process and self._awaited else ""
        reason = f"DVC's fetcher ended with exit code {code}: {last}"
        return [
            stage for wave in tuple(self._awaited) for stage in self._arrive(fetching.Answer(wave=wave, error=reason))
        ]

    def _is_wanted(self, out: Output) -> bool:
        return out in self._needs.needed or is_reported(out)

    def _has(self, out: Output) -> bool:
        """Whether the cache has the output, a directory with all its files."""
        if not _is_plain(out):
            return not out.changed_cache()
        digest = digest_of(out)
        return not self._store.missing([digest]) and not self._store.missing(fetching.read_parts(self._store, digest))

    def _fetch(self, outs: Iterable[Output]) -> tuple[Digest, ...]:
        """Bring outputs into the cache, a call for each remote; what is nowhere."""
        lost: list[Digest] = []
        for batch in _batches(outs):
            lost += fetching.fetch_batch(self._store, batch)
            if self._verifier:
                self._verifier.check_objects(batch)
        return tuple(lost)

    def _fetch_late(self, outs: Iterable[Output]) -> tuple[Digest, ...]:
        """Fetch while commands run: a remote that fails fails the stage, and stops no other."""
        try:
            return self._fetch(outs)
        except OutsideError as error:
            raise StageFailedError(f"its data could not be fetched: {error}") from error

    def _lacks(self, stage: Stage, lost: tuple[Digest, ...]) -> bool:
        """Whether data is nowhere, so that the stage must make it again; StageFailedError where it cannot."""
        if not lost:
            return False
        names = ", ".join(str(digest) for digest in lost[:_SHOWN_OBJECTS])
        more = f" and {len(lost) - _SHOWN_OBJECTS} more" if len(lost) > _SHOWN_OBJECTS else ""
        complaint = f"neither the cache nor the remote has {names}{more}"
        if stage.frozen or not stage.cmd:
            raise StageFailedError(complaint)
        self._tell(f"{stage.addressing}: {complaint}: it is made again")
        return True

    def _provide(self, dep: Dependency, outs: list[Output]) -> None:
        if not outs or not all(_is_plain(out) for out in outs):
            self._repo.pull(dep.def_path)
            return
        gone = [out for out in outs if not out.exists]
        if lost := self._fetch_late(gone):
            raise StageFailedError(
                f"dependency {str(dep)!r} is missing: neither the cache nor the remote has {lost[0]}"
            )
        for out in gone:
            self._check_out(out)

    def _check_out(self, out: Output) -> bool:
        """Check an output out as a whole: DVC would take a part of a directory for a change of it."""
        try:
            out.checkout()
        except CheckoutError:
            return False
        return True


def _announce(outs: Sequence[Output]) -> str:
    size = sum(out.meta.size or 0 for out in outs)
    what = "1 output" if len(outs) == 1 else f"{len(outs)} outputs"
    return f"fetching {what} ({size / 1e6:.1f} MB) that stages need"


def _is_plain(out: Output) -> bool:
    """Whether the output lies in the remote by its digest alone: not in another repository's, no cloud's version."""
    known = out.hash_info and out.hash_info.name in COMPUTED and out.protocol == "local"
    return bool(known and out.use_cache and not (out.files or out.meta.version_id or out.stage.is_repo_import))


def _batches(outs: Iterable[Output]) -> Iterator[fetching.Batch]:
    """One batch for each remote that outputs name."""
    by_remote = sorted(outs, key=lambda out: str(out.remote or ""))
    for remote, group in groupby(by_remote, key=lambda out: str(out.remote or "")):
        yield fetching.Batch(digests=tuple(dict.fromkeys(map(digest_of, group))), remote=remote or None)
