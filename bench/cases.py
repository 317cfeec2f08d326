"""What is measured, against what, and which goal it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.pipelines import Files, chain, diamond, many_files, sleepers, templated
from bench.reviews import Files as Side
from bench.reviews import changed_params, commit_both, run_diffs, run_report, stages_with_metrics
from bench.runs import BIN, DVC, KIT, DifferentResultsError, Run, fresh_repository

_GIB = 2**30
_PLAN = str(Path(__file__).with_name("plan_only.py"))
_FACTS = str(Path(__file__).with_name("facts_only.py"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured line: the two sides as text, their ratio, the goal, and whether it was met."""

    name: str
    theirs: str
    ours: str
    ratio: str
    goal: str
    met: bool


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something to measure; `title` is for people, `name` for the command line."""

    name: str
    title: str
    measure: Callable[[], Row]


def paired_run(title: str, files: Files, *, jobs: int, goal: float) -> Row:
    """A first run: `dvc repro` against the kit, the locks compared."""
    theirs, ours = _first_runs(title, files, jobs=jobs)
    return _compare(title, theirs, ours, goal=goal)


def paired_rest(title: str, files: Files, *, goal: float) -> Row:
    """A run with nothing to do, by each of the two after the kit made everything."""
    with fresh_repository(files) as repository:
        repository.run(KIT, "reproduce", "--jobs", "2")
        theirs = repository.run(DVC, "repro", "--quiet")
        ours = repository.run(KIT, "reproduce")
    return _compare(title, theirs, ours, goal=goal)


def paired_plan(title: str, files: Files, *, most_seconds: float) -> Row:
    """Reading and ordering the stages: `dvc dag` against the kit's plan and schedule."""
    with fresh_repository(files) as repository:
        theirs = repository.run(DVC, "dag")
        ours = repository.run(str(BIN / "python"), _PLAN)
    return _row(title, theirs, ours, goal=f"under {most_seconds:g} s", met=ours.seconds < most_seconds)


def growth(title: str, small: int, large: int, *, again: bool, most: float) -> Row:
    """What a chain that is longer costs the kit, in a first run or in one with nothing to do."""
    few, many = (_chain_run(count, again=again) for count in (small, large))
    ratio = many.seconds / few.seconds
    return Row(
        name=title,
        theirs=f"{small}: {few.seconds:.1f} s",
        ours=f"{large}: {many.seconds:.1f} s",
        ratio=f"{ratio:.1f}",
        goal=f"under {most:g}",
        met=ratio < most,
    )


def paired_files(title: str, files: Files, *, most_bytes: int) -> Row:
    """Many files: no slower than DVC, and in bounded memory."""
    theirs, ours = _first_runs(title, files, jobs=2)
    goal = f"1 x, {most_bytes / _GIB:.2g} GiB"
    met = ours.seconds <= theirs.seconds and ours.memory < most_bytes
    return _row(f"{title} ({ours.memory / _GIB:.2f} GiB)", theirs, ours, goal=goal, met=met)


def makespan(title: str, width: int, *, slots: int, most: float) -> Row:
    """The second run of a diamond, its times known from the first, against the shortest time that is possible."""
    files, seconds, needs = diamond(width, seed=1)
    bound = max(_critical_path(seconds, needs), sum(seconds.values()) / slots)
    with fresh_repository(files) as repository:
        repository.run(KIT, "reproduce", "--jobs", str(slots))
        ours = repository.run(KIT, "reproduce", "--jobs", str(slots), "--force")
    ratio = ours.seconds / bound
    return Row(
        name=title,
        theirs=f"bound {bound:.1f} s",
        ours=f"{ours.seconds:.1f} s",
        ratio=f"{ratio:.2f}",
        goal=f"at most {most:g}",
        met=ratio <= most,
    )


def paired_review(title: str, base: Side, head: Side, *, goal: float) -> Row:
    """A report against DVC's three diffs, one after the other."""
    with fresh_repository({}) as repository:
        commit_both(repository, base, head)
        theirs = run_diffs(repository, "metrics", "params", "plots")
        ours = run_report(repository)
    return _compare(title, theirs, ours, goal=goal)


def bounded_review(title: str, base: Side, head: Side, *, most_seconds: float) -> Row:
    """A report against DVC's diffs of metrics and params, and against a bound."""
    with fresh_repository({}) as repository:
        commit_both(repository, base, head)
        theirs = run_diffs(repository, "metrics", "params")
        ours = run_report(repository)
    return _row(title, theirs, ours, goal=f"under {most_seconds:g} s", met=ours.seconds < most_seconds)


def bounded_facts(title: str, base: Side, head: Side, *, most_seconds: float) -> Row:
    """What reading one side from git takes of a report, without starting Python: the fastest of a few."""
    with fresh_repository({}) as repository:
        commit_both(repository, base, head)
        theirs = repository.run(DVC, "metrics", "show", "--json")
        seconds = min(float(repository.read_output(str(BIN / "python"), _FACTS)) for _ in range(5))
    return Row(
        name=title,
        theirs=f"dvc metrics show {theirs.seconds:.1f} s",
        ours=f"{seconds:.3f} s",
        ratio=f"{theirs.seconds / seconds:.0f} x",
        goal=f"under {most_seconds:g} s",
        met=seconds < most_seconds,
    )


def _first_runs(title: str, files: Files, *, jobs: int) -> tuple[Run, Run]:
    """A first run by DVC and one by the kit, each in a repository of its own, with the same lock in the end."""
    theirs, their_lock = _first_run(files, [DVC, "repro", "--quiet"])
    ours, our_lock = _first_run(files, [KIT, "reproduce", "--jobs", str(jobs)])
    if their_lock != our_lock:
        raise DifferentResultsError(f"{title}: dvc.lock differs")
    return theirs, ours


def _first_run(files: Files, words: list[str]) -> tuple[Run, str]:
    with fresh_repository(files) as repository:
        run = repository.run(*words)
        repository.require_clean()
        return run, repository.read_lock()


def _chain_run(count: int, *, again: bool) -> Run:
    with fresh_repository(chain(count)) as repository:
        first = repository.run(KIT, "reproduce", "--jobs", "2")
        return repository.run(KIT, "reproduce") if again else first


def _critical_path(seconds: Mapping[str, float], needs: Mapping[str, tuple[str, ...]]) -> float:
    ends: dict[str, float] = {}
    for name in needs:
        ends[name] = seconds[name] + max((ends[need] for need in needs[name]), default=0.0)
    return max(ends.values())


def _compare(title: str, theirs: Run, ours: Run, *, goal: float) -> Row:
    return _row(title, theirs, ours, goal=f"{goal:g} x", met=theirs.seconds / ours.seconds >= goal)


def _row(title: str, theirs: Run, ours: Run, *, goal: str, met: bool) -> Row:
    return Row(
        name=title,
        theirs=f"{theirs.seconds:.1f} s",
        ours=f"{ours.seconds:.1f} s",
        ratio=f"{theirs.seconds / ours.seconds:.1f} x",
        goal=goal,
        met=met,
    )


def _case(name: str, title: str, measure: Callable[..., Row], *arguments: object, **options: object) -> Case:
    return Case(name=name, title=title, measure=lambda: measure(title, *arguments, **options))


_REVIEW = (stages_with_metrics(500, 50, value=1), stages_with_metrics(500, 50, value=2))
_FIFTY = (stages_with_metrics(50, 50, value=1), stages_with_metrics(50, 50, value=2))
_PARAMS = (changed_params(1300, 400, value=1), changed_params(1300, 400, value=2))

CASES = (
    _case("sleepers", "32 independent stages of 1 s, 32 jobs", paired_run, sleepers(32), jobs=32, goal=10),
    _case("chain-200", "chain of 200 trivial stages", paired_run, chain(200), jobs=2, goal=8),
    _case("chain-500", "chain of 500 trivial stages", paired_run, chain(500), jobs=2, goal=12),
    _case("rest-500", "chain of 500, nothing to do", paired_rest, chain(500), goal=2),
    _case("plan-1300", "1,300 templated stages: the plan", paired_plan, templated(100), most_seconds=2),
    _case("growth", "first run of a chain of 2,000 to one of 500", growth, 500, 2000, again=False, most=5),
    _case("growth-rest", "nothing to do for 2,000 to the same for 500", growth, 500, 2000, again=True, most=5),
    _case("files", "1,000 outs, 100,000 files", paired_files, many_files(10, 100, 100), most_bytes=1_500_000_000),
    _case("diamond", "diamond of 40 stages on 8 slots to the lower bound", makespan, 19, slots=8, most=1.15),
    _case("review", "report: 500 stages, 50 metrics files and plots, to three diffs", paired_review, *_REVIEW, goal=10),
    _case("review-1300", "report: 1,300 stages, 400 changed params", bounded_review, *_PARAMS, most_seconds=2),
    _case("facts", "facts of a commit with 50 metrics files", bounded_facts, *_FIFTY, most_seconds=0.1),
)
