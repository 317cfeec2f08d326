"""What the verbs of promotion share on the command line: how they reach the world."""

from functools import partial

from mlops_kit import wiring
from mlops_kit.adapters.git import GitRepository
from mlops_kit.cli import Caller
from mlops_kit.commands.world import Wishes, World
from mlops_kit.core.promotion.notes import REASON_LIMIT


def open_world(
    caller: Caller, *, accept_rewrite: bool = False, hotfix: str = "", git: GitRepository | None = None
) -> World:
    """The outside world, on behalf of who called; `git` is the repository where somebody opened it already."""
    wishes = Wishes(
        config_file=caller.config_file,
        tracking_uri=caller.inputs.tracking_uri,
        repository=caller.inputs.repository,
        page=f"{caller.inputs.server_url}/{caller.inputs.repository}" if caller.inputs.repository else "",
        actor=caller.inputs.actor,
        accept_rewrite=accept_rewrite,
        hotfix=hotfix[:REASON_LIMIT],
        run_id=int(caller.inputs.run_id) if caller.inputs.run_id.isdecimal() else None,
        run_url=caller.inputs.run_url,
    )
    inputs = caller.inputs
    at_hand = bool(inputs.token and inputs.repository)
    opener = partial(wiring.open_forge, inputs.repository, api_url=inputs.api_url, token=inputs.token)
    repository = git or wiring.open_git(caller.folder, inputs.variables)
    if not at_hand:
        return wiring.open_world(repository, inputs.variables, wishes)
    board = wiring.open_board(inputs.repository, api_url=inputs.api_url, token=inputs.token)
    return wiring.open_world(repository, inputs.variables, wishes, open_forge=opener, board=board)
