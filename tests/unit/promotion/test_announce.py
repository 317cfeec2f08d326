"""What people see of promotions on the forge's board of environments."""

from dataclasses import replace

import pytest

from mlops_kit.commands.announce import read_board
from mlops_kit.commands.observe import observe
from mlops_kit.commands.reconcile import compare
from mlops_kit.core.errors import ExitCode, OutsideError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.promotion.outcome import worst_code
from mlops_kit.core.promotion.plan import plan
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Health, Note, NoteKind, PromotionRecord, Verb
from mlops_kit.testing.board import MemoryBoard
from mlops_kit.testing.deployer import MemoryDeployer
from tests.unit.promotion.scene import CHURN, DEV, ONE, THREE, Scene, digest_of
from tests.unit.promotion.test_convergence import PulledPlugError

SERVED = ONE.replace("branch: dev}", "branch: dev, deploy: {kind: memory}}")


class WatchedBoard(MemoryBoard):
    """Keeps every announcement, and stops the world before the one that is asked for."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene
        self.story: list[str] = []
        self.stop_at = ""

    def announce(self, announcement: Announcement) -> None:
        """Note what ran where when it was announced."""
        if self.stop_at == announcement.state:
            self.stop_at = ""
            raise PulledPlugError
        served = self.scene.deployers.target.running.get((announcement.environment, announcement.model))
        runs = served.short if served else "nothing"
        self.story.append(f"#{announcement.seq} {announcement.state} while {runs} runs")
        super().announce(announcement)


class StubbornTarget(MemoryDeployer):
    """A serving target that can be seen but takes nothing."""

    stubborn = True

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Refuse while it is stubborn."""
        if self.stubborn:
            raise OutsideError("the target takes nothing")
        super().deploy(record, files)


def board_scene(config: str = SERVED) -> tuple[Scene, WatchedBoard]:
    scene = Scene(config=config)
    board = WatchedBoard(scene)
    scene.board = board
    return scene, board


def test_a_promotion_is_announced_before_it_is_deployed_and_after() -> None:
    scene, board = board_scene()
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.push("dev", churn="b")

    verbs = ("register", "record", "set-alias", "deploy", "announce")
    assert scene.verbs(scene.reconcile()) == [f"dev {verb}" for verb in verbs]

    a, b = digest_of("a").short, digest_of("b").short
    assert board.story == [
        "#1 in_progress while nothing runs",
        f"#1 success while {a} runs",
        f"#2 in_progress while {a} runs",
        f"#2 success while {b} runs",
    ]
    assert [(one.seq, one.state.value) for one in board.shown] == [(1, "inactive"), (2, "success")]
    assert board.shown[1].description == f"churn {b} is live in dev as #2"
    assert board.shown[1].log_url == "https://ci.test/1"


def test_a_second_reconcile_announces_nothing_and_asks_once_for_each_environment() -> None:
    scene, board = board_scene(THREE)
    scene.push("dev", "staging", "production", churn="a", price="b")
    scene.reconcile()
    board.reads.clear()
    writes = board.writes

    scene.reconcile()

    assert board.writes == writes
    assert [environment for environment, _ in board.reads] == ["dev", "staging", "production"]


def test_where_nothing_deploys_it_is_announced_before_the_alias() -> None:
    scene, board = board_scene(ONE)
    scene.push("dev", churn="a")
    scene.reconcile()

    assert [line.split(" while")[0] for line in board.story] == ["#1 in_progress", "#1 success"]


def test_a_deployment_that_fails_is_announced_with_its_reason_once() -> None:
    scene, board = board_scene()
    target = StubbornTarget()
    scene.deployers.target = target
    scene.push("dev", churn="a")

    outcomes = scene.reconcile()

    assert worst_code(one.code for one in outcomes) is ExitCode.OUTSIDE
    shown = board.read_last(DEV, (CHURN,))[CHURN]
    assert (shown.state, shown.description) == (DeploymentState.FAILURE, "the target takes nothing")
    writes = board.writes
    scene.reconcile()
    assert board.writes == writes
    target.stubborn = False
    assert scene.verbs(scene.reconcile()) == ["dev deploy", "dev announce"]
    assert board.read_last(DEV, (CHURN,))[CHURN].state is DeploymentState.SUCCESS


@pytest.mark.parametrize("state", [DeploymentState.IN_PROGRESS, DeploymentState.SUCCESS])
def test_a_run_that_stops_before_it_announces_is_made_good_by_the_next(state: DeploymentState) -> None:
    scene, board = board_scene()
    scene.push("dev", churn="a")
    board.stop_at = state
    with pytest.raises(PulledPlugError):
        scene.reconcile()

    done = scene.verbs(scene.reconcile())

    assert done[-1] == "dev announce"
    assert [(one.seq, one.state.value) for one in board.shown] == [(1, "success")]
    assert scene.verbs(scene.reconcile()) == []


def test_an_old_log_is_not_announced_but_for_what_is_live() -> None:
    scene = Scene(config=ONE)
    for letter in "abc":
        scene.push("dev", churn=letter)
        scene.reconcile()
    board = MemoryBoard()
    scene.board = board

    assert scene.verbs(scene.reconcile()) == ["dev announce"]
    assert [(one.seq, one.state.value) for one in board.shown] == [(3, "success")]


def test_what_is_not_well_is_not_announced_as_a_success() -> None:
    scene, board = board_scene()
    scene.push("dev", churn="a")
    board.stop_at = DeploymentState.SUCCESS
    with pytest.raises(PulledPlugError):
        scene.reconcile()
    scene.deployers.target.health = Health.DEGRADED

    assert scene.plan().changes == ()


def test_an_aborted_version_is_not_announced_until_somebody_says_to_try_again() -> None:
    scene, board = board_scene()
    commit = scene.push("dev", churn="a")
    scene.reconcile()
    board.shown = [replace(board.shown[0], state=DeploymentState.FAILURE)]
    note = Note(model=CHURN, environment=DEV, seq=1, kind=NoteKind.ABORTED, commit=commit, record=1, reason="smoke")
    retry = replace(note, seq=2, kind=NoteKind.RETRY)
    situation = read_board(scene.world, observe(scene.world, DEV).situations)[0]

    assert plan(noted(situation, note)).changes == ()
    assert [change.verb for change in plan(noted(situation, note, retry)).changes] == [Verb.ANNOUNCE]


def noted(situation: Situation, *notes: Note) -> Situation:
    return replace(situation, observed=replace(situation.observed, notes=notes))


def test_an_alias_that_a_hand_moved_is_not_announced() -> None:
    scene, board = board_scene(ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.registry.move_alias(CHURN, DEV, scene.registry.add_foreign_version(CHURN))
    board.shown = []

    assert scene.verbs(scene.reconcile()) == []
    assert board.shown == []


def test_a_board_that_is_down_stops_nothing_and_is_told_once_for_each_environment() -> None:
    scene, board = board_scene(ONE)
    scene.push("dev", churn="a", price="b")
    scene.reconcile()
    scene.push("dev", churn="c", price="d")
    board.down = True

    (outcome,) = scene.reconcile()

    assert outcome.code is ExitCode.DONE
    assert scene.story() == "1 bootstrap a, 2 promote c"
    assert [one.message for one in outcome.remarks] == ["the board could not be read: the board gives no answer"]
    board.down = False
    assert scene.verbs(scene.reconcile()) == ["dev announce", "dev announce"]


def test_a_token_that_may_not_write_to_the_board_is_a_remark() -> None:
    scene, board = board_scene(ONE)
    board.closed = True
    scene.push("dev", churn="a")

    (outcome,) = scene.reconcile()

    assert outcome.code is ExitCode.DONE
    assert outcome.pending == ()
    assert [one.message for one in outcome.remarks] == [
        "the promotion could not be announced: the token may not write to the board"
    ]


def test_without_a_board_nothing_is_announced() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")

    assert "dev announce" not in scene.verbs(scene.reconcile())


def test_a_check_tells_an_announcement_that_is_missing() -> None:
    scene, board = board_scene(ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    board.shown = []

    (outcome,) = compare(scene.world)

    assert [change.verb for change in outcome.pending] == [Verb.ANNOUNCE]
    assert outcome.code is ExitCode.DIFFERENCE
