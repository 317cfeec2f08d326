"""The whole story as a list of chapters: what a team does, what the kit answers, and the proof of every claim."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops_kit.commands.demo_training import meet_drift, meet_noise
from mlops_kit.commands.demo_words import (
    DEV,
    MODEL,
    PRODUCTION,
    STAGING,
    commit,
    difference,
    merge,
    read_log,
    read_report,
    read_status,
    registers,
    revert,
    states,
)
from mlops_kit.commands.player import Player, ask, check, refuse, succeed
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.types import PromotionKind, Sync

BETTER, WORSE = "less-regularisation", "train-on-less"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A title and what happens under it."""

    title: str
    play: Callable[[Player], None]


def tell_story(player: Player, chapters: tuple[Chapter, ...]) -> None:
    """Play the chapters in order; UntrueClaimError at the first claim that does not hold."""
    for number, chapter in enumerate(chapters, start=1):
        player.open_chapter(number, chapter.title)
        chapter.play(player)


def set_up(player: Player) -> None:
    """A project as a team has it."""
    player.tell(
        "A pipeline that tells malignant from benign tumours: seven DVC stages on real data. A bare repository plays "
        "GitHub, a folder the DVC remote, an SQLite file the MLflow registry."
    )
    player.make_project()
    succeed(player, "validate")


def reproduce_baseline(player: Player) -> None:
    """The first run of the pipeline."""
    player.tell("Three models do not depend on each other: they train side by side.")
    succeed(player, "reproduce", "--push")
    commit(player, "Reproduce the baseline")
    player.run_git("push", "origin", DEV)
    check(player, "a second run runs nothing", holds=states(player) == {"cached"})
    check(player, "and leaves the work tree as it is", holds=not player.ask_git("status", "--porcelain"))


def promote_baseline(player: Player) -> None:
    """The first version in every environment."""
    player.tell("Each environment follows the branch of its name. A merge is a promotion.")
    succeed(player, "reconcile", DEV)
    for source, environment in ((DEV, STAGING), (STAGING, PRODUCTION)):
        merge(player, source, into=environment)
        succeed(player, "reconcile", environment)
    everywhere = [read_status(player, environment) for environment in (DEV, STAGING, PRODUCTION)]
    digests = {status.live for status in everywhere} | {status.registry for status in everywhere}
    check(player, "the same bytes are live in all three", holds=len(digests) == 1 and None not in digests)


def propose_change(player: Player) -> None:
    """A branch with a better model, and what its pull request shows."""
    player.run_git("switch", "--create", BETTER, DEV)
    player.edit_params("regularisation: 100.0", "regularisation: 1.0")
    succeed(player, "reproduce", "--push")
    commit(player, "Regularise less")
    player.tell("On GitHub the workflow keeps this as one comment on the pull request:")
    player.show_comment(ask(player, "report", "--base", DEV, "--format", "markdown"))
    report = read_report(player)
    check(player, "the loss went down", holds=difference(report, "log_loss") < 0)
    check(player, "every gate passes", holds=report.verdict is Verdict.PASS)


def merge_change(player: Player) -> None:
    """The reviewed bytes ship; nothing is trained again."""
    proposed = read_report(player).models[0].new
    merge(player, BETTER, into=DEV)
    succeed(player, "reconcile", DEV)
    check(player, "dev runs the very bytes that were reviewed", holds=read_status(player, DEV).live == proposed)


def skip_staging(player: Player) -> None:
    """An environment that is left out is noticed; the promotion goes through once it is made up for."""
    before = read_status(player, PRODUCTION).live
    merge(player, DEV, into=PRODUCTION)
    refuse(player, "reconcile", PRODUCTION)
    held = read_status(player, PRODUCTION)
    check(player, "production refuses what never ran in staging", holds=held.sync is Sync.BLOCKED)
    check(player, "and keeps what it runs", holds=held.live == before)
    player.tell("So let staging have it first. Production's branch needs no second merge.")
    merge(player, DEV, into=STAGING)
    succeed(player, "reconcile", STAGING, PRODUCTION)
    check(player, "production follows", holds=read_status(player, PRODUCTION).sync is Sync.SYNCED)


def refuse_worse(player: Player) -> None:
    """A worse model is refused, also when somebody merges it all the same."""
    player.tell("Training on a twentieth of the rows would be quick.")
    player.run_git("switch", "--create", WORSE, DEV)
    player.edit_params("train_fraction: 1.0", "train_fraction: 0.05")
    succeed(player, "reproduce", "--push")
    commit(player, "Train on less")
    succeed(player, "report", "--base", DEV)
    check(player, "the report says no", holds=read_report(player).verdict is Verdict.FAIL)
    player.tell("Somebody merges it all the same.")
    good = read_status(player, DEV).live
    merge(player, WORSE, into=DEV)
    refuse(player, "reconcile", DEV)
    check(player, "dev keeps the good version", holds=read_status(player, DEV).live == good)
    revert(player, DEV)
    succeed(player, "reconcile", DEV)
    check(player, "after the revert dev is in sync", holds=read_status(player, DEV).sync is Sync.SYNCED)


def heal_alias(player: Player) -> None:
    """What a hand changed in the registry is found and put right."""
    right = read_status(player, PRODUCTION)
    player.move_alias(MODEL, PRODUCTION, "1")
    succeed(player, "status")
    moved = read_status(player, PRODUCTION)
    check(player, "status finds production out of sync", holds=moved.sync is Sync.OUT_OF_SYNC)
    succeed(player, "reconcile", PRODUCTION)
    check(player, "the alias is back where the log says", holds=read_status(player, PRODUCTION) == right)


def roll_back(player: Player) -> None:
    """A revert brings the old bytes back: the same version, no training, no new version."""
    revert(player, PRODUCTION)
    succeed(player, "plan", PRODUCTION)
    check(player, "nothing needs to be registered: the bytes are known", holds=not registers(player, PRODUCTION))
    succeed(player, "reconcile", PRODUCTION)
    first, *_, last = read_log(player, PRODUCTION)
    check(player, "the first version is live again", holds=read_status(player, PRODUCTION).live == first.digest)
    check(player, "the log calls it a rollback", holds=last.kind is PromotionKind.ROLLBACK)


def find_nothing(player: Player) -> None:
    """Running again is safe."""
    before = player.ask_git("ls-remote", "origin")
    succeed(player, "reconcile")
    check(player, "a repeated reconcile writes nothing", holds=player.ask_git("ls-remote", "origin") == before)
    ask(player, "reconcile", "--check")
    syncs = {read_status(player, environment).sync for environment in (DEV, STAGING, PRODUCTION)}
    check(player, "every environment is in sync", holds=syncs == {Sync.SYNCED})


def look_around(player: Player) -> None:
    """Where things stand in the end."""
    succeed(player, "status")
    succeed(player, "history")


STORY = (
    Chapter(title="A project", play=set_up),
    Chapter(title="Reproduce the baseline", play=reproduce_baseline),
    Chapter(title="Promote it by merging", play=promote_baseline),
    Chapter(title="Propose a better model", play=propose_change),
    Chapter(title="Merge it: what was reviewed is what ships", play=merge_change),
    Chapter(title="Skip staging", play=skip_staging),
    Chapter(title="Propose a worse model", play=refuse_worse),
    Chapter(title="Move an alias by hand", play=heal_alias),
    Chapter(title="Roll back by reverting", play=roll_back),
    Chapter(title="New data that is only noisy", play=meet_noise),
    Chapter(title="New data that drifted", play=meet_drift),
    Chapter(title="Reconcile once more", play=find_nothing),
    Chapter(title="Where things stand", play=look_around),
)
