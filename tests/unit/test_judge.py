"""Judging a report against a repository in memory: base, live and history are git's, whatever the report says."""

import json
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.commands.judge import Bench, Evidence, judge
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.report import Report, Side, report_json
from mlops_kit.core.types import (
    Answer,
    CommitSha,
    Digest,
    EnvironmentName,
    ModelName,
    PromotionKind,
    PromotionRecord,
    ResolvedValues,
)
from mlops_kit.testing.git import MemoryGit
from mlops_kit.testing.log import MemoryLog
from tests.unit.review.pipelines import digest, project_files

PICTURE = "train: train.csv={model} -> m.pkl\nevaluate: m.pkl={model} test.csv={test} -> !metrics.json"
POLICY = "version: 1\nenvironments: {{main: {{branch: main, gates: [{gates}]}}}}\n"
DROP = "{metric: acc, max-drop: 0.01}"
COMPARABLE = "{metric: acc, min: 0.1, require-comparable: true}"
LIVE = "{metric: acc, max-drop: 0.01, against: live}"
MAIN, CLF = EnvironmentName("main"), ModelName("clf")


class NoResolver:
    """The Resolver port where nothing needs DVC."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        raise AssertionError(f"DVC was asked about {root} at {commit}")


def files(accuracy: float, *, model: str = "m", test: str = "e", gates: str = DROP) -> dict[str, bytes]:
    """A commit whose evaluation says this accuracy."""
    made = project_files(PICTURE.format(model=model, test=test), models="clf=m.pkl")
    policy = POLICY.format(gates=gates).encode()
    return {**made, "metrics.json": json.dumps({"acc": accuracy}).encode(), "mlops.yaml": policy}


@dataclass
class Court:
    """A repository with a branch `main` and, mostly, a pull request's branch `topic`."""

    git: MemoryGit = field(default_factory=MemoryGit)
    log: MemoryLog = field(default_factory=MemoryLog)

    def push(self, *values: float, gates: str = DROP, tests: str = "") -> CommitSha:
        """Commits on main, each with a model of its own; the last one."""
        letters = tests or "e" * len(values)
        made = [
            self.git.commit("main", files(value, model=f"m{number}", test=letters[number], gates=gates))
            for number, value in enumerate(values)
        ]
        return made[-1]

    def propose(self, accuracy: float, *, test: str = "e", model: str = "new") -> CommitSha:
        """The pull request's head, on top of main."""
        self.git.point("topic", self.git.branches["main"])
        return self.git.commit("topic", files(accuracy, model=model, test=test))

    def promote(self, commit: CommitSha, *, model: str, stage: str = "train") -> None:
        """A record that a commit's model is live."""
        lock = json.loads(self.git.read_files(commit, ["dvc.lock"])["dvc.lock"])
        out = lock["stages"][stage]["outs"][0]["md5"]
        seq = len(self.log.read_records()) + 1
        self.log.append_record(
            PromotionRecord(
                model=ModelName(model),
                environment=MAIN,
                seq=seq,
                digest=Digest(algorithm="md5", value=out),
                sha256="0" * 64,
                recipe="",
                previous=None,
                kind=PromotionKind.PROMOTE,
                commit=commit,
            )
        )

    def judge(self, report: Report, *, head: CommitSha, base: CommitSha | None = None) -> Report:
        """The report as main's policy judges it."""
        pull_request = PullRequest(
            number=7,
            head=head,
            base=base or self.git.branches["main"],
            head_branch="topic",
            base_branch="main",
            is_fork=False,
        )
        bench = Bench(git=self.git, log=self.log, resolver=NoResolver())
        evidence = Evidence(data=report_json(report).encode(), file="report.json")
        return judge(bench, evidence, pull_request)


def report(base: str, head: CommitSha, *, old: float | None, new: float, live: float | None = None) -> Report:
    """What a stranger says."""
    trend = Trend.NEW if old is None else Trend.CHANGED
    row = MetricRow(path="metrics.json", key="acc", old=old, new=new, live=live, trend=trend)
    return Report(
        base=Side(name="origin/main", commit=base),
        head=Side(name="work tree", commit=head, worktree=True),
        environment="main",
        verdict=Verdict.PASS,
        metrics=(row,),
    )


def answer(judged: Report) -> Answer:
    (gate,) = judged.gates
    return gate.answer


@pytest.mark.parametrize("told", [0.1, 0.9, None], ids=["a lie", "the truth", "no value"])
def test_what_base_measured_is_read_from_git(told: float | None) -> None:
    court = Court()
    base, head = court.push(0.9), court.propose(0.5)
    judged = court.judge(report(base, head, old=told, new=0.5), head=head)
    assert answer(judged) is Answer.FAIL
    assert (judged.metrics[0].old, judged.metrics[0].trend, judged.metrics[0].assumed) == (0.9, Trend.WORSE, True)
    assert bool(judged.notes) is (told != 0.9)


def test_an_older_commit_is_no_base_however_good_the_change_looks_beside_it() -> None:
    court = Court()
    worst, base = court.push(0.1), court.push(0.9)
    head = court.propose(0.5)
    judged = court.judge(report(worst, head, old=0.1, new=0.5), head=head)
    assert (answer(judged), judged.base.commit) == (Answer.FAIL, base)
    assert judged.notes[0].startswith(f"the report compares with {worst[:8]}, no commit of the base branch since")


@pytest.mark.parametrize("told", ["", "main", "f" * 40, "F" * 40, "0" * 8])
def test_what_is_no_commit_of_the_clone_is_no_base(told: str) -> None:
    court = Court()
    base = court.push(0.9)
    head = court.propose(0.5)
    assert court.judge(report(told, head, old=0.1, new=0.5), head=head).base.commit == base


def test_the_head_s_own_commits_are_no_base() -> None:
    court = Court()
    base = court.push(0.9)
    middle = court.propose(0.2)
    head = court.git.commit("topic", files(0.5, model="newest"))
    assert court.judge(report(middle, head, old=0.2, new=0.5), head=head).base.commit == base


def test_a_base_branch_that_moved_on_after_the_event_may_be_base() -> None:
    court = Court()
    old = court.push(0.9)
    head = court.propose(0.5)
    new = court.push(0.505)
    judged = court.judge(report(new, head, old=0.505, new=0.5), head=head, base=old)
    assert (judged.base.commit, answer(judged), judged.notes) == (new, Answer.PASS, ())


def test_the_merge_base_may_be_base_although_the_branch_moved_on() -> None:
    court = Court()
    old = court.push(0.505)
    head = court.propose(0.5)
    court.push(0.9)
    judged = court.judge(report(old, head, old=0.505, new=0.5), head=head)
    assert (judged.base.commit, answer(judged)) == (old, Answer.PASS)


def test_without_head_in_the_clone_the_pull_request_s_base_is_the_earliest() -> None:
    court = Court()
    old, new = court.push(0.1), court.push(0.9)
    head = CommitSha("e" * 40)
    judged = court.judge(report(old, head, old=0.1, new=0.5), head=head)
    assert (judged.base.commit, answer(judged)) == (new, Answer.FAIL)


def test_a_base_without_a_pipeline_leaves_the_report_its_word() -> None:
    court = Court()
    policy = POLICY.format(gates="{metric: acc, min: 0.1}").encode()
    base = court.git.commit("main", {"mlops.yaml": policy})
    judged = court.judge(report(base, CommitSha("e" * 40), old=0.9, new=0.5), head=CommitSha("e" * 40))
    assert (answer(judged), judged.metrics[0].old) == (Answer.PASS, 0.9)


def test_a_base_whose_pipeline_is_broken_cannot_be_compared_with() -> None:
    court = Court()
    base = court.git.commit("main", files(0.9) | {"dvc.yaml": b"stages: ["})
    head = court.propose(0.9)
    assert answer(court.judge(report(base, head, old=0.9, new=0.9), head=head)) is Answer.NOT_EVALUABLE


def test_a_broken_metrics_file_of_base_is_not_mended_by_the_report() -> None:
    court = Court()
    base = court.git.commit("main", {**files(0.9), "metrics.json": b"{"})
    head = court.propose(0.9)
    judged = court.judge(report(base, head, old=0.9, new=0.9), head=head)
    assert answer(judged) is Answer.NOT_EVALUABLE
    assert (judged.metrics[0].old, judged.metrics[0].trend) == (None, Trend.UNREADABLE)


@pytest.mark.parametrize(("old", "expected"), [(0.9, Answer.FAIL), (0.5, Answer.PASS)])
def test_a_metric_that_only_a_cache_has_is_the_report_s(old: float, expected: Answer) -> None:
    court = Court()
    made = files(0.9)
    del made["metrics.json"]
    base = court.git.commit("main", made)
    head = court.propose(0.5)
    judged = court.judge(report(base, head, old=old, new=0.5), head=head)
    assert (answer(judged), judged.metrics[0].old) == (expected, old)


def test_a_metric_that_only_a_cache_has_is_not_believed_of_another_commit() -> None:
    court = Court()
    other = court.push(0.5)
    made = files(0.9)
    del made["metrics.json"]
    court.git.commit("main", made)
    head = court.propose(0.5)
    assert answer(court.judge(report(other, head, old=0.5, new=0.5), head=head)) is Answer.NOT_EVALUABLE


TWO = """
train-a: a.csv={a} -> a.pkl
eval-a: a.pkl={a} test.csv=e -> !a.json
train-b: b.csv={b} -> b.pkl
eval-b: b.pkl={b} test.csv=e -> !b.json
check: a.csv={a} -> !data.json
"""


def two_models(court: Court, a: float, b: float) -> CommitSha:
    """A commit with two models, each as good as it says."""
    made = project_files(TWO.format(a=a, b=b), models="a=a.pkl b=b.pkl")
    gates = ", ".join(
        f"{{metric: {key}, max-drop: 0.01, against: live}}" for key in ("a.json:acc", "b.json:acc", "data.json:rows")
    )
    numbers = {"a.json": {"acc": a}, "b.json": {"acc": b}, "data.json": {"rows": 1}}
    written = {path: json.dumps(value).encode() for path, value in numbers.items()}
    return court.git.commit("main", {**made, **written, "mlops.yaml": POLICY.format(gates=gates).encode()})


def judged_of_two(court: Court, a: float, b: float) -> Report:
    """A pull request's report that says these values of both models."""
    base = court.git.branches["main"]
    head = CommitSha("e" * 40)
    rows = tuple(
        MetricRow(path=path, key=key, new=value, trend=Trend.NEW)
        for path, key, value in (("a.json", "acc", a), ("b.json", "acc", b), ("data.json", "rows", 1))
    )
    return court.judge(replace(report(base, head, old=None, new=1), metrics=rows), head=head)


def test_models_that_came_live_one_after_the_other_are_live_at_the_newest_commit() -> None:
    court = Court()
    court.promote(two_models(court, 0.5, 0.5), model="a", stage="train-a")
    newest = two_models(court, 0.5, 0.9)
    court.promote(newest, model="b", stage="train-b")
    two_models(court, 0.1, 0.1)
    judged = judged_of_two(court, 0.5, 0.5)
    assert judged.live == Side(name="live in main", commit=newest)
    assert [gate.answer for gate in judged.gates] == [Answer.PASS, Answer.FAIL, Answer.PASS]


def test_models_that_are_live_at_no_one_commit_are_each_compared_with_their_own() -> None:
    court = Court()
    court.promote(two_models(court, 0.9, 0.1), model="a", stage="train-a")
    court.promote(two_models(court, 0.1, 0.9), model="b", stage="train-b")
    two_models(court, 0.1, 0.1)
    judged = judged_of_two(court, 0.9, 0.9)
    assert judged.live == Side(name="live in main", commit="")
    assert [(row.path, row.live) for row in judged.metrics] == [("a.json", 0.9), ("b.json", 0.9), ("data.json", None)]
    assert [gate.answer for gate in judged.gates] == [Answer.PASS, Answer.PASS, Answer.NOT_EVALUABLE]
    assert "it is of models that are live at different commits" not in judged.gates[0].message
    assert any(note.startswith("models are live at different commits (a at ") for note in judged.notes)


def test_live_values_are_never_the_report_s() -> None:
    court = Court()
    live = court.push(0.9, gates=LIVE)
    court.promote(live, model="clf")
    base = court.push(0.6, gates=LIVE)
    head = court.propose(0.5)
    forged = replace(report(base, head, old=0.6, new=0.5, live=0.1), live=Side(name="live in main", commit=base))
    judged = court.judge(forged, head=head)
    assert answer(judged) is Answer.FAIL
    assert (judged.live, judged.metrics[0].live) == (Side(name="live in main", commit=live), 0.9)


def test_live_values_of_nothing_are_taken_away() -> None:
    court = Court()
    base, head = court.push(0.9), court.propose(0.9)
    forged = replace(report(base, head, old=0.9, new=0.9, live=0.1), live=Side(name="live in main", commit=base))
    judged = court.judge(forged, head=head)
    assert (judged.live, judged.metrics[0].live) == (None, None)


def test_an_obstacle_that_git_shows_counts_though_the_report_hides_it() -> None:
    court = Court()
    base = court.push(0.9, gates=COMPARABLE)
    head = court.propose(0.9, test="other")
    judged = court.judge(report(base, head, old=0.9, new=0.9), head=head)
    assert answer(judged) is Answer.NOT_EVALUABLE
    (row,) = judged.obstacles
    assert (row.name, row.old, row.new) == ("test.csv", f"md5:{digest('e')}", f"md5:{digest('other')}")


@pytest.mark.parametrize(("gates", "expected"), [(COMPARABLE, Verdict.FAIL), (DROP, Verdict.WARN)])
def test_an_obstacle_that_only_the_report_shows_counts_too(gates: str, expected: Verdict) -> None:
    court = Court()
    base = court.push(0.9, gates=gates)
    head = CommitSha("e" * 40)
    said = ObstacleRow(path="metrics.json", stage="evaluate", kind=Obstacle.DATA, name="test.csv")
    judged = court.judge(replace(report(base, head, old=0.9, new=0.9), obstacles=(said,)), head=head)
    assert judged.verdict is expected


def test_where_base_is_live_its_obstacles_hold_for_gates_against_live() -> None:
    court = Court()
    base = court.push(0.9, gates="{metric: acc, min: 0.1, against: live, require-comparable: true}")
    court.promote(base, model="clf")
    head = court.propose(0.9, test="other")
    judged = court.judge(report(base, head, old=0.9, new=0.9), head=head)
    assert answer(judged) is Answer.NOT_EVALUABLE
    assert [row.against for row in judged.obstacles] == ["base"]


SCATTER = (0.90, 0.93, 0.89, 0.92, 0.88, 0.91)


def test_what_main_scattered_by_before_excuses_a_small_breach() -> None:
    court = Court()
    base = court.push(*SCATTER)
    head = court.propose(0.88)
    assert answer(court.judge(report(base, head, old=0.91, new=0.88), head=head)) is Answer.INCONCLUSIVE
    assert answer(court.judge(report(base, head, old=0.91, new=0.5), head=head)) is Answer.FAIL


def test_measurements_on_other_data_are_no_history() -> None:
    court = Court()
    base = court.push(*SCATTER, tests="xxxeee")
    head = court.propose(0.88)
    assert answer(court.judge(report(base, head, old=0.91, new=0.88), head=head)) is Answer.FAIL


def test_commits_that_measured_nothing_anew_are_no_history() -> None:
    court = Court()
    for number, value in enumerate(SCATTER):
        for _ in range(3):
            court.git.commit("main", files(value, model=f"m{number // 2}"))
    base = court.git.branches["main"]
    head = court.propose(0.88)
    assert answer(court.judge(report(base, head, old=0.91, new=0.88), head=head)) is Answer.FAIL


def test_commits_that_cannot_be_read_are_left_out_and_counted() -> None:
    court = Court()
    court.push(*SCATTER[:3])
    court.git.commit("main", files(0.5) | {"dvc.yaml": b"stages: ["})
    court.git.commit("main", files(0.5) | {"metrics.json": b"<<<<<<<"})
    for number, value in enumerate(SCATTER[3:]):
        court.git.commit("main", files(value, model=f"n{number}"))
    base, head = court.git.branches["main"], court.propose(0.88)
    judged = court.judge(report(base, head, old=0.91, new=0.88), head=head)
    assert answer(judged) is Answer.INCONCLUSIVE
    assert "2 of the last 8 commits could not be read for their metrics" in judged.notes


def test_the_policy_says_how_far_history_goes() -> None:
    court = Court()
    for number, value in enumerate(SCATTER):
        made = files(value, model=f"m{number}")
        court.git.commit("main", made | {"mlops.yaml": made["mlops.yaml"] + b"review: {history: 4}\n"})
    base, head = court.git.branches["main"], court.propose(0.88)
    assert answer(court.judge(report(base, head, old=0.91, new=0.88), head=head)) is Answer.FAIL


CELLS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "0.9", True, 0.9, 0.1])
OBSTACLES = st.builds(
    ObstacleRow,
    path=st.sampled_from(["metrics.json", "other.json"]),
    stage=st.just("evaluate"),
    kind=st.sampled_from(list(Obstacle)),
    name=st.just("test.csv"),
    against=st.sampled_from(["base", "live"]),
)
SEVERITY = (Answer.PASS, Answer.WARN, Answer.INCONCLUSIVE, Answer.NOT_EVALUABLE, Answer.FAIL)
ALL_GATES = f"{DROP}, {LIVE}, {COMPARABLE}, {{metric: acc, max-drop: 0.01, level: warn}}"


def history_of_main() -> tuple[Court, tuple[CommitSha, ...]]:
    """A branch that scatters, what is live on it, and its commits, a stranger's commit last."""
    court = Court()
    commits = [court.push(value, gates=ALL_GATES) for value in (0.1, *SCATTER)]
    court.promote(commits[3], model="clf")
    return court, (*commits, CommitSha("f" * 40))


@given(
    accuracy=st.sampled_from([0.05, 0.5, 0.87, 0.88, 0.9, 0.95]),
    test=st.sampled_from(["e", "other"]),
    lies=st.fixed_dictionaries({"old": CELLS, "live": CELLS, "trend": st.sampled_from(list(Trend))}),
    obstacles=st.lists(OBSTACLES, max_size=3, unique=True).map(tuple),
    base=st.integers(0, 7),
    verdict=st.sampled_from(list(Verdict)),
)
def test_no_report_is_judged_better_than_by_what_git_says(
    accuracy: float,
    test: str,
    lies: dict[str, object],
    obstacles: tuple[ObstacleRow, ...],
    base: int,
    verdict: Verdict,
) -> None:
    court, commits = history_of_main()
    head = court.propose(accuracy, test=test)
    honest = court.judge(report(commits[-2], head, old=SCATTER[-1], new=accuracy), head=head)
    row = MetricRow(path="metrics.json", key="acc", new=accuracy, **lies)  # type: ignore[arg-type]
    forged = replace(
        report(commits[base], head, old=None, new=accuracy), metrics=(row,), obstacles=obstacles, verdict=verdict
    )
    judged = court.judge(forged, head=head)
    assert [gate.rule for gate in judged.gates] == [gate.rule for gate in honest.gates]
    for gate, fair in zip(judged.gates, honest.gates, strict=True):
        assert SEVERITY.index(gate.answer) >= SEVERITY.index(fair.answer), gate.message
    order = list(Verdict)
    assert order.index(judged.verdict) >= order.index(honest.verdict)
    assert judged.metrics[0].old == SCATTER[-1]
    assert judged.metrics[0].live == SCATTER[2]
