"""Where DVC lives: in a subfolder, several times, without git; and files that change while a stage runs."""

from tests.integration.scenario import Scenario, nothing, writing
from tests.integration.scenarios_data import configured

COPY = "stages: {copy: {cmd: cat in > out, deps: [in], outs: [out]}}"
_ARTIFACTS = """
stages:
  train:
    cmd: cat in > model.bin
    deps: [in]
    outs: [model.bin]
artifacts:
  fraud:
    path: model.bin
    type: model
    labels: [a, b]
metrics: [top.json]
plots:
  - points.csv:
      x: a
      y: b
"""
_DVCLIVE = """
stages:
  train:
    cmd: cat in > model && python3 live.py
    deps: [in]
    outs: [model]
  after:
    cmd: cat model > after
    deps: [model]
    outs: [after]
"""
_LIVE = """
from pathlib import Path
path = Path("dvc.yaml")
if "metrics:" not in path.read_text():
    path.write_text(path.read_text() + "metrics:\\n- live.json\\n")
Path("live.json").write_text('{"a": 1}')
"""

ROOT_SCENARIOS = {
    "DVC in a subfolder": Scenario(
        files={"dvc.yaml": COPY, "in": "1"}, below="part", changes=(nothing, writing({"in": "2"}))
    ),
    "several DVC roots in one repository": Scenario(
        files={"dvc.yaml": COPY, "in": "1", "inner/.dvc/config": "", "inner/dvc.yaml": COPY, "inner/in": "2"},
        everything=True,
        changes=(nothing, writing({"in": "2", "inner/in": "3"})),
    ),
    "DVC without git inside of a git repository": Scenario(
        files={"dvc.yaml": COPY, "in": "1"},
        changes=(configured("    no_scm = true\n"), writing({"in": "2"})),
    ),
    "hydra turned off": Scenario(
        files={"dvc.yaml": COPY, "in": "1", "conf/config.yaml": "a: 1\n"},
        changes=(configured("[hydra]\n    enabled = false\n"),),
    ),
    "artifacts, metrics and plots beside the stages": Scenario(
        files={"dvc.yaml": _ARTIFACTS, "in": "1", "top.json": "{}", "points.csv": "a,b\n1,2\n"},
        changes=(nothing, writing({"in": "2"})),
    ),
    "a pipeline of artifacts beside another": Scenario(
        files={"dvc.yaml": COPY, "in": "1", "models/dvc.yaml": "artifacts: {m: {path: ../out, type: model}}"},
        everything=True,
    ),
    "a stage that rewrites dvc.yaml": Scenario(
        files={"dvc.yaml": _DVCLIVE, "live.py": _LIVE, "in": "1"}, changes=(nothing, writing({"in": "2"}))
    ),
    "a lock without its pipeline beside another": Scenario(
        files={"dvc.yaml": COPY, "in": "1", "old/dvc.lock": "schema: '2.0'\nstages:\n  x:\n    cmd: x\n"},
        everything=True,
    ),
    "folders that git or .dvcignore leave out": Scenario(
        files={
            "dvc.yaml": COPY,
            "in": "1",
            ".gitignore": "/scratch\n",
            ".dvcignore": "old\n",
            "scratch/dvc.yaml": "stages: [",
            "old/dvc.yaml": "stages: {copy: {cmd: 'false'}}",
        },
        everything=True,
    ),
}
