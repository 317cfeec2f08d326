"""Pipelines as people write them, and what happens to them between two runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.integration.dvc_project import Project

Change = Callable[[Project], None]


def nothing(_project: Project) -> None:
    """No change: the next run sees the files as they are."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A project, the changes before each of its runs, and how it is run; `always` names stages that never rest."""

    files: Mapping[str, str]
    changes: tuple[Change, ...] = (nothing,)
    targets: tuple[str, ...] = ()
    folder: str = ""
    everything: bool = False
    always: tuple[str, ...] = ()


def writing(files: Mapping[str, str]) -> Change:
    """Files that are written or replaced."""
    return lambda project: project.write(files)


def adding(path: str, text: str) -> Change:
    """A file that is put under DVC's care."""

    def act(project: Project) -> None:
        project.write({path: text})
        with project.opened() as repo:
            repo.add([path])

    return act


def removing(path: str) -> Change:
    """A file that is gone from the workspace."""
    return lambda project: (project.root / path).unlink()


def importing(path: str, text: str) -> Change:
    """A file beside the project that is imported into it."""

    def act(project: Project) -> None:
        (project.root.parent / "source").write_text(text)
        with project.opened() as repo:
            repo.imp_url("../source", path)

    return act


def thawing_import(path: str, text: str) -> Change:
    """The imported file changed, and the import is no longer frozen."""

    def act(project: Project) -> None:
        (project.root.parent / "source").write_text(text)
        project.write({f"{path}.dvc": project.read(f"{path}.dvc").replace("frozen: true\n", "")})

    return act


DIRECTORIES = """
stages:
  around:
    cmd: cat data/*.csv data/raw/*.csv > around.txt
    deps: [data/]
    outs: [around.txt]
  inside:
    cmd: cat data/raw/a.csv > inside.txt
    deps: [./data/raw/a.csv]
    outs: [inside.txt]
  make:
    cmd: mkdir -p data/raw && echo 1 > data/raw/a.csv && echo 2 > data/raw/b.csv
    outs: [data/raw/]
  other:
    cmd: mkdir -p data && echo 3 > data/c.csv
    outs: [data/c.csv]
"""

GENERATED = """
vars:
  - params.yaml
  - sizes: [1, 2]
stages:
  each:
    foreach: ${names}
    do:
      cmd: echo ${item.word} > each-${key}.txt
      outs: ["each-${key}.txt"]
  grid:
    matrix:
      size: ${sizes}
      kind: [x, y]
    cmd: echo ${item.size} ${item.kind} > grid-${item.size}-${item.kind}
    outs: ["grid-${item.size}-${item.kind}"]
  join:
    cmd: cat each-*.txt > join.txt
    deps: [each-one.txt, each-two.txt]
    params:
      - lr
      - nested.depth
      - other.toml:
          - table.key
      - flags.json:
    outs: [join.txt]
"""

PARAMS = "lr: {lr}\nnested: {{depth: 3}}\nnames: {{one: {{word: hi}}, two: {{word: {word}}}}}\n"

KINDS = """
stages:
  train:
    wdir: work
    desc: says what it does
    cmd:
      - echo model > "my model.bin"; echo 1 > log.txt; echo step > plot.csv
      - |
        echo '{"auc": 0.5}' > metrics.json
        echo more >> "my model.bin"
    deps: [code.py]
    outs:
      - my model.bin
      - log.txt: {cache: false}
    metrics:
      - metrics.json: {cache: false}
    plots:
      - plot.csv: {cache: false, x: step}
  folded:
    cmd: >
      echo
      folded
      > folded.txt
    outs: [folded.txt]
  lines:
    cmd: |
      echo one > lines.txt
      echo two >> lines.txt
    outs: [lines.txt]
  cached_metric:
    cmd: echo '{"k":1}' > b.json
    metrics: [b.json]
  keeps:
    cmd: echo again >> kept.txt
    deps: [code.py]
    outs:
      - kept.txt: {persist: true}
"""

LONG = f"""
stages:
  long:
    cmd: >-
      {"true && " * 40}echo 'äöü: # no comment' > long.txt
    outs: [long.txt]
"""

REACHING = {
    "in.txt": "1",
    "dvc.yaml": """
stages:
  a:
    cmd: cat sub/b.txt > a.txt
    deps: [sub/b.txt]
    outs: [a.txt]
""",
    "sub/dvc.yaml": """
stages:
  b:
    cmd: cat ../in.txt > b.txt
    deps: [../in.txt]
    outs: [b.txt]
  c:
    cmd: echo c > c.txt
    outs: [c.txt]
""",
}

SUBFOLDER = """
stages:
  b:
    wdir: ../..
    cmd: cat in.txt > deep/b.txt; echo '{"m":1}' > deep/m.json
    deps: [in.txt]
    outs: [deep/b.txt]
    metrics:
      - deep/m.json: {cache: False}
"""

TARGETS = """
stages:
  a:
    cmd: echo a > a.txt
    outs: [a.txt]
  not_wanted:
    cmd: echo n > n.txt
    outs: [n.txt]
  t:
    foreach: [x, y]
    do:
      cmd: echo ${item} > t-${item}
      outs: ["t-${item}"]
"""

COPY = """
stages:
  copy:
    cmd: cat in > out
    deps: [in]
    outs: [out]
"""

RESTLESS = """
stages:
  always:
    cmd: echo 1 > always.txt
    outs: [always.txt]
    always_changed: true
  callback:
    cmd: "true"
  after:
    cmd: cat always.txt > after.txt
    deps: [always.txt]
    outs: [after.txt]
"""

FROZEN = f"""{COPY}
  second:
    cmd: cat out > second
    deps: [out]
    outs: [second]
"""

OLD_LOCK = """# kept
schema: '2.0'
stages:
  gone:
    cmd: old
  z:
    cmd: echo older > z.txt
"""

UNORDERED = """
stages:
  m:
    cmd: echo m > m.txt
    outs: [m.txt]
  z:
    cmd: echo z > z.txt
    outs: [z.txt]
  a:
    cmd: echo a > a.txt
    outs: [a.txt]
"""

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
}
