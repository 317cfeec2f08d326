"""What every Forecaster must do: the one in memory, and DVC itself, on the same two stages."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.reasons import DvcForecaster
from mlops_kit.core.errors import InputError
from mlops_kit.core.inspection import Content
from mlops_kit.core.ports import Forecaster
from mlops_kit.core.run import Selection
from mlops_kit.core.types import Digest, StageName
from mlops_kit.testing.forecaster import MemoryForecaster, MemoryStage
from tests.integration.dvc_project import make_project

FIRST, SECOND = StageName("first"), StageName("second")
PIPELINE = """
stages:
  first:
    cmd: cat in > mid
    deps: [in]
    outs: [mid]
  second:
    cmd: cat mid mid > end
    deps: [mid]
    outs: [end]
"""


@dataclass(frozen=True)
class Subject:
    """One implementation over `first` (copies `in` to `mid`) and `second` (`mid` twice to `end`); `in` is `1`."""

    open: Callable[[], AbstractContextManager[Forecaster]]
    write: Callable[[str, str], object]
    remove: Callable[[str], object]
    run: Callable[[], object]


def in_memory() -> Subject:
    found = MemoryForecaster(
        stages=(
            MemoryStage(
                name=FIRST, command="cat in > mid", compute=lambda read: read["in"], reads=("in",), writes="mid"
            ),
            MemoryStage(
                name=SECOND,
                command="cat mid mid > end",
                compute=lambda read: read["mid"] * 2,
                reads=("mid",),
                writes="end",
            ),
        ),
        files={"in": "1"},
    )

    @contextmanager
    def opened() -> Iterator[Forecaster]:
        yield found

    return Subject(
        open=opened,
        write=found.files.__setitem__,
        remove=found.files.pop,
        run=lambda: [found.run_stage(stage.name) for stage in found.stages],
    )


def with_dvc(folder: Path) -> Subject:
    project = make_project(folder / "p", {"dvc.yaml": PIPELINE, "in": "1"}, site=folder / "site")
    return Subject(
        open=lambda: DvcForecaster(project.root),
        write=lambda path, text: project.write({path: text}),
        remove=lambda path: (project.root / path).unlink(),
        run=project.run_kit,
    )


@pytest.fixture(params=["memory", "dvc"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    return in_memory() if request.param == "memory" else with_dvc(tmp_path)


def digest(text: str) -> Digest:
    return Digest(algorithm="md5", value=md5(text.encode(), usedforsecurity=False).hexdigest())


def test_a_plan_has_every_stage_after_what_it_needs(subject: Subject) -> None:
    with subject.open() as forecaster:
        planned = forecaster.plan(Selection())
        assert [(stage.name, stage.reads, stage.writes) for stage in planned] == [
            (FIRST, ("in",), ("mid",)),
            (SECOND, ("mid",), ("end",)),
        ]
        assert [stage.name for stage in forecaster.plan(Selection(targets=("first",)))] == [FIRST]
        assert [stage.name for stage in forecaster.plan(Selection(targets=("second",)))] == [FIRST, SECOND]


def test_an_unknown_target_is_refused(subject: Subject) -> None:
    with subject.open() as forecaster, pytest.raises(InputError, match="nowhere"):
        forecaster.plan(Selection(targets=("nowhere",)))


def test_before_the_first_run_the_lock_has_nothing(subject: Subject) -> None:
    with subject.open() as forecaster:
        forecaster.plan(Selection())
        seen = forecaster.inspect(FIRST)
        assert (seen.locked, seen.locked_command, seen.command_changed) == (False, None, False)
        assert [(part.path, part.content, part.old, part.new) for part in seen.inputs] == [
            ("in", Content.NEW, None, digest("1"))
        ]
        assert [(part.path, part.content, part.in_cache) for part in seen.outputs] == [("mid", Content.NEW, False)]
        assert forecaster.find_result(FIRST, {}) is None


def test_after_a_run_everything_is_what_the_lock_says(subject: Subject) -> None:
    subject.run()
    with subject.open() as forecaster:
        forecaster.plan(Selection())
        seen = forecaster.inspect(SECOND)
        assert (seen.locked, seen.locked_command, seen.command_changed) == (True, ("cat mid mid > end",), False)
        assert [(part.path, part.content, part.old) for part in seen.inputs] == [("mid", Content.SAME, digest("1"))]
        assert [(part.path, part.content, part.old, part.in_cache) for part in seen.outputs] == [
            ("end", Content.SAME, digest("11"), True)
        ]
        assert forecaster.find_result(SECOND, {}) == {"end": digest("11")}


def test_a_change_is_seen_with_both_sides(subject: Subject) -> None:
    subject.run()
    subject.write("in", "2")
    subject.write("mid", "3")
    with subject.open() as forecaster:
        forecaster.plan(Selection())
        seen = forecaster.inspect(FIRST)
        (read,), (wrote,) = seen.inputs, seen.outputs
        assert (read.content, read.old, read.new) == (Content.CHANGED, digest("1"), digest("2"))
        assert (wrote.content, wrote.old, wrote.new) == (Content.CHANGED, digest("1"), digest("3"))
        assert forecaster.find_result(FIRST, {}) is None


def test_what_is_gone_is_absent_and_may_be_in_the_cache(subject: Subject) -> None:
    subject.run()
    subject.remove("mid")
    with subject.open() as forecaster:
        forecaster.plan(Selection())
        (wrote,) = forecaster.inspect(FIRST).outputs
        (read,) = forecaster.inspect(SECOND).inputs
        assert (wrote.content, wrote.in_cache) == (Content.ABSENT, True)
        assert (read.content, read.old, read.new) == (Content.ABSENT, digest("1"), None)
        assert forecaster.find_result(SECOND, {}) is None


def test_a_result_is_found_for_inputs_that_are_still_to_come(subject: Subject) -> None:
    subject.run()
    subject.write("in", "2")
    subject.run()
    subject.write("in", "1")
    with subject.open() as forecaster:
        forecaster.plan(Selection())
        assert forecaster.find_result(FIRST, {}) == {"mid": digest("1")}
        assert forecaster.find_result(SECOND, {"mid": digest("1")}) == {"end": digest("11")}
        assert forecaster.find_result(SECOND, {"mid": digest("3")}) is None
        assert forecaster.find_result(SECOND, {}) == {"end": digest("22")}
