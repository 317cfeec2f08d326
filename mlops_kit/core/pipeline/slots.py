"""Which GPUs a stage gets: each is held by one stage at a time, and no stage gets a larger one than it needs.

Values and a free list; how many GPUs there are is found out by `adapters.gpu`, or said by the user.
"""

from collections.abc import Iterable

from mlops_kit.core.errors import InputError
from mlops_kit.core.run import Gpu, PlannedStage, Wants


class Slots:
    """The GPUs that a run may hand out, smallest memory first."""

    def __init__(self, gpus: Iterable[Gpu]) -> None:
        ordered = sorted(enumerate(gpus), key=lambda place: (place[1].memory_mib, place[0]))
        self._free = {gpu.id: gpu for _, gpu in ordered}
        self._order = tuple(self._free)
        self._all = dict(self._free)

    def find(self, wants: Wants) -> tuple[Gpu, ...] | None:
        """The free GPUs that such a stage would get, None where there are not enough; none at all are enough for 0."""
        found = [gpu for gpu in self._free.values() if fits(gpu, wants)][: wants.gpus or 0]
        return tuple(found) if len(found) == (wants.gpus or 0) else None

    def take(self, gpus: Iterable[Gpu]) -> None:
        """Hand GPUs out that `find` gave."""
        for gpu in gpus:
            del self._free[gpu.id]

    def give_back(self, gpus: Iterable[Gpu]) -> None:
        """Take GPUs back that were handed out."""
        self._free |= {gpu.id: gpu for gpu in gpus}
        self._free = {name: self._all[name] for name in self._order if name in self._free}


def fits(gpu: Gpu, wants: Wants) -> bool:
    """Whether a GPU has the memory that the stage asks for; one whose memory is not known does."""
    return gpu.memory_mib == 0 or gpu.memory_mib >= wants.gpu_memory_mib


def find_too_large(stages: Iterable[PlannedStage], gpus: tuple[Gpu, ...]) -> tuple[PlannedStage, ...]:
    """The stages that want more GPUs than the machine has: they could never start."""
    return tuple(stage for stage in stages if (stage.wants.gpus or 0) > len(_suitable(stage, gpus)))


def refuse_too_large(stage: PlannedStage, gpus: tuple[Gpu, ...]) -> InputError:
    """What is wrong with a stage that `find_too_large` found."""
    size = f" with {stage.wants.gpu_memory_mib} MiB each" if stage.wants.gpu_memory_mib else ""
    has = _describe(gpus, _suitable(stage, gpus))
    return InputError(
        f"stage {stage.name!r} wants {spell_gpus(stage.wants.gpus or 0)}{size}, this machine has {has}",
        hint="run it where there are more, or say how many there are with: --gpus N",
    )


def spell_gpus(number: int) -> str:
    """`no GPUs`, `1 GPU`, `2 GPUs`."""
    return f"{number or 'no'} GPU{'' if number == 1 else 's'}"


def _suitable(stage: PlannedStage, gpus: tuple[Gpu, ...]) -> list[Gpu]:
    return [gpu for gpu in gpus if fits(gpu, stage.wants)]


def _describe(gpus: tuple[Gpu, ...], suitable: list[Gpu]) -> str:
    if len(suitable) == len(gpus):
        return spell_gpus(len(gpus))
    return f"{len(suitable) or 'no'} such of {spell_gpus(len(gpus))}"
