"""Every write of a promotion, by name: killed before and after it, failed before and after it. All of it heals."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.types import EnvironmentName
from tests.faults.children import Note, count_trials, run_child
from tests.faults.failpoints import FAILPOINTS
from tests.faults.site import Site, Town, found_site, open_town, run_site, site_world
from tests.faults.trap import When
from tests.unit.promotion.scene import digest_of

pytestmark = pytest.mark.faults
DEV = EnvironmentName("dev")
FIRST_ONLY = {"mlflow.experiments/create", "mlflow.registered-models/create", "comment.create"}
"""What only the first promotion of a model, or of all, does."""
RACED = "mlflow.model-versions/set-tag"
EVERY_KILL = 1000
"""With so many trials or more every cell of the matrix is played, else one of every fourth row."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix."""

    name: str
    when: When

    @property
    def letters(self) -> str:
        """Bytes that no other cell has: equal ones are uploaded once."""
        return f"{self.name} {self.when}"


def cells() -> list[Cell]:
    whens = list(When)
    if count_trials() >= EVERY_KILL:
        return [Cell(name, when) for name in FAILPOINTS for when in whens]
    return [Cell(name, whens[place % len(whens)]) for place, name in enumerate(FAILPOINTS[2::4])]


def test_every_failpoint_is_hit_and_heals(town: Town, tmp_path: Path, record_property: Note) -> None:
    played = Counter[str]()
    for number, cell in enumerate(cells()):
        site = found_site(town, tmp_path / str(number), f"model{number}")
        assert play(town, site, cell, number + 1), f"{cell} was never reached"
        check(site, cell)
        played[cell.when] += 1
    told = ", ".join(f"{count} {when}" for when, count in sorted(played.items()))
    record_property("trials", f"failpoints: {len(FAILPOINTS)} named, {played.total()} cells, all hit: {told}")


def play(town: Town, site: Site, cell: Cell, number: int) -> bool:
    """Promote up to the failpoint and over it; whether it was reached."""
    if cell.name not in FIRST_ONLY:
        announce(town, number, site.push("before " + cell.letters))
        reconcile(site_world(site))
    announce(town, number, site.push(cell.letters))
    prepare(town, cell, number)
    site.trap.arm(cell.name, cell.when)
    child = run_child(run_site, site)
    child.join(60)
    town.mlflow.meanwhile = lambda _name, _body: None
    return site.trap.disarm()


def announce(town: Town, number: int, commit: str) -> None:
    """The commit came by a pull request."""
    town.fake.add_pull_request(
        number, head=commit, base="b" * 40, base_branch="dev", state="closed", merged=True, author="ada"
    )


def prepare(town: Town, cell: Cell, number: int) -> None:
    """What must be so that the write comes about: no experiment yet, or a runner that races."""
    if cell.name == "mlflow.experiments/create":
        status, found = town.mlflow.send(
            "GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=mlops-kit", None
        )
        if status == 200:
            known = json.loads(found)["experiment"]["experiment_id"]
            renamed = {"experiment_id": known, "new_name": f"mlops-kit before {number}"}
            assert town.mlflow.send("POST", "/api/2.0/mlflow/experiments/update", renamed)[0] == 200
    if cell.name == RACED:
        town.mlflow.meanwhile = lambda name, body: _race(town, name, body)


def _race(town: Town, name: str, body: bytes) -> None:
    """Somebody else creates the same version a moment earlier."""
    if name == "mlflow.model-versions/create":
        assert town.mlflow.send("POST", "/api/2.0/mlflow/model-versions/create", json.loads(body))[0] == 200


def check(site: Site, cell: Cell) -> None:
    """Two runs lead to the end, the third writes nothing; log, alias, target, board and comment tell one version."""
    reconcile(site_world(site))
    outcomes = reconcile(site_world(site))
    assert worst_code(outcome.code for outcome in outcomes) is ExitCode.DONE, (cell, outcomes)
    before = writes(site)
    reconcile(site_world(site))
    assert writes(site) == before, (cell, writes(site) - before)
    digest, world = digest_of(cell.letters), site_world(site)
    records = [one for one in world.log.read_records() if one.model == site.model]
    assert [one.seq for one in records] == list(range(1, len(records) + 1))
    assert records[-1].digest == digest, cell
    assert world.registry is not None
    reading = world.registry.read_models({site.model: frozenset({digest})})[site.model]
    assert digest in reading.registered
    alias = reading.alias(DEV)
    assert alias.version is not None
    assert (alias.version.digest, alias.seq) == (digest, len(records)), cell
    canonical = world.registry.read_version(site.model, digest)
    assert canonical == alias.version, cell
    assert site.served() == str(digest), cell
    assert world.board is not None
    shown = world.board.read_last(DEV, frozenset({site.model}))[site.model]
    assert (shown.seq, shown.digest, shown.state.value) == (len(records), digest, "success"), cell


def writes(site: Site) -> Counter[str]:
    """All writes but git's own bringing up to date."""
    return Counter(name for name in site.trap.seen() if name != "git.fetch")


def test_the_table_of_failpoints_is_complete(town: Town, tmp_path: Path) -> None:
    """A first, a second and a promotion back make no write that has no name in the table."""
    site = found_site(town, tmp_path / "whole", "whole")
    for number, letters in ((901, "whole one"), (902, "whole two"), (903, "whole one")):
        announce(town, number, site.push(letters))
        outcomes = reconcile(site_world(site))
        assert worst_code(outcome.code for outcome in outcomes) is ExitCode.DONE, outcomes
    assert set(site.trap.seen()) <= set(FAILPOINTS)
