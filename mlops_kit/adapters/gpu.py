"""Asks nvidia-smi which GPUs this machine has, and how much of their memory is in use.

A machine without nvidia-smi has none; one whose driver does not answer has none either, and says why in the log.
"""

import csv
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which

from mlops_kit.adapters import process
from mlops_kit.core.errors import KitError
from mlops_kit.core.run import Gpu

_TOOL = "nvidia-smi"
_TIMEOUT_SECONDS = 20.0
_MIB = 2**20
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_log = logging.getLogger(__name__)


def read_gpus(environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The GPUs that the caller may use: all, or those that CUDA_VISIBLE_DEVICES names, by its own names."""
    found = tuple(
        (index, uuid, Gpu(id=index, memory_mib=_number(memory), name=name))
        for index, uuid, name, memory in _query("index,uuid,name,memory.total", environment)
    )
    visible = environment.get(_VISIBLE)
    if visible is None:
        return tuple(gpu for _, _, gpu in found)
    return tuple(_visible(visible, {key: gpu for index, uuid, gpu in found for key in (index, uuid)}))


def count_gpus(count: int, environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """As many GPUs as the user says there are: those that can be found first, then by their number."""
    known = read_gpus(environment)[:count]
    names = [gpu.id for gpu in known]
    others = (str(number) for number in range(count + len(names)) if str(number) not in names)
    return (*known, *(Gpu(id=name) for name, _ in zip(others, range(count - len(known)), strict=False)))


def read_gpu_memory(environment: Mapping[str, str]) -> Mapping[str, int]:
    """Bytes in use on each GPU, by its index and by its UUID."""
    rows = tuple(_query("index,uuid,memory.used", environment))
    return {key: _number(used) * _MIB for index, uuid, used in rows for key in (index, uuid)}


def _query(fields: str, environment: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The answer's rows, one per GPU, each with as many texts as there are fields."""
    tool = which(_TOOL, path=environment.get("PATH"))
    if tool is None:
        return
    call = process.Call(
        words=[tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"],
        folder=Path("/"),
        environment=environment,
        timeout_seconds=_TIMEOUT_SECONDS,
        title=_TOOL,
    )
    try:
        done = process.run(call)
    except KitError as error:
        _log.warning("no GPU is used: %s", error)
        return
    if done.code != 0:
        _log.warning("no GPU is used: %s says: %s", _TOOL, (done.text or done.errors).strip())
        return
    width = fields.count(",") + 1
    for row in csv.reader(done.text.splitlines(), skipinitialspace=True):
        if len(row) == width:
            yield tuple(cell.strip() for cell in row)


def _visible(names: str, known: Mapping[str, Gpu]) -> Iterator[Gpu]:
    """The GPUs of a CUDA_VISIBLE_DEVICES; like CUDA, it ends at the first name that is none."""
    for name in (part.strip() for part in names.split(",")):
        found = known.get(name) or next((gpu for key, gpu in known.items() if name and key.startswith(name)), None)
        if found is None or name == "-1":
            return
        yield Gpu(id=name, memory_mib=found.memory_mib, name=found.name)


def _number(text: str) -> int:
    """A count, 0 where nvidia-smi has none (`[N/A]`)."""
    return int(text) if text.isdigit() else 0
