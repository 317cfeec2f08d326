"""The plays in which failpoints are met: what was there before, and what the watched promotion is to do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from mlops_kit.core.types import ModelName
from tests.fakes.github import Fault
from tests.fakes.watched_proxy import HttpCall
from tests.faults.canary import Canary
from tests.faults.conftest import MlflowServer
from tests.faults.seams import Play
from tests.faults.theatre import Trial, trial, write_deploy_commands
from tests.faults.traps import Traps
from tests.faults.verdict import ServerView


@contextmanager
def stage(folder: Path, server: MlflowServer, canary: Canary, play: Play) -> Iterator[Trial]:
    """A world with every outside system there is, as the play begins."""
    folder.mkdir(parents=True)
    commands = write_deploy_commands(Traps(folder / "traps"), folder / "serving")
    words = ", ".join(f"{name}: [{path}]" for name, path in commands.items())
    steps = ", canary: {steps: [50], wait: 1s}" if play in {Play.CANARY, Play.SICK} else ""
    config = f"version: 1\nenvironments:\n  dev: {{branch: dev, deploy: {{kind: command, {words}{steps}}}}}\n"
    view = ServerView(server.address, ModelName(f"churn-{uuid4().hex[:12]}"))
    with trial(folder, server.proxy, view, config) as made:
        canary.servers.append(made.github)
        begin(made, play)
        yield made


def begin(made: Trial, play: Play) -> None:
    """What was there before the promotion that is watched, and what it is to do."""
    earlier = {Play.FIRST: "", Play.RIVAL: "", Play.ROLLBACK: "ab"}.get(play, "a")
    for letter in earlier:
        made.push(letter)
        made.promote_freely()
    if play is Play.RIVAL:
        made.view.tell("registered-models/create", {"name": made.view.model})
    if play is Play.SICK:
        (made.place.folder / "serving.sick").touch()
    made.push({Play.FIRST: "a", Play.RIVAL: "a", Play.ROLLBACK: "a"}.get(play, "b"))


def free_experiment(view: ServerView) -> None:
    """Nobody has published anything yet: the experiment is out of the way."""
    found = view.ask("experiments/search", {"max_results": 1000}).get("experiments", [])
    for one in found:
        if one["name"] == "mlops-kit":
            view.tell("experiments/update", {"experiment_id": one["experiment_id"], "new_name": uuid4().hex})


def send_rival(made: Trial) -> None:
    """Somebody registers the same bytes just before the kit does, once."""
    sent = [False]

    def watch(call: HttpCall, when: str) -> Fault | None:
        if call.path.endswith("/model-versions/create") and when == "before" and not sent[0]:
            sent[0] = True
            made.view.tell("model-versions/create", _copy(call))
        return made.traps.watch(call, when)

    made.proxies[0].watcher = watch


def _copy(call: HttpCall) -> dict[str, object]:
    found: dict[str, object] = json.loads(call.body)
    return found
