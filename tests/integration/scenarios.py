"""Pipelines as people write them, and what happens to them between two runs."""

from tests.integration.scenario import Scenario, adding, importing, nothing, removing, thawing_import, writing
from tests.integration.scenario_files import (
    COPY,
    DIRECTORIES,
    FROZEN,
    GENERATED,
    KINDS,
    LONG,
    OLD_LOCK,
    PARAMS,
    REACHING,
    RESTLESS,
    SUBFOLDER,
    TARGETS,
    UNORDERED,
)
from tests.integration.scenarios_data import DATA_SCENARIOS
from tests.integration.scenarios_graph import GRAPH_SCENARIOS
from tests.integration.scenarios_roots import ROOT_SCENARIOS
from tests.integration.scenarios_yaml import YAML_SCENARIOS

SCENARIOS = {
    "paths inside and around outputs": Scenario(files={"dvc.yaml": DIRECTORIES}),
    "foreach, matrix, vars, params in several files": Scenario(
        files={
            "dvc.yaml": GENERATED,
            "params.yaml": PARAMS.format(lr=0.1, word="ho"),
            "other.toml": "[table]\nkey = [1, 2]\n",
            "flags.json": '{"a": true, "b": null}',
        },
        changes=(
            nothing,
            writing({"params.yaml": PARAMS.format(lr=0.2, word="ho")}),
            writing({"params.yaml": PARAMS.format(lr=0.2, word="hu")}),
        ),
    ),
    "kinds of outputs, folders, lists of commands, spaces": Scenario(
        files={"dvc.yaml": KINDS, "work/code.py": "1", "code.py": "1"},
        changes=(nothing, writing({"code.py": "2"}), writing({"work/code.py": "2"})),
    ),
    "a long command with other letters": Scenario(files={"dvc.yaml": LONG}),
    "a pipeline that reaches into another": Scenario(files=REACHING, changes=(nothing, writing({"in.txt": "2"}))),
    "all pipelines": Scenario(files=REACHING, everything=True),
    "a pipeline in a subfolder that works above it": Scenario(
        files={"in.txt": "1", "deep/sub/dvc.yaml": SUBFOLDER},
        folder="deep/sub",
        changes=(nothing, writing({"in.txt": "2"})),
    ),
    "a stage as target": Scenario(files={"dvc.yaml": DIRECTORIES}, targets=("inside",)),
    "a stage, a generated stage and another file's stage as targets": Scenario(
        files={"dvc.yaml": TARGETS, "sub/dvc.yaml": REACHING["sub/dvc.yaml"], "in.txt": "1"},
        targets=("a", "t@y", "sub/dvc.yaml:b"),
    ),
    "data added by hand": Scenario(
        files={"dvc.yaml": COPY}, changes=(adding("in", "1"), writing({"in": "2"}), adding("in", "3"))
    ),
    "data imported from elsewhere": Scenario(
        files={"dvc.yaml": COPY}, changes=(importing("in", "1"), thawing_import("in", "2"))
    ),
    "stages that never rest": Scenario(files={"dvc.yaml": RESTLESS}, always=("always", "callback")),
    "a changed command, and back": Scenario(
        files={"dvc.yaml": COPY, "in": "1"},
        changes=(nothing, writing({"dvc.yaml": COPY.replace("cat", "cat -n")}), writing({"dvc.yaml": COPY})),
    ),
    "an input changed, and back": Scenario(
        files={"dvc.yaml": COPY, "in": "1"}, changes=(nothing, writing({"in": "2"}), writing({"in": "1"}))
    ),
    "an output that is gone": Scenario(files={"dvc.yaml": COPY, "in": "1"}, changes=(nothing, removing("out"))),
    "a lock with a comment, an old stage, another order": Scenario(files={"dvc.yaml": UNORDERED, "dvc.lock": OLD_LOCK}),
    "a frozen stage": Scenario(
        files={"dvc.yaml": FROZEN, "in": "1"},
        changes=(nothing, writing({"dvc.yaml": f"{FROZEN}    frozen: true\n"}), writing({"in": "2"})),
    ),
    **DATA_SCENARIOS,
    **GRAPH_SCENARIOS,
    **ROOT_SCENARIOS,
    **YAML_SCENARIOS,
}
