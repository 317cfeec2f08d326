"""GPUs as nvidia-smi tells them (a script in its place), and as stages get them in a real run."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_kit import wiring
from mlops_kit.adapters.gpu import count_gpus, read_gpu_memory, read_gpus
from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.core.errors import InputError
from mlops_kit.core.run import Gpu, Selection
from mlops_kit.testing.pipeline import MemoryProgress
from tests.integration.dvc_project import Project, make_project

ANSWER = """case "$1" in
*memory.used*) printf '0, GPU-aaaa, 1000\\n1, GPU-bbbb, [N/A]\\n' ;;
*) printf '0, GPU-aaaa, NVIDIA H100 80GB, 81559\\n1, GPU-bbbb, "Tesla, old", [N/A]\\n' ;;
esac
"""
FIRST = Gpu(id="0", memory_mib=81559, name="NVIDIA H100 80GB")
SECOND = Gpu(id="1", memory_mib=0, name="Tesla, old")


def with_tool(folder: Path, script: str, **more: str) -> dict[str, str]:
    """An environment whose nvidia-smi is this script."""
    folder.mkdir(exist_ok=True)
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}")
    tool.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", **more}


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ({}, (FIRST, SECOND)),
        ({"CUDA_VISIBLE_DEVICES": "1"}, (SECOND,)),
        ({"CUDA_VISIBLE_DEVICES": "GPU-bb,0"}, (Gpu(id="GPU-bb", name="Tesla, old"), FIRST)),
        ({"CUDA_VISIBLE_DEVICES": ""}, ()),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, ()),
        ({"CUDA_VISIBLE_DEVICES": "0,9,1"}, (FIRST,)),
    ],
)
def test_the_gpus_are_those_that_the_caller_may_use(
    visible: Mapping[str, str], found: tuple[Gpu, ...], tmp_path: Path
) -> None:
    assert read_gpus(with_tool(tmp_path / "bin", ANSWER, **visible)) == found


@pytest.mark.parametrize("script", ["echo NVIDIA-SMI has failed; exit 9", "echo nonsense", "true"])
def test_a_driver_that_does_not_answer_means_no_gpu(script: str, tmp_path: Path) -> None:
    assert read_gpus(with_tool(tmp_path / "bin", script)) == ()


def test_a_machine_without_the_tool_has_none(tmp_path: Path) -> None:
    assert read_gpus({"PATH": str(tmp_path)}) == ()
    assert read_gpu_memory({"PATH": str(tmp_path)}) == {}


def test_memory_in_use_is_known_by_number_and_by_uuid(tmp_path: Path) -> None:
    used = read_gpu_memory(with_tool(tmp_path / "bin", ANSWER))
    assert used == {"0": 1000 * 2**20, "GPU-aaaa": 1000 * 2**20, "1": 0, "GPU-bbbb": 0}


def test_a_count_by_hand_takes_the_known_ones_first(tmp_path: Path) -> None:
    environment = with_tool(tmp_path / "bin", ANSWER)
    assert count_gpus(1, environment) == (FIRST,)
    assert [gpu.id for gpu in count_gpus(4, environment)] == ["0", "1", "2", "3"]
    assert [gpu.id for gpu in count_gpus(2, {"PATH": str(tmp_path)})] == ["0", "1"]
    assert count_gpus(0, environment) == ()


STAGES = "stages:\n" + "".join(
    f"  s{number}:\n"
    f"    cmd: echo $CUDA_VISIBLE_DEVICES > o{number}; echo start $CUDA_VISIBLE_DEVICES >> told; sleep 0.3;"
    f" echo end $CUDA_VISIBLE_DEVICES >> told\n"
    f"    outs: [o{number}]\n"
    f"    meta: {{mlops: {{gpus: {wanted}}}}}\n"
    for number, wanted in enumerate((1, 2, 1, 1, 2, 1))
)


def run(project: Project, environment: Mapping[str, str], *, gpus: int | None = None) -> Reproduction:
    setting = wiring.RunSetting(gpus=gpus)
    with wiring.open_workshop(project.root, environment, MemoryProgress(), setting) as workshop:
        return reproduce(workshop, Selection(), Manner(jobs=6))


def test_stages_of_a_run_never_share_a_gpu(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": STAGES}, site=tmp_path / "site")
    done = run(project, with_tool(tmp_path / "bin", "exit 1", HOME=str(tmp_path)), gpus=3)
    assert {stage.state.value for stage in done.stages} == {"ran"}
    held: set[str] = set()
    for line in project.read("told").splitlines():
        what, _, names = line.partition(" ")
        gpus = set(names.split(","))
        if what == "start":
            assert not gpus & held
            held |= gpus
        else:
            held -= gpus
    assert [len(project.read(f"o{number}").strip().split(",")) for number in range(6)] == [1, 2, 1, 1, 2, 1]


def test_peak_gpu_memory_is_measured_where_there_is_a_gpu(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": STAGES}, site=tmp_path / "site")
    done = run(project, with_tool(tmp_path / "bin", ANSWER, HOME=str(tmp_path)))
    assert [stage.usage.gpu_memory_bytes for stage in done.stages if stage.usage and stage.name == "s1"] == [
        1000 * 2**20
    ]


def test_wanting_more_gpus_than_there_are_runs_nothing(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": STAGES}, site=tmp_path / "site")
    with pytest.raises(InputError, match="stage 's1' wants 2 GPUs, this machine has 1 GPU"):
        run(project, with_tool(tmp_path / "bin", "exit 1", HOME=str(tmp_path)), gpus=1)
    assert not (project.root / "told").exists()


def test_a_stage_that_is_kept_wants_no_gpu_here(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"dvc.yaml": STAGES}, site=tmp_path / "site")
    plain = with_tool(tmp_path / "bin", "exit 1", HOME=str(tmp_path))
    run(project, plain, gpus=2)
    project.write({"dvc.yaml": f"{STAGES}  more:\n    cmd: echo > more\n    outs: [more]\n"})
    done = run(project, plain, gpus=0)
    assert [stage.name for stage in done.stages if stage.state.value == "ran"] == ["more"]
    project.write({"dvc.yaml": STAGES.replace("echo $CUDA", "echo x$CUDA", 1)})
    with pytest.raises(InputError, match="stage 's0' wants 1 GPU, this machine has no GPUs"):
        run(project, plain, gpus=0)
