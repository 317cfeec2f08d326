"""Two chapters of the demo's story: new data that is only noisy, and new data that drifted."""

from mlops_kit.commands.demo_words import DEV, commit, merge, read_status
from mlops_kit.commands.player import Player, ask, check, succeed
from mlops_kit.core.drift.report import DriftAnswer, parse_drift

DATA = "data/cells.csv"
POLICY = """
drift:
  data: [data/cells.csv]

training:
  on: [drift]
  alarms: 1
"""
RETRAINED = "refs/heads/mlops/retrain/"


def meet_noise(player: Player) -> None:
    """Data of the same kind: nothing happens."""
    player.tell("So far a stage made the data. From now on it arrives as a file, which DVC tracks.")
    player.run_git("switch", DEV)
    player.run_dvc("remove", "collect")
    player.run_dvc("add", DATA)
    player.add_policy(POLICY)
    commit(player, "Take the measurements as they come")
    player.run_git("push", "origin", DEV)
    succeed(player, "reconcile", DEV)
    player.tell("A month later there are new measurements, of other patients.")
    player.receive("may.csv", growth=1.0)
    succeed(player, "drift", "--environment", DEV, "--current", "../incoming/may.csv")
    check(player, "no column moved by more than chance", holds=judge(player, "may.csv") is DriftAnswer.OK)
    player.take("may.csv", DATA)
    succeed(player, "retrain")
    check(player, "so nothing is trained, and nothing proposed", holds=not proposals(player))


def meet_drift(player: Player) -> None:
    """Data of another kind: a reviewed change, and then another model."""
    player.tell("In June the clinic has a new microscope, which shows every nucleus a quarter larger.")
    player.receive("june.csv", growth=1.25)
    succeed(player, "drift", "--environment", DEV, "--current", "../incoming/june.csv")
    check(player, "the data drifted", holds=judge(player, "june.csv") is DriftAnswer.FAIL)
    player.take("june.csv", DATA)
    before = read_status(player, DEV).live
    succeed(player, "retrain")
    (branch,) = proposals(player)
    check(player, "one branch has the retrained model", holds=branch.startswith("mlops/retrain/"))
    check(player, "and nothing is deployed before somebody merges", holds=read_status(player, DEV).live == before)
    player.run_git("restore", ".")
    player.run_git("fetch", "origin")
    merge(player, f"origin/{branch}", into=DEV)
    succeed(player, "reconcile", DEV)
    check(player, "the merge promotes it", holds=read_status(player, DEV).live not in (None, before))
    succeed(player, "retrain")
    check(player, "the same data is not trained on twice", holds=proposals(player) == (branch,))


def judge(player: Player, name: str) -> DriftAnswer:
    """What drift says of a file that arrived."""
    words = ("drift", "--environment", DEV, "--current", f"../incoming/{name}", "--format", "json")
    return parse_drift(ask(player, *words).encode(), file="drift.json").verdict


def proposals(player: Player) -> tuple[str, ...]:
    """The branches that retrainings made."""
    lines = player.ask_git("ls-remote", "origin", f"{RETRAINED}*").splitlines()
    return tuple(line.split("\t")[1].removeprefix("refs/heads/") for line in lines)
