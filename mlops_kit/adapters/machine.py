"""What this machine has: versions of tools, the driver of its GPUs, room for the DVC cache, traces of other jobs."""

import os
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.gpu import read_gpus
from mlops_kit.core.doctor.machine import Machine, Runner, token_kind
from mlops_kit.core.errors import KitError

_SECONDS = 10.0
_DRIVER = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")


def read_machine(git: GitRepository, root: str, environment: Mapping[str, str]) -> Machine:
    """The machine as a run of the pipeline in `root` would find it."""
    cache = git.root / root / ".dvc" / "cache"
    place = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    return Machine(
        python=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        git=git.call("version").text.removeprefix("git version "),
        dvc=_package_version("dvc"),
        gpus=read_gpus(environment),
        driver=_first_line(_DRIVER, environment),
        visible=environment.get("CUDA_VISIBLE_DEVICES"),
        free_bytes=shutil.disk_usage(place).free,
        writable=os.access(place, os.W_OK),
    )


def read_runner(environment: Mapping[str, str], token: str) -> Runner:
    """The runner of this job, as far as a job can see it."""
    workspace = Path(environment.get("RUNNER_WORKSPACE", ""))
    others = sorted(_other_work(workspace)) if environment.get("RUNNER_WORKSPACE") else []
    return Runner(
        self_hosted=environment.get("RUNNER_ENVIRONMENT") == "self-hosted",
        name=environment.get("RUNNER_NAME", ""),
        leftovers=tuple(others),
        token_kind=token_kind(token) if token else "",
    )


def _other_work(workspace: Path) -> list[str]:
    """Work folders of other repositories; names that begin with `_` are the runner's own."""
    try:
        folders = [one.name for one in workspace.parent.iterdir() if one.is_dir()]
    except OSError:
        return []
    return [name for name in folders if not name.startswith("_") and name != workspace.name]


def _package_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _first_line(words: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What a tool says first; empty where there is no such tool, or it fails."""
    if shutil.which(words[0], path=environment.get("PATH")) is None:
        return ""
    call = process.Call(
        words=list(words), folder=Path("/"), environment=environment, timeout_seconds=_SECONDS, title=words[0]
    )
    try:
        done = process.run(call)
    except KitError:
        return ""
    return done.text.splitlines()[0] if done.code == 0 and done.text else ""
