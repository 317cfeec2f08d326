"""How a stage's command line is started: in which shell, and with which environment."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePath

from mlops_kit.core.types import StageName

_OWN_VARIABLES = frozenset(
    {
        "MLOPS_KIT_TOKEN",
        "GITHUB_TOKEN",
        "GITHUB_OUTPUT",
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_STATE",
        "GITHUB_STEP_SUMMARY",
        "INPUT_TOKEN",
    }
)
_OWN_PREFIX = "ACTIONS_"
_SHELL_OPTIONS = {"bash": ("--noprofile", "--norc"), "zsh": ("--no-rcs",), "fish": ("--no-config",)}


def stage_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without the kit's tokens and without what steers the runner."""
    return {
        name: value
        for name, value in variables.items()
        if name not in _OWN_VARIABLES and not name.startswith(_OWN_PREFIX)
    }


def gpu_variables(gpus: tuple[str, ...] | None, environment: Mapping[str, str]) -> dict[str, str]:
    """What shows a command its GPUs and no other; nothing where it did not ask for any.

    The ids count in the order of the bus, as nvidia-smi counts, unless the caller chose an order of its own.
    """
    if gpus is None:
        return {}
    order = environment.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return {"CUDA_VISIBLE_DEVICES": ",".join(gpus), "CUDA_DEVICE_ORDER": order}


def shell_words(shell: str, line: str) -> list[str]:
    """How to run one command line: in the user's shell, without its start-up files (DVC's rules)."""
    return [shell, *_SHELL_OPTIONS.get(PurePath(shell).name.lower(), ()), "-c", line]


def log_name(stage: StageName) -> str:
    """A file name for a stage's output; two stages never share one."""
    readable = re.sub(r"[^A-Za-z0-9._@-]+", "-", stage).strip("-.")[:80]
    return f"{readable}-{sha256(stage.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.log"
