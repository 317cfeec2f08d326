"""The ways to write a dvc.yaml: templates, params in every kind of file, commands in every style."""

from tests.integration.scenario import Scenario, nothing, writing

_MATRIX = """
vars:
  - lists.yaml
stages:
  grid:
    matrix:
      model: ${models}
      size:
        - 1
        - 2
    cmd: echo ${item.model} ${item.size} ${key} > ${key}.txt
    outs:
      - ${key}.txt
  axis:
    matrix:
      only: ${models}
    cmd:
      echo ${item.only} > axis-${item.only}
    outs: ["axis-${item.only}"]
  each:
    foreach: ${files}
    do:
      cmd: cat ${item.file} > ${key}.copy
      deps:
        - ${item.file}
      outs: ["${key}.copy"]
"""
_LISTS = "models: [cnn, xgb]\nfiles: {left: {file: l.txt}, right: {file: r.txt}}\n"

_VARS = """
vars:
  - settings/common.yaml
  - DIR: settings
stages:
  local:
    wdir: work
    vars:
      - settings/local.yaml
      - shout: "!"
    cmd: echo ${greeting} ${name}${shout} > said.txt
    params:
      - ../${DIR}/params.yaml:
          - lr
    outs: [said.txt]
  top:
    cmd: echo ${greeting} > top.txt
    params:
      - ${DIR}/params.yaml:
          - deep.er
    outs: [top.txt]
"""

_ABOVE = """
vars:
  - own.yaml
stages:
  up:
    wdir: ../..
    cmd: cat in.txt > ${target}
    deps: [in.txt]
    params:
      - p.yaml:
          - k
    outs: ["${target}"]
"""

_STYLES = r"""
stages:
  capitals:
    cmd: echo 1 > plain.txt; echo '{"k":1}' > m.json
    outs:
      - plain.txt:
          cache: False
    metrics:
      - m.json:
          cache: FALSE
  list:
    cmd:
      - echo one > list.txt
      - echo two >> list.txt && echo three >> list.txt
    outs: [list.txt]
  block:
    cmd: |
      echo first > block.txt
      echo second >> block.txt

      echo third >> block.txt
    outs: [block.txt]
  fold:
    cmd: >
      echo folded
      words
      > fold.txt
    outs: [fold.txt]
  several:
    cmd: echo a plain
      scalar over
      lines > several.txt
    outs: [several.txt]
  shell:
    cmd: echo $(echo nested | tr a-z A-Z) "$((1 + 2))" 'it''s' > shell.txt && test -s shell.txt
    outs: [shell.txt]
  url:
    cmd: 'echo "https://example.org/get?a=1&b=2" > url.txt'
    outs: [url.txt]
  spaces:
    cmd: cat "my data (1)/in [2].txt" > "out [3] (4).txt"
    deps: ["my data (1)/in [2].txt"]
    outs: ["out [3] (4).txt"]
  continued:
    cmd: >-
      echo 1
      --opt "a b"
      | tr 1 2
      > continued.txt
    outs: [continued.txt]
"""

_PARAMS = """
stages:
  all:
    cmd: echo all > all.txt
    params:
      - lr
      - nested.list
      - conf/settings.toml:
          - tool.depth
      - code.py:
          - SIZE
          - Config.rate
      - flags.json:
          - a.b
      - odd.ending:
          - key
    outs: [all.txt]
  whole:
    cmd: echo whole > whole.txt
    params:
      - flags.json:
      - conf/settings.toml:
    outs: [whole.txt]
  again:
    cmd: echo again > again.txt
    params: [lr, params.yaml: [lr, other]]
    outs: [again.txt]
"""
_PARAMS_FILES = {
    "params.yaml": "lr: 0.1\nother: [1, two, 3.0]\nnested: {list: [1, {a: b}]}\n",
    "conf/settings.toml": "[tool]\ndepth = 3\nname = 'x'\n[other]\nwhen = '1979-05-27'\n",
    "code.py": "SIZE = 3\nNAMES = ['a', 'b']\nclass Config:\n    rate = 0.5\n",
    "flags.json": '{"a": {"b": true}, "c": null}',
    "odd.ending": "key: {deep: 1}\n",
}

YAML_SCENARIOS = {
    "matrix over lists in vars, one axis, foreach over a mapping": Scenario(
        files={"dvc.yaml": _MATRIX, "lists.yaml": _LISTS, "l.txt": "l", "r.txt": "r"},
        changes=(nothing, writing({"r.txt": "R"}), writing({"lists.yaml": _LISTS.replace("xgb", "xgb, svm")})),
    ),
    "vars of the file and of a stage, templated params files": Scenario(
        files={
            "dvc.yaml": _VARS,
            "settings/common.yaml": "greeting: hello\n",
            "settings/params.yaml": "lr: 0.1\ndeep: {er: [1]}\n",
            "work/settings/local.yaml": "name: you\n",
        },
        changes=(
            nothing,
            writing({"settings/params.yaml": "lr: 0.2\ndeep: {er: [1]}\n"}),
            writing({"work/settings/local.yaml": "name: all\n"}),
        ),
    ),
    "templates beside dvc.yaml, work above it": Scenario(
        files={
            "in.txt": "1",
            "p.yaml": "k: 1\n",
            "one/two/dvc.yaml": _ABOVE,
            "one/two/own.yaml": "target: one/made.txt\n",
        },
        everything=True,
        changes=(nothing, writing({"p.yaml": "k: 2\n"})),
    ),
    "commands and flags in every style": Scenario(
        files={"dvc.yaml": _STYLES, "my data (1)/in [2].txt": "1"},
        changes=(nothing, writing({"my data (1)/in [2].txt": "2"})),
    ),
    "params in every kind of file": Scenario(
        files={"dvc.yaml": _PARAMS, **_PARAMS_FILES},
        changes=(
            nothing,
            writing({"code.py": _PARAMS_FILES["code.py"].replace("0.5", "0.7")}),
            writing({"odd.ending": "key: {deep: 2}\n"}),
            writing({"flags.json": '{"a": {"b": true}, "c": 1}'}),
        ),
    ),
}
