"""The texts of the scenarios' pipelines, with the constructs that people use."""

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
