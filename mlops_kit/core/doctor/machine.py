"""Judges a machine: tools, GPUs, room on the disk, and what a runner is."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlops_kit.core.doctor.finding import Condition, Finding, Part
from mlops_kit.core.run import Gpu, Wants

OLDEST_GIT = (2, 30)
OLDEST_DVC = (3, 60)
NEXT_DVC = (4, 0)
ROOM = 2.2
"""How many times what the lock names: what is fetched or made lies in the cache and, while it is written, beside it."""
_GIB = 2**30
_NUMBERS = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was found here. Versions are as the tools tell them, empty where there is none.

    `driver` is NVIDIA's, empty where there is none; `visible` is CUDA_VISIBLE_DEVICES, None where it is not set.
    `free_bytes` is the room where the DVC cache lies, `writable` whether that takes files.
    """

    python: str
    git: str
    dvc: str
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    visible: str | None = None
    free_bytes: int = 0
    writable: bool = True


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A job's machine. `leftovers` are other repositories' work folders beside this one's."""

    self_hosted: bool
    name: str = ""
    leftovers: tuple[str, ...] = ()
    token_kind: str = ""


def judge_machine(machine: Machine, wants: Iterable[Wants], *, locked_bytes: int) -> Iterator[Finding]:
    """Everything about tools, GPUs and room; `locked_bytes` is what the lock names."""
    yield _finding("python", Condition.OK, machine.python)
    yield _judge_git(machine.git)
    yield _judge_dvc(machine.dvc)
    yield _judge_gpus(machine, max((want.gpus or 0 for want in wants), default=0))
    yield _judge_room(machine, locked_bytes)


def judge_runner(runner: Runner) -> Iterator[Finding]:
    """What a job can know of its machine and its token."""
    yield _judge_life(runner)
    told = f"the token is {runner.token_kind}" if runner.token_kind else "this job has no token"
    yield Finding(part=Part.RUNNER, check="token", condition=Condition.OK, message=told)


def _judge_life(runner: Runner) -> Finding:
    """Whether the machine lives for one job; what lies beside the work says that it does not."""
    if not runner.self_hosted:
        return Finding(part=Part.RUNNER, check="life", condition=Condition.OK, message="one of GitHub's, for this job")
    if not runner.leftovers:
        return Finding(
            part=Part.RUNNER, check="life", condition=Condition.OK, message="one of your own, with no other work"
        )
    name = runner.name or "the runner"
    return Finding(
        part=Part.RUNNER,
        check="life",
        condition=Condition.WARN,
        message=f"{name} is one of your own and lives on: beside this work lie {_listed(runner.leftovers)}",
        fix="register it with --ephemeral or just in time: no job finds what another left (docs/runners.md)",
    )


def token_kind(token: str) -> str:
    """Whose a token is, by how it begins; nothing of it is in the text."""
    kinds = {
        "ghs_": "an app's, as a workflow's own is",
        "github_pat_": "a person's, fine-grained",
        "ghp_": "a person's, classic",
        "gho_": "a person's, by OAuth",
    }
    return next((kind for begin, kind in kinds.items() if token.startswith(begin)), "of a kind that is not known")


def _judge_git(told: str) -> Finding:
    version = _version(told)
    if version is None:
        return _finding("git", Condition.FAIL, "there is no git", fix="install git 2.30 or newer")
    if version < OLDEST_GIT:
        return _finding("git", Condition.FAIL, f"git {told} is too old", fix="install git 2.30 or newer")
    return _finding("git", Condition.OK, told)


def _judge_dvc(told: str) -> Finding:
    version = _version(told)
    if version is None or not OLDEST_DVC <= version < NEXT_DVC:
        wrong = f"DVC {told} is not one that the kit knows" if told else "there is no DVC beside the kit"
        return _finding(
            "dvc", Condition.FAIL, wrong, fix="install the kit into an environment of its own: DVC 3.60 to 3.x"
        )
    return _finding("dvc", Condition.OK, told)


def _judge_gpus(machine: Machine, wanted: int) -> Finding:
    limited = f", limited by CUDA_VISIBLE_DEVICES={machine.visible}" if machine.visible is not None else ""
    if wanted > len(machine.gpus):
        return _finding(
            "gpus", Condition.WARN,
            f"a stage asks for {wanted}, {len(machine.gpus) or 'none'} can be used here{limited}",
            fix="run it on a machine that has them, or lower meta.mlops.gpus",
        )  # fmt: skip
    if not machine.gpus:
        return _finding("gpus", Condition.OK, "none, and no stage asks for one")
    names = ", ".join(f"{gpu.name or gpu.id} ({gpu.memory_mib} MiB)" for gpu in machine.gpus)
    return _finding("gpus", Condition.OK, f"{names}, driver {machine.driver or 'unknown'}{limited}")


def _judge_room(machine: Machine, locked: int) -> Finding:
    free = f"{machine.free_bytes / _GIB:.1f} GiB free"
    if not machine.writable:
        return _finding(
            "disk", Condition.FAIL, "the DVC cache cannot be written", fix="let this user write to .dvc/cache"
        )
    if machine.free_bytes < locked * ROOM:
        needed = f"{locked * ROOM / _GIB:.1f} GiB"
        return _finding(
            "disk", Condition.WARN, f"{free}; fetching all that the lock names may take {needed}",
            fix="dvc gc --workspace removes what nothing needs",
        )  # fmt: skip
    return _finding("disk", Condition.OK, free)


def _finding(check: str, condition: Condition, message: str, *, fix: str = "") -> Finding:
    return Finding(part=Part.MACHINE, check=check, condition=condition, message=message, fix=fix)


def _version(told: str) -> tuple[int, int] | None:
    found = _NUMBERS.search(told)
    return (int(found[1]), int(found[2])) if found else None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
