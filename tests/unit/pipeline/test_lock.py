"""Locks that nobody ran: a consistent project, and one edit that a clean merge could make."""

from hashlib import md5

import pytest

from mlops_kit.core.pipeline.hashing import hash_folder
from mlops_kit.core.pipeline.lock import inconsistencies, paths_to_check
from mlops_kit.core.pipeline.project import parse_project

CODE, LIB, PARAMS, METRICS = "print(1)\n", "x = 1\n", "lr: 0.1\nother: 1\ndeep: {rate: .nan}\n", '{"acc": 1}'


def digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


SRC = hash_folder({"a.py": digest(CODE), "lib/b.py": digest(LIB)}).value
PARTS = hash_folder({"one": "a" * 32, "two": "b" * 32}).value
FILES = {
    "dvc.yaml": """
stages:
  one: {cmd: make one, deps: [src], outs: [parts/one]}
  two: {cmd: make two, deps: [src/a.py], outs: [parts/two]}
  train: {cmd: train, deps: [parts], params: [lr, deep.rate], outs: [model], metrics: [m.json: {cache: false}]}
  serve: {cmd: serve, deps: [model, parts/one], frozen: true}
  check: {cmd: check, deps: [model, raw.csv], params: [whole.json: ]}
""",
    "dvc.lock": f"""
schema: '2.0'
stages:
  one:
    cmd: make one
    deps: [{{path: src, hash: md5, md5: {SRC}, nfiles: 2}}]
    outs: [{{path: parts/one, hash: md5, md5: {"a" * 32}}}]
  two:
    cmd: make two
    deps: [{{path: src/a.py, hash: md5, md5: {digest(CODE)}}}]
    outs: [{{path: parts/two, hash: md5, md5: {"b" * 32}}}]
  train:
    cmd: train
    deps: [{{path: parts, hash: md5, md5: {PARTS}, nfiles: 2}}]
    params: {{params.yaml: {{lr: 0.1, deep.rate: .nan}}}}
    outs:
    - {{path: model, hash: md5, md5: {"c" * 32}}}
    - {{path: m.json, hash: md5, md5: {digest(METRICS)}}}
  check:
    cmd: check
    deps:
    - {{path: model, hash: md5, md5: {"c" * 32}}}
    - {{path: raw.csv, hash: md5, md5: {"d" * 32}}}
    params: {{whole.json: {{a: 1}}}}
""",
    "raw.csv.dvc": f"outs: [{{path: raw.csv, hash: md5, md5: {'d' * 32}}}]",
    "src/a.py": CODE,
    "src/lib/b.py": LIB,
    "params.yaml": PARAMS,
    "m.json": METRICS,
    "whole.json": '{"a": 1}',
    "README.md": "unrelated",
}


def check(**edits: tuple[str, str]) -> list[tuple[str, str, str]]:
    """What is found after edits: file name (`__` a slash, `_` a dot) to the text and its replacement."""
    files = dict(FILES)
    for name, (old, new) in edits.items():
        path = name.replace("__", "/").replace("_", ".")
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    data = {path: text.encode() for path, text in files.items()}
    project = parse_project({path: data[path] for path in ("dvc.yaml", "dvc.lock", "raw.csv.dvc")})
    wanted = {path: data[path] for path in paths_to_check(project, data)}
    return [(found.stage, found.path, found.message) for found in inconsistencies(project, wanted)]


def test_a_lock_that_was_run_is_consistent() -> None:
    assert check() == []


def test_only_files_that_the_lock_speaks_of_are_wanted() -> None:
    project = parse_project({path: FILES[path].encode() for path in ("dvc.yaml", "dvc.lock", "raw.csv.dvc")})
    assert paths_to_check(project, FILES) == ("m.json", "params.yaml", "src/a.py", "src/lib/b.py", "whole.json")


@pytest.mark.parametrize(
    ("edits", "stage", "path", "said"),
    [
        ({"dvc_lock": ("outs:\n    - {path: model, hash: md5, md5: c", "outs:\n    - {path: model, hash: md5, md5: e")},
         "check", "model", "but train made md5:e"),
        ({"raw_csv_dvc": ("ddd", "dde")}, "check", "raw.csv", "but raw.csv.dvc made"),
        ({"src__a_py": ("1", "2")}, "two", "src/a.py", "the committed file is not the one that the last run read"),
        ({"params_yaml": ("lr: 0.1", "lr: 0.2")}, "train", "params.yaml", "lr is not the value"),
        ({"params_yaml": ("lr: 0.1", "rl: 0.1")}, "train", "params.yaml", "lr is not the value"),
        ({"params_yaml": ("lr: 0.1", "lr: [")}, "train", "params.yaml", "cannot be read"),
        ({"m_json": ("1", "2")}, "train", "m.json", "the committed file is not the one that the last run wrote"),
        ({"whole_json": ("}", ', "b": 2}')}, "check", "whole.json", "b is not in the stage's entry"),
        ({"dvc_yaml": ("cmd: train,", "cmd: train harder,")}, "train", "dvc.yaml", "the command is not the one"),
        ({"dvc_yaml": ("params: [lr,", "params: [lr, other,")}, "train", "params.yaml", "other is not in"),
        ({"dvc_yaml": ("deps: [parts]", "deps: [parts, raw.csv]")}, "train", "raw.csv", "the last run did not read it"),
        ({"dvc_yaml": ("outs: [model]", "outs: [model, extra]")}, "train", "extra", "the last run did not write it"),
        ({"dvc_yaml": ("  check:", "  new: {cmd: x}\n  check:")}, "new", "dvc.yaml", "this stage never ran"),
    ],
)  # fmt: skip
def test_one_edit_is_found_where_it_is(edits: dict[str, tuple[str, str]], stage: str, path: str, said: str) -> None:
    found = [one for one in check(**edits) if one[:2] == (stage, path)]
    assert len(found) == 1, check(**edits)
    assert said in found[0][2]


def test_a_folder_of_code_is_compared_file_by_file() -> None:
    assert check(src__lib__b_py=("1", "2")) == [
        ("one", "src", "the files in this folder are not those that the last run read")
    ]


def test_a_folder_that_held_ignored_files_too_is_not_decided() -> None:
    edits = {"dvc_lock": (f"md5: {SRC}, nfiles: 2", f"md5: {'e' * 32}.dir, nfiles: 3")}
    assert check(**edits) == []


def test_a_folder_of_outputs_is_compared_with_what_the_stages_made() -> None:
    edits = {
        "dvc_lock": (f"path: parts/two, hash: md5, md5: {'b' * 32}", f"path: parts/two, hash: md5, md5: {'f' * 32}")
    }
    assert [(stage, path) for stage, path, _ in check(**edits)] == [("train", "parts")]


def test_a_frozen_stage_is_not_asked() -> None:
    assert check(dvc_yaml=("deps: [model, parts/one]", "deps: [nowhere]")) == []


def test_line_ends_do_not_matter_to_a_legacy_digest() -> None:
    legacy = FILES["dvc.lock"].replace("hash: md5, ", "")
    project = parse_project({"dvc.yaml": FILES["dvc.yaml"].encode(), "dvc.lock": legacy.encode()})
    files = {"src/a.py": CODE.replace("\n", "\r\n").encode()}
    assert "src/a.py" not in {found.path for found in inconsistencies(project, files)}


def test_files_that_git_lfs_keeps_elsewhere_are_not_decided() -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'e' * 64}\nsize 9\n"
    assert check(src__a_py=(CODE, pointer)) == []
