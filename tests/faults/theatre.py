"""Promotions against everything that is real: git over a bare remote, an MLflow server, deploy commands, GitHub's API.

What passes between the kit and each of them is seen, and can be stopped there (traps.py). One server of MLflow serves
all trials: each has a model of its own.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.github.board import connect_board
from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.adapters.mlflow import server
from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.world import Wishes, World
from mlops_kit.core.errors import ExitCode, KitError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.promotion.outcome import Outcome, worst_code
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, Model, ModelName, PromotionRecord
from mlops_kit.testing.artifacts import MemoryFiles
from mlops_kit.wiring.promotions import open_world
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account
from tests.fakes.watched_proxy import WatchedProxy
from tests.faults.canary import SECRET
from tests.faults.children import run_child, wait_for
from tests.faults.seams import Failpoint
from tests.faults.stage import NoResolver, git_environment
from tests.faults.traps import Mode, Traps
from tests.faults.verdict import ServerView, check_log, check_registry, last_records
from tests.unit.promotion.scene import digest_of, project_files

DEV = EnvironmentName("dev")
PULL_REQUEST = 7
REPOSITORY = "acme/churn"
PASSING = frozenset({ExitCode.DONE, ExitCode.DIFFERENCE, ExitCode.REFUSED, ExitCode.CONFLICT, ExitCode.OUTSIDE})
"""How a run may end that somebody or something was in the way of."""
_PATIENCE = Patience(
    timeout=5, tries=3, deadline=30, pause=0.001, longest_pause=0.01, limit_pause=0.005, between_writes=0
)
_SERVER_PATIENCE = server.Patience(pause=0.01, longest_pause=0.05, tries=4)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a process needs to promote: folders, addresses, and the model of this trial."""

    folder: Path
    model: ModelName
    mlflow: str
    github: str

    @property
    def traps(self) -> Path:
        """Where the traps lie."""
        return self.folder / "traps"

    def open_world(self, clone: str = "work") -> World:
        """The world as the command line opens it, but for the models' bytes, and nobody waits long."""
        path = f"{self.traps / 'bin'}:{git_environment(self.folder)['PATH']}"
        environment = {**git_environment(self.folder), "PATH": path}
        world = open_world(
            GitRepository(self.folder / clone, environment),
            environment,
            Wishes(tracking_uri=self.mlflow, repository=REPOSITORY, actor="ada", pull_request=PULL_REQUEST),
            board=connect_board(REPOSITORY, api_url=self.github, token=SECRET, patience=_PATIENCE),
            open_forge=lambda: connect(REPOSITORY, api_url=self.github, token=SECRET, patience=_PATIENCE),
        )
        registry = MlflowRegistry(
            self.mlflow, self.folder, environment, ownership=Ownership(repository=REPOSITORY), patience=_SERVER_PATIENCE
        )
        return replace(
            world,
            registry=registry,
            artifacts=TwoFiles(self.folder),
            resolver=NoResolver(),
            clock=HastyClock(),
        )


class HastyClock(SystemClock):
    """The time as it is, but nobody waits."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


@dataclass(frozen=True)
class TwoFiles:
    """The Artifacts port: every digest is a folder of two files, made up as it is asked for."""

    folder: Path

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:  # noqa: ARG002 - all is there
        """Nothing is missing."""
        return frozenset()

    def fetch_model(self, model: Model, commit: CommitSha) -> ModelFiles:
        """The files."""
        assert model.digest is not None, commit
        data = str(model.digest).encode()
        files = {name: self.folder / f"{model.digest.value}-{name}" for name in ("a.bin", "b.bin")}
        for path in files.values():
            path.write_bytes(data)
        return MemoryFiles(files=files, sha256=hashlib.sha256(data).hexdigest())


def run(place: Place, clone: str = "work") -> tuple[Outcome, ...]:
    """One reconcile of everything, as a fresh process begins it."""
    return reconcile(place.open_world(clone))


def promote(place: Place, clone: str = "work") -> None:
    """A child's work: one reconcile of everything; it may be stopped, but it must not break."""
    (place.traps / "pid").write_text(str(os.getpid()))
    try:
        outcomes = run(place, clone)
    except KitError as error:
        if error.code not in PASSING:
            raise
    else:
        _assert_code(outcomes, PASSING)


@dataclass
class Trial:
    """One model's life: a remote, clones of it, what was pushed, and what everybody wrote."""

    place: Place
    view: ServerView
    traps: Traps
    github: FakeGitHub
    proxies: tuple[WatchedProxy, ...]
    letters: list[str] = field(default_factory=list)
    clone: str = "work"

    def push(self, letter: str, *branches: str) -> None:
        """A commit with these bytes becomes the head of the branches."""
        self.letters.append(letter)
        commit = _import_commit(self.place, len(self.letters), letter)
        for branch in branches or self.branches:
            _git(self.place.folder / "origin.git", "update-ref", f"refs/heads/{branch}", commit)

    @property
    def branches(self) -> tuple[str, ...]:
        """The environments' branches."""
        return tuple(str(one.branch) for one in self.place.open_world().config.environments.values())

    def digest(self, letter: str) -> Digest:
        """The digest of a letter's bytes of this trial's model."""
        return digest_of(f"{self.place.model}{letter}")

    def promote_trapped(self, failpoint: Failpoint, mode: Mode) -> int | None:
        """One promotion by a process of its own, into a trap; how the process ended."""
        self.traps.arm(failpoint, mode)
        child = run_child(promote, self.place)
        child.join(60)
        self.calm_down()
        return child.exitcode

    def promote_freely(self, clones: Iterable[str] = ("work",)) -> None:
        """Promotions at once, each by a process of its own; each comes to its end."""
        children = [run_child(promote, self.place, clone) for clone in clones]
        for child in children:
            wait_for(child)
        self.calm_down()

    def calm_down(self) -> None:
        """Until the servers have done what was asked of them."""
        for proxy in self.proxies:
            proxy.wait_until_idle()

    def settle(self, *, clean: frozenset[ExitCode] = frozenset({ExitCode.DONE})) -> None:
        """Two runs at most lead to the end, a third writes nothing; then everything says the same."""
        self.traps.failpoint = None
        run(self.place, self.clone)
        _assert_code(run(self.place, self.clone), clean)
        before = self.traps.writes()
        outcomes = run(self.place, self.clone)
        assert self.traps.writes() == before, self.traps.writes()[len(before) :]
        assert all(outcome.done == () for outcome in outcomes), outcomes
        self.check(live=clean == {ExitCode.DONE})

    def check(self, *, live: bool = True) -> None:
        """Log, registry, serving target and board are one; with `live`, on what was pushed last."""
        world, records = self.place.open_world(self.clone), self.read_records()
        check_log(records)
        check_registry(self.view, records)
        last = last_records(records)
        if live:
            assert {str(one.digest) for one in last.values()} == {str(self.digest(self.letters[-1]))}
            self._check_shown(last[DEV].seq, str(last[DEV].digest), deploys=_deploys(world))

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """The log as the remote has it."""
        world = self.place.open_world(self.clone)
        world.git.fetch()
        return world.log.read_records()

    def _check_shown(self, seq: int, digest: str, *, deploys: bool) -> None:
        """What people see: the serving target, one active deployment, one comment."""
        if deploys:
            assert (self.place.folder / "serving").read_text() == digest
        board = [(number, state) for number, environment, state in self.github.board() if environment == DEV]
        assert [one for one in board if one[1] != "inactive"] == [(seq, "success")], board
        bodies = self.github.bodies(author="github-actions[bot]")
        assert len(bodies) == 1, bodies


@contextmanager
def trial(folder: Path, mlflow: WatchedProxy, view: ServerView, config: str) -> Iterator[Trial]:
    """A remote and a clone with this configuration, and a GitHub; gone afterwards are only the servers."""
    github = FakeGitHub(REPOSITORY)
    github.accounts[SECRET] = Account(login="github-actions[bot]")
    github.add_pull_request(PULL_REQUEST, merged=True, state="closed", base_branch="dev")
    with github.serve(), WatchedProxy(github.url).serve() as forge:
        place = Place(folder=folder, model=view.model, mlflow=mlflow.url, github=forge.url)
        traps = Traps(place.traps)
        traps.lay_out()
        mlflow.watcher = forge.watcher = traps.watch
        _git(folder, "init", "-q", "--bare", "origin.git")
        add_clone(place, "work", config)
        yield Trial(place=place, view=view, traps=traps, github=github, proxies=(mlflow, forge))
        traps.failpoint = None


def add_clone(place: Place, name: str, config: str) -> None:
    """A clone of the remote, with the configuration in its work tree."""
    _git(place.folder, "init", "-q", name)
    _git(place.folder / name, "remote", "add", "origin", "../origin.git")
    (place.folder / name / "mlops.yaml").write_text(config)


def write_deploy_commands(traps: Traps, serving: Path) -> Mapping[str, Path]:
    """Commands that keep what they serve in a file; a step is kept beside it, and is ill where a file says so."""
    put = f'printf %s "$MLOPS_DIGEST" >"{serving}.new" && mv "{serving}.new" '
    sick = f'if [ -e "{serving}.sick" ] && [ -e "{serving}.step" ]; then health=Degraded; else health=Healthy; fi'
    told = f'printf \'{{"digest": "%s", "health": "%s"}}\' "$(cat \'{serving}\')" "$health"'
    return {
        "apply": traps.write_command("apply", f"rm -f '{serving}.step'; {put}'{serving}'"),
        "shift": traps.write_command("shift", f"{put}'{serving}.step'"),
        "abort": traps.write_command("abort", f"rm -f '{serving}.step'"),
        "status": traps.write_command("status", f"{sick}; [ ! -e '{serving}' ] || {told}"),
    }


def _import_commit(place: Place, number: int, letter: str) -> str:
    """A commit on the remote on top of the one before, made without a work tree; its name."""
    config = (place.folder / "work" / "mlops.yaml").read_text()
    files = project_files({place.model: f"{place.model}{letter}"}, config=config)
    parts = [f"commit refs/line\nmark :1\ncommitter Ada <ada@example.org> {1_700_000_000 + number} +0000\ndata 0\n"]
    parts += ["from refs/line^0\n"] if number > 1 else []
    for path, data in files.items():
        parts.append(f"M 100644 inline {path}\ndata {len(data)}\n{data.decode()}\n")
    origin = place.folder / "origin.git"
    _git(origin, "fast-import", "--quiet", stdin="".join(parts))
    return _git(origin, "rev-parse", "refs/line")


def _git(folder: Path, *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env=git_environment(folder),
        input=stdin,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _assert_code(outcomes: tuple[Outcome, ...], allowed: frozenset[ExitCode]) -> None:
    assert worst_code(outcome.code for outcome in outcomes) in allowed, outcomes


def _deploys(world: World) -> bool:
    return world.config.environments[DEV].deploy is not None
