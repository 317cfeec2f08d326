"""The pipelines that are measured, as texts of dvc.yaml with the files they need."""

from collections.abc import Mapping
from random import Random

import yaml

Files = Mapping[str, str]


def sleepers(count: int) -> Files:
    """Independent stages that take a second each."""
    return _files({f"sleep{number}": {"cmd": f"sleep 1; echo {number} > s{number}", "outs": [f"s{number}"]}
                   for number in range(count)})  # fmt: skip


def chain(count: int) -> Files:
    """Trivial stages, each of which needs the one before."""
    first: dict[str, object] = {"link0": {"cmd": "echo 0 > c0", "outs": ["c0"]}}
    for number in range(1, count):
        before = f"c{number - 1}"
        cmd = f"cp {before} c{number}; echo {number} >> c{number}"
        first[f"link{number}"] = {"cmd": cmd, "deps": [before], "outs": [f"c{number}"]}
    return _files(first)


def templated(groups: int) -> Files:
    """Thirteen stages per group from templates in one file; most edges are folders around or files inside outputs."""
    text = """
vars:
  - groups: GROUPS
  - parts: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
stages:
  make:
    matrix: {group: "${groups}", part: "${parts}"}
    cmd: python make.py ${item.group} ${item.part} --rate ${rate}
    params: [rate]
    outs: ["data/${item.group}/part-${item.part}"]
  join:
    foreach: ${groups}
    do:
      cmd: python join.py ${item}
      deps: ["data/${item}"]
      outs: ["joined/${item}"]
  stats:
    foreach: ${groups}
    do:
      cmd: python stats.py ${item}
      deps: ["data/${item}/part-0/file.csv"]
      metrics: ["stats/${item}.json": {cache: false}]
  report:
    foreach: ${groups}
    do:
      cmd: python report.py ${item}
      deps: ["joined/${item}"]
      outs: ["report/${item}"]
"""
    return {"dvc.yaml": text.replace("GROUPS", str(list(range(groups)))), "params.yaml": "rate: 1\n"}


def many_files(stages: int, outs: int, files: int) -> Files:
    """Stages that each write many folders with many small files."""
    script = (
        "import pathlib, sys\n"
        "name, outs, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])\n"
        "for out in range(outs):\n"
        "    folder = pathlib.Path(f'{name}-{out}')\n"
        "    folder.mkdir()\n"
        "    for file in range(files):\n"
        "        (folder / f'{file}.txt').write_text(f'{name} {out} {file}')\n"
    )
    made = {
        f"files{number}": {
            "cmd": f"python3 make.py files{number} {outs} {files}",
            "deps": ["make.py"],
            "outs": [f"files{number}-{out}" for out in range(outs)],
        }
        for number in range(stages)
    }
    return {**_files(made), "make.py": script}


def diamond(width: int, *, seed: int) -> tuple[Files, Mapping[str, float], Mapping[str, tuple[str, ...]]]:
    """One short stage, two rows of stages of mixed length that build on each other, and a short one at the end.

    The files, each stage's seconds, and what each needs. The tips are short, since nothing can run beside them.
    """
    chance = Random(seed)  # noqa: S311 - durations, not secrets
    needs: dict[str, tuple[str, ...]] = {"first": ()}
    row: tuple[str, ...] = ("first",)
    for depth in range(2):
        row, before = tuple(f"d{depth}-{number}" for number in range(width)), row
        needs |= {name: tuple(sorted(chance.sample(before, min(2, len(before))))) for name in row}
    needs["last"] = row
    seconds = {name: round(chance.uniform(1.0, 8.0), 1) for name in needs} | {"first": 0.5, "last": 0.5}
    stages = {
        name: {
            "cmd": f"sleep {seconds[name]}; echo {name} > {name}",
            "deps": list(needs[name]),
            "outs": [name],
        }
        for name in needs
    }
    return _files(stages), seconds, needs


def _files(stages: Mapping[str, object]) -> Files:
    return {"dvc.yaml": yaml.safe_dump({"stages": dict(stages)}, sort_keys=False)}
