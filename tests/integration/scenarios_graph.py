"""Pipelines whose stages hang together in other ways than by equal paths."""

from tests.integration.scenario import Scenario, nothing, writing

_INSIDE_EACH_OTHER = """
stages:
  report:
    cmd: cat out/a/x out/b.txt > report.txt
    deps: [./out/]
    outs: [report.txt]
  inside:
    cmd: cat out/a/x > inside.txt
    deps: [out/a/x]
    outs: [./inside.txt]
  folder:
    cmd: mkdir -p out/a && cat in.txt > out/a/x && echo y > out/a/y
    deps: [in.txt]
    outs: [out/a/]
  file:
    cmd: mkdir -p out && cat in.txt > out/b.txt
    deps: [./in.txt]
    outs: [out/b.txt]
"""

_ABOVE = """
stages:
  far:
    cmd: cat ../../in.txt > ../up.txt
    deps: [../../in.txt]
    outs: [../up.txt]
  near:
    cmd: cat ../up.txt > here.txt
    deps: [./../up.txt]
    outs: [./here.txt]
"""

_WITHOUT_OUTPUTS = """
stages:
  check:
    cmd: test -s made
    deps: [made]
  make:
    cmd: cat in > made
    deps: [in]
    outs: [made]
"""

_NAMES = """
stages:
  page/a/b/summary:
    cmd: cat in > summary.txt
    deps: [in]
    outs: [summary.txt]
  evaluate:
    foreach: [x-all, y-all]
    do:
      cmd: cat summary.txt > e-${item}.txt
      deps: [summary.txt]
      outs: ["e-${item}.txt"]
"""

_SAME_NAME = """
stages:
  train:
    cmd: cat ../in > model
    deps: [../in]
    outs: [model]
"""

_FROZEN_ROOT = """
stages:
  source:
    frozen: True
    cmd: cat in > source.txt
    deps: [in]
    outs: [source.txt]
  use:
    cmd: cat source.txt > use.txt
    deps: [source.txt]
    outs: [use.txt]
"""

_INTO_ANOTHERS_FOLDER = """
stages:
  make:
    cmd: mkdir -p d && cat in > d/a
    deps: [in]
    outs: [d]
  write:
    cmd: echo more > d/b && cat d/a > w
    deps: [d]
    outs: [w]
  read:
    cmd: ls d > r
    deps: [d, w]
    outs: [r]
"""

GRAPH_SCENARIOS = {
    "folders around and paths inside outputs": Scenario(
        files={"dvc.yaml": _INSIDE_EACH_OTHER, "in.txt": "1"}, changes=(nothing, writing({"in.txt": "2"}))
    ),
    "paths above the pipeline's folder": Scenario(
        files={"in.txt": "1", "one/two/dvc.yaml": _ABOVE}, folder="one/two", changes=(nothing, writing({"in.txt": "2"}))
    ),
    "a stage without outputs": Scenario(
        files={"dvc.yaml": _WITHOUT_OUTPUTS, "in": "1"}, changes=(nothing, writing({"in": "2"}))
    ),
    "names with slashes and dashes": Scenario(
        files={"dvc.yaml": _NAMES, "in": "1"}, targets=("evaluate@x-all", "page/a/b/summary")
    ),
    "one name in several files": Scenario(
        files={"in": "1", "dvc.yaml": "stages: {train: {cmd: cat in > top, deps: [in], outs: [top]}}"}
        | {f"{folder}/dvc.yaml": _SAME_NAME for folder in ("a", "b", "c")},
        everything=True,
        changes=(nothing, writing({"in": "2"})),
    ),
    "another file's stages are needed through a folder": Scenario(
        files={
            "in": "1",
            "data/raw/dvc.yaml": "stages: {get: {cmd: cat ../../in > x, deps: [../../in], outs: [x]}}",
            "dvc.yaml": "stages: {use: {cmd: cat data/raw/x > used, deps: [data], outs: [used]}}",
        },
        targets=("use",),
        changes=(nothing, writing({"in": "2"})),
    ),
    "a frozen root": Scenario(
        files={"dvc.yaml": _FROZEN_ROOT, "in": "1"},
        changes=(writing({"source.txt": "by hand"}), writing({"in": "2"}), writing({"source.txt": "again"})),
    ),
    "a stage that writes into another's output": Scenario(
        files={"dvc.yaml": _INTO_ANOTHERS_FOLDER, "in": "1"},
        changes=(nothing, writing({"in": "2"})),
        always=("make", "write"),
    ),
}
