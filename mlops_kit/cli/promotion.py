"""What the verbs of promotion share on the command line: how they reach the world."""

from mlops_kit import wiring
from mlops_kit.cli import Caller
from mlops_kit.commands.world import Wishes, World


def open_world(caller: Caller, *, accept_rewrite: bool = False) -> World:
    """The outside world, on behalf of who called."""
    wishes = Wishes(
        config_file=caller.config_file,
        tracking_uri=caller.inputs.tracking_uri,
        repository=caller.inputs.repository,
        actor=caller.inputs.actor,
        accept_rewrite=accept_rewrite,
    )
    return wiring.open_world(wiring.open_git(caller.folder, caller.inputs.variables), caller.inputs.variables, wishes)
