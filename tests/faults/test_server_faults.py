"""Promotion against an MLflow server behind a proxy that loses, garbles and delays: killed at random, and raced."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.core.types import ModelName
from tests.fakes.github import Fault
from tests.fakes.watched_proxy import HttpCall
from tests.faults.canary import Canary
from tests.faults.children import (
    PARTS,
    Note,
    Tally,
    count_share,
    count_trials,
    kill_after,
    next_moment,
    random_source,
    run_child,
)
from tests.faults.conftest import MlflowServer
from tests.faults.theatre import Trial, add_clone, promote, trial
from tests.faults.verdict import ServerView

pytestmark = pytest.mark.faults
CONFIG = "version: 1\nenvironments:\n  dev: {branch: dev}\n  staging: {branch: staging, after: dev}\n"
LONGEST_SECONDS = 1.0
"""Until when a promotion is killed: about as long as one takes."""
FAULTY = 0.04
"""The share of calls that fail."""
FAULTS = {
    "5xx before": ("before", {"status": 503}),
    "5xx after": ("after", {"status": 502, "raw": "<html>"}),
    "reset before": ("before", {"reset": True}),
    "reset after": ("after", {"reset": True}),
    "truncated": ("after", {"truncate": True}),
    "delayed": ("after", {"sleep": 0.05, "reset": True}),
}


class Weather:
    """A watcher that makes some calls fail, by a seed, until it is over."""

    def __init__(self, source: random.Random, watch: Callable[[HttpCall, str], Fault | None]) -> None:
        self.met: Counter[str] = Counter()
        self.over = False
        self._source = source
        self._watch = watch
        self._lock = threading.Lock()

    def __call__(self, call: HttpCall, when: str) -> Fault | None:
        """Let the call pass, or not."""
        self._watch(call, when)
        with self._lock:
            if self.over or self._source.random() > FAULTY:
                return None
            name = self._source.choice([name for name, (moment, _) in FAULTS.items() if moment == when])
            self.met[name] += 1
        return Fault(method="", path="", **FAULTS[name][1])  # type: ignore[arg-type]  # by name


def new_view(server: MlflowServer) -> ServerView:
    return ServerView(server.address, ModelName(f"churn-{uuid4().hex[:12]}"))


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_promotions_among_lost_answers_converge(
    part: int, tmp_path: Path, mlflow_server: MlflowServer, canary: Canary, record_property: Note
) -> None:
    source, tally, met, trials = random_source(f"server {part}"), Tally(), Counter[str](), 0
    while tally.killed < count_share(count_trials() * 3 // 10):
        folder, seed = tmp_path / str(trials), source.random()
        folder.mkdir()
        with trial(folder, mlflow_server.proxy, new_view(mlflow_server), CONFIG) as made:
            canary.servers.append(made.github)
            try:
                met += kill_among_faults(made, random.Random(seed), tally)  # noqa: S311 - no secret
            except BaseException:
                print(f"trial {trials}: seed {seed!r}")
                raise
        canary.servers.clear()
        trials += 1
    faults = ", ".join(f"{count} {name}" for name, count in sorted(met.items()))
    record_property(
        "trials", f"kill -9 of promotions, MLflow server and git, part {part}: {tally} in {trials} trials; {faults}"
    )


def kill_among_faults(made: Trial, source: random.Random, tally: Tally) -> Counter[str]:
    """Two versions, each pushed and promoted by a process that is killed, the weather being bad; then all is well."""
    weather = Weather(source, made.traps.watch)
    for proxy in made.proxies:
        proxy.watcher = weather
    for letter in "ab":
        made.push(letter)
        kill_after(run_child(promote, made.place), next_moment(source, tally, longest=LONGEST_SECONDS), tally)
        made.calm_down()
    weather.over = True
    if source.random() < 0.5:
        add_clone(made.place, "fresh", CONFIG)
        made.clone = "fresh"
    made.settle()
    return weather.met


@pytest.mark.parametrize("part", range(PARTS))
def test_racing_promoters_agree_on_one_version_at_a_server(
    part: int, tmp_path: Path, mlflow_server: MlflowServer, canary: Canary, record_property: Note
) -> None:
    source, runners = random_source(f"server races {part}"), Counter[int]()
    for number in range(count_share(count_trials(20))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with trial(folder, mlflow_server.proxy, new_view(mlflow_server), CONFIG) as made:
            canary.servers.append(made.github)
            clones = ("work", "second", "third")[: source.randint(2, 3)]
            for name in clones[1:]:
                add_clone(made.place, name, CONFIG)
            for letter in "ab":
                made.push(letter)
                made.promote_freely(clones)
                runners[len(clones)] += 1
            made.settle()
            seqs = [(one.environment, one.seq) for one in made.read_records()]
            assert seqs == [("dev", 1), ("dev", 2), ("staging", 1), ("staging", 2)]
        canary.servers.clear()
    told = ", ".join(f"{races} of {count} runners" for count, races in sorted(runners.items()))
    record_property(
        "trials", f"races on one remote and one MLflow server, part {part}: {sum(runners.values())}: {told}"
    )
