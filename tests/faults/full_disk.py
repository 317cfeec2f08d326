"""The child of the full-disk suite: mounts a small tmpfs, runs the kit twice on it, and prints as JSON what it found.

Run as `python -m tests.faults.full_disk FOLDER FREE_KIB` in a mount namespace of its own.
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.dvc_project import Project, make_project

KIT = Path(sys.executable).parent / "mlops-kit"
SIZE = "6m"
STAGES = """
stages:
  first:
    cmd: cat in in in > mid
    deps: [in]
    outs: [mid]
  second:
    cmd: cat mid > end; wc -c < mid > size.json
    deps: [mid]
    outs: [end]
    metrics:
      - size.json: {cache: false}
"""
OUTPUTS = ("mid", "end", "size.json")


def main(folder: Path, free_kib: int) -> dict[str, object]:
    """Run with little room, look what is there, make room, and run again."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    project = make_project(folder / "p", {"dvc.yaml": STAGES, "in": "a" * 50_000}, site=folder / "site")
    assert run(project).returncode == 0
    old = read_lock(project)
    project.write({"in": "b" * 100_000})
    filler = folder / "filler"
    leave(filler, free_kib)
    done = run(project)
    found: dict[str, object] = {
        "code": done.returncode,
        "said": done.stderr,
        "lock": judge_lock(read_lock(project), old),
        "outputs": [name for name in OUTPUTS if not is_whole(project, name)],
    }
    filler.unlink()
    again = run(project)
    found |= {"second_code": again.returncode, "second_said": again.stderr, "status": project.status()}
    return found


def run(project: Project) -> subprocess.CompletedProcess[str]:
    words = [str(KIT), "reproduce", "--jobs", "2"]
    return subprocess.run(words, cwd=project.root, capture_output=True, text=True, check=False, timeout=60)


def leave(filler: Path, free_kib: int) -> None:
    """Fill the disk until that much is free."""
    free = int(subprocess.run(["stat", "-f", "-c", "%a", str(filler.parent)], capture_output=True, check=True).stdout)
    block = int(subprocess.run(["stat", "-f", "-c", "%S", str(filler.parent)], capture_output=True, check=True).stdout)
    filler.write_bytes(b"\0" * max(0, free * block - free_kib * 1024))


def read_lock(project: Project) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(project.read("dvc.lock"))["stages"]
    return found


def judge_lock(lock: dict[str, object], old: dict[str, object]) -> str:
    """Whether the lock is the old one, a new one, or has each stage as one of them; `lost` where a stage is gone."""
    if set(lock) != set(old):
        return "lost"
    same = [lock[name] == old[name] for name in old]
    return "old" if all(same) else "between" if any(same) else "new"


def is_whole(project: Project, name: str) -> bool:
    """Whether an output has the content of before or the new one, all of it."""
    sizes = {"mid": (150_000, 300_000), "end": (150_000, 300_000)}
    path = project.root / name
    if not path.exists():
        return False
    return path.stat().st_size in sizes[name] if name in sizes else path.read_text() in {"150000\n", "300000\n"}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
