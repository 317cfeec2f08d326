"""Pairs of commits that differ in metrics and params, in the forms in which people write them."""

from collections.abc import Mapping

Files = Mapping[str, str]
"""Path to text."""

PLAIN = """
stages:
  train:
    cmd: "true"
    params: [lr, model.depth, {conf/more.toml: [a.b], other.json: , plain: [x]}]
    metrics: [m.json: {cache: false}, sub/m.yaml: {cache: false}, t.toml: {cache: false}]
metrics: [top.json, "keys/a b.json"]
params: [top.yaml]
"""
FOREACH = """
vars: [extra.yaml, {where: results}]
stages:
  train:
    foreach: ${names}
    do:
      cmd: echo ${item} ${rate}
      params: [lr]
      metrics: ["${where}/${item}.json": {cache: false}]
"""
MATRIX = """
stages:
  eval:
    matrix: {kind: [a, b], size: "${sizes}"}
    cmd: echo ${item.kind} ${item.size}
    metrics: ["${item.kind}-${item.size}.json": {cache: false}]
"""
ONE_METRIC = "stages: {t: {cmd: 'true', metrics: [m.json: {cache: false}]}}\n"

WHOLE = "stages: {s: {cmd: a, params: [p.yaml: [a]]}, t: {cmd: a, params: [p.yaml: ]}}"
TWO_KEYS = "stages: {s: {cmd: a, params: [p.yaml: [a.x]]}, t: {cmd: a, params: [p.yaml: [b, no.where]]}}"
PATTERNS = "stages: {s: {cmd: a, params: [p.yaml: ['a*', 'l.0'], c.py: [N, T.depth]]}}"
ODD_PATHS = "stages: {t: {cmd: 'true', wdir: ../w, params: [k], metrics: [./out/../m.json: {cache: false}]}}"
TEMPLATED = """
vars: [d: conf]
stages:
  t:
    cmd: echo ${d}
    params: ['${d}/p.yaml': [k]]
    metrics: ['${d}/m.json': {cache: false}]
"""


def grid(sizes: str, value: int) -> dict[str, str]:
    """A metrics file for each kind and size."""
    return {f"{kind}-{size}.json": f'{{"x": {value}}}' for kind in "ab" for size in sizes}


CASES: dict[str, tuple[Files, Files]] = {
    "values of every type in every format": (
        {
            "dvc.yaml": PLAIN,
            "params.yaml": "lr: 1e-3\nmodel: {depth: 3, width: 010}\nwords: [no, on, 0o10]\nwhen: 12:30:45\n",
            "conf/more.toml": '[a]\nb = "x"\nc = 1\n',
            "other.json": '{"x": {"y": null}, "z": [1, "b"]}',
            "plain": "x: 1_000\ny: 2\n",
            "top.yaml": "k: v\n",
            "m.json": '{"acc": 0.9, "n": {"loss": 1, "ok": true}, "name": "a", "l": [1, 2], "none": null}',
            "sub/m.yaml": "f1: .5\nexp: 1e3\n",
            "t.toml": "x = 1.5\n",
            "top.json": '{"t": 1}',
            "keys/a b.json": '{"a b": 1, "x/y": 2, "p|q": 3, "": 4, "colon:": 5}',
        },
        {
            "dvc.yaml": PLAIN,
            "params.yaml": "lr: 1e-4\nmodel: {depth: 4, width: 10}\nwords: [no, on, 8]\nwhen: 12:30:46\n",
            "conf/more.toml": '[a]\nb = "y"\nc = 2\n',
            "other.json": '{"x": {"y": 1}, "z": [1, "c"]}',
            "plain": "x: 1000\ny: 3\n",
            "top.yaml": "k: w\n",
            "m.json": '{"acc": 0.8, "n": {"loss": "1", "ok": false}, "name": "b", "l": [3], "none": 1}',
            "sub/m.yaml": "f1: 0.5\nexp: 1000.1\n",
            "t.toml": "x = 2\n",
            "top.json": "{}",
            "keys/a b.json": '{"a b": 2, "x/y": 3, "p|q": 4, "": 5, "colon:": 6}',
        },
    ),
    "NaN and infinity": (
        {"dvc.yaml": ONE_METRIC, "m.json": '{"a": NaN, "b": 1, "c": Infinity, "d": 1e999}'},
        {"dvc.yaml": ONE_METRIC, "m.json": '{"a": NaN, "b": NaN, "c": -Infinity, "d": 1e999}'},
    ),
    "a renamed metrics file": (
        {"dvc.yaml": ONE_METRIC, "m.json": '{"a": 1}'},
        {"dvc.yaml": ONE_METRIC.replace("m.json", "n/m.json"), "n/m.json": '{"a": 1}'},
    ),
    "stages and files that come and go": (
        {"dvc.yaml": "", "params.yaml": "a: 1"},
        {"dvc.yaml": ONE_METRIC, "m.json": '{"a": 1}', "params.yaml": ""},
    ),
    "no params stage, but a params.yaml": (
        {"dvc.yaml": ONE_METRIC, "params.yaml": "a: {b: 1, c: []}\n7: x\n"},
        {"dvc.yaml": ONE_METRIC, "params.yaml": "a: {b: 2, c: [1]}\n7: y\n"},
    ),
    "pipelines in folders, wdir and paths written in odd ways": (
        {
            "a/dvc.yaml": ODD_PATHS,
            "w/m.json": '{"a": 1}',
            "w/params.yaml": "k: 1\nj: 1\n",
            "b/c/dvc.yaml": "metrics: [../../m.yaml]\nparams: [p.yaml]\n",
            "m.yaml": "x: 1",
            "b/c/p.yaml": "q: 1",
        },
        {
            "a/dvc.yaml": ODD_PATHS.replace("./out/../", ""),
            "w/m.json": '{"a": 2}',
            "w/params.yaml": "k: 2\nj: 2\n",
            "b/c/dvc.yaml": "metrics: [../../m.yaml]\nparams: [p.yaml]\n",
            "m.yaml": "x: 2",
            "b/c/p.yaml": "q: 2",
        },
    ),
    "a folder of metrics": (
        {"dvc.yaml": "metrics: [all]", "all/a.json": '{"x": 1}', "all/in/b.json": '{"x": 1}'},
        {"dvc.yaml": "metrics: [all/]", "all/a.json": '{"x": 2}', "all/in/c.json": '{"x": 1}'},
    ),
    "whole file and single keys of it in two stages": (
        {"dvc.yaml": WHOLE, "p.yaml": "a: 1\nb: 1"},
        {"dvc.yaml": WHOLE, "p.yaml": "a: 1\nb: 2"},
    ),
    "keys of the same file in two stages": (
        {"dvc.yaml": TWO_KEYS,
         "p.yaml": "a: {x: 1, y: 1}\nb: {z: 1}\nc: 1"},
        {"dvc.yaml": TWO_KEYS,
         "p.yaml": "a: {x: 2, y: 2}\nb: {z: 2}\nc: 2"},
    ),
    "keys that are patterns, and Python params": (
        {"dvc.yaml": PATTERNS,
         "p.yaml": "ab: 1\nac: 1\nb: 1\nl: [1, 2]", "c.py": "N = 1\nM = 1\nclass T:\n    depth = 2\n"},
        {"dvc.yaml": PATTERNS,
         "p.yaml": "ab: 2\nac: 1\nb: 2\nl: [3, 2]", "c.py": "N = 2\nM = 2\nclass T:\n    depth = 3\n"},
    ),
    "foreach over names from vars": (
        {"dvc.yaml": FOREACH, "extra.yaml": "names: [a, b]\nrate: 5", "params.yaml": "lr: 1",
         "results/a.json": '{"x": 1}', "results/b.json": '{"x": 1}'},
        {"dvc.yaml": FOREACH, "extra.yaml": "names: {a: 1, c: 2}\nrate: 6", "params.yaml": "lr: 2",
         "results/a.json": '{"x": 2}', "results/c.json": '{"x": 1}'},
    ),
    "a matrix over params": (
        {"dvc.yaml": MATRIX, "params.yaml": "sizes: [1, 2]", **grid("12", 1)},
        {"dvc.yaml": MATRIX, "params.yaml": "sizes: [1, 3]", **grid("13", 2)},
    ),
    "templated names of params files and values": (
        {"dvc.yaml": TEMPLATED,
         "conf/p.yaml": "k: 1\nl: 1", "conf/m.json": '{"x": 1}'},
        {"dvc.yaml": TEMPLATED,
         "conf/p.yaml": "k: 2\nl: 2", "conf/m.json": '{"x": 2}'},
    ),
}  # fmt: skip
