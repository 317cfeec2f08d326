"""Projects from the bytes of their files: one dvc.yaml and dvc.lock after the other, as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.errors import ExitCode, InputError, KitError
from mlops_kit.core.pipeline.project import Project, parse_project, project_paths
from mlops_kit.core.pipeline.stages import OutputKind
from mlops_kit.core.types import Digest

A, B, C = "a" * 32, "b" * 32, "c" * 32


def project(**files: str) -> Project:
    """Files by name; two underscores stand for a slash, one for a dot."""
    return parse_project({name.replace("__", "/").replace("_", "."): text.encode() for name, text in files.items()})


PIPELINE = """
stages:
  prepare:
    cmd: python prepare.py
    deps: [./raw.csv, src/]
    outs: [data/./train.csv]
  train:
    cmd:
      - python train.py
      - echo done
    deps: [data]
    params: [lr, {conf/other.toml: [depth], whole.yaml: }]
    outs: [models/clf.pkl]
    metrics: [{metrics.json: {cache: False}}]
    plots: [roc.csv: {x: fpr}]
    frozen: True
    meta: {mlops: {gpus: 1}}
artifacts:
  clf: {path: models/clf.pkl, type: model}
  notes: {path: notes.md, type: text}
"""
LOCK = f"""
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: ./raw.csv, hash: md5, md5: {A}, size: 1}}
    - {{path: src/, hash: md5, md5: {C}.dir, nfiles: 2}}
    outs:
    - {{path: data/train.csv, hash: md5, md5: {B}}}
  train:
    cmd: [python train.py, echo done]
    deps:
    - {{path: data, hash: md5, md5: {A}.dir, nfiles: 1}}
    params:
      params.yaml: {{lr: 0.1}}
    outs:
    - {{path: models/clf.pkl, hash: md5, md5: {C}}}
    - {{path: metrics.json, hash: md5, md5: {B}}}
"""


def test_stages_carry_what_was_written_and_what_was_run() -> None:
    prepare, train = project(dvc_yaml=PIPELINE, dvc_lock=LOCK).stages
    assert prepare.command == prepare.locked_command == ("python prepare.py",)
    assert [(found.path, str(found.digest)) for found in prepare.dependencies] == [
        ("raw.csv", f"md5:{A}"),
        ("src", f"md5:{C}.dir"),
    ]
    assert [(found.path, found.kind, found.cached) for found in train.outputs] == [
        ("models/clf.pkl", OutputKind.DATA, True),
        ("metrics.json", OutputKind.METRIC, False),
        ("roc.csv", OutputKind.PLOT, True),
    ]
    assert [(found.file, found.keys, found.locked) for found in train.params] == [
        ("params.yaml", ("lr",), {"lr": 0.1}),
        ("conf/other.toml", ("depth",), None),
        ("whole.yaml", (), None),
    ]
    assert (train.command, train.frozen, train.meta) == (("python train.py", "echo done"), True, {"mlops": {"gpus": 1}})


def test_only_artifacts_of_type_model_are_models() -> None:
    (model,) = project(dvc_yaml=PIPELINE, dvc_lock=LOCK).models
    assert (model.name, model.path, model.file, model.cached) == ("clf", "models/clf.pkl", "dvc.yaml", True)
    assert model.digest == Digest(algorithm="md5", value=C)
    assert len(model.recipe) == 64


def test_a_recipe_knows_everything_upstream_and_nothing_else() -> None:
    def recipe(lock: str, pipeline: str = PIPELINE) -> str:
        return project(dvc_yaml=pipeline, dvc_lock=lock).models[0].recipe

    same = recipe(LOCK)
    assert recipe(LOCK.replace(f"path: ./raw.csv, hash: md5, md5: {A}", f"path: raw.csv, md5: {B}, hash: md5")) != same
    assert recipe(LOCK.replace("lr: 0.1", "lr: 0.2")) != same
    assert recipe(LOCK.replace(f"md5: {C}}}\n    - ", f"md5: {A}}}\n    - ")) == same, "the model's own bytes"
    assert (
        recipe(LOCK + "  other:\n    cmd: x\n", PIPELINE.replace("artifacts:", "  other: {cmd: x}\nartifacts:")) == same
    )


def test_without_a_hash_field_an_md5_is_the_legacy_one() -> None:
    (model,) = project(dvc_yaml=PIPELINE, dvc_lock=LOCK.replace("hash: md5, ", "")).models
    assert str(model.digest) == f"md5-dos2unix:{C}"


def test_a_model_inside_a_folder_has_the_folder_for_digest() -> None:
    pipeline = PIPELINE.replace("outs: [models/clf.pkl]", "outs: [models]")
    lock = LOCK.replace(
        f"path: models/clf.pkl, hash: md5, md5: {C}", f"path: models, hash: md5, md5: {C}.dir, nfiles: 2"
    )
    (model,) = project(dvc_yaml=pipeline, dvc_lock=lock).models
    assert model.digest is not None
    assert model.digest.is_directory


def test_a_model_that_dvc_added_has_the_digest_of_its_file_and_no_recipe() -> None:
    (model,) = project(
        dvc_yaml="artifacts: {clf: {path: m.pkl, type: model}}",
        m_pkl_dvc=f"outs:\n- {{md5: {A}, hash: md5, path: m.pkl}}\n",
    ).models
    assert (str(model.digest), model.recipe) == (f"md5:{A}", "")


def test_a_model_that_never_was_made_has_no_digest() -> None:
    (model,) = project(dvc_yaml=PIPELINE).models
    assert model.digest is None


def test_names_in_other_folders_are_addresses_and_paths_start_at_the_top() -> None:
    found = project(
        dvc_yaml="stages: {train: {cmd: x, outs: [m]}}",
        sub__dvc_yaml="""
stages:
  train:
    cmd: y
    wdir: ../work
    deps: [../m, ../../outside]
    params: [lr]
    metrics: [out/m.json]
artifacts: {clf: {path: best.pkl, type: model}}
metrics: [top.json]
""",
    )
    inner, outer = found.stages
    assert (outer.name, inner.name, inner.folder) == ("train", "sub/dvc.yaml:train", "work")
    assert [one.path for one in inner.dependencies] == ["m", "../outside"]
    assert inner.params[0].file == "work/params.yaml"
    assert found.metric_files == ("sub/top.json", "work/out/m.json")
    assert found.models[0].path == "sub/best.pkl"


def test_models_of_one_name_in_two_folders_are_told_apart() -> None:
    text = "artifacts: {clf: {path: m.pkl, type: model}}"
    found = project(dvc_yaml=text, a__b__dvc_yaml=text)
    assert sorted(model.name for model in found.models) == ["a-b-clf", "clf"]


TEMPLATED = """
vars: [{where: out}]
stages:
  train:
    foreach: [a, b]
    do:
      cmd: python train.py ${item}
      outs: ["${where}/${item}.pkl"]
      metrics: [{"${where}/${item}.json": {cache: false}}]
  plain:
    cmd: echo ${where}
    outs: [x]
  mixed:
    matrix: {kind: [one, two]}
    cmd: echo ${item.kind}
"""
TEMPLATED_LOCK = f"""
schema: '2.0'
stages:
  train@a:
    cmd: python train.py a
    outs:
    - {{path: out/a.json, hash: md5, md5: {A}}}
    - {{path: out/a.pkl, hash: md5, md5: {B}}}
  plain:
    cmd: echo out
    outs: [{{path: x, hash: md5, md5: {A}}}]
  mixed@one:
    cmd: echo one
  gone@x:
    cmd: echo
"""


def test_templates_are_filled_from_the_lock() -> None:
    found = project(dvc_yaml=TEMPLATED, dvc_lock=TEMPLATED_LOCK)
    assert [stage.name for stage in found.stages] == ["mixed@one", "plain", "train@a"]
    assert all(stage.templated for stage in found.stages)
    assert found.metric_files == ("out/a.json",)
    assert [output.cached for output in found.stages[2].outputs] == [False, True]
    assert (found.templated, found.stale) == (("dvc.yaml",), ("gone@x",))


def test_a_model_s_templated_path_is_the_only_output_that_fits() -> None:
    pipeline = TEMPLATED + "artifacts: {clf: {path: '${where}/${best}.pkl', type: model}}\n"
    (model,) = project(dvc_yaml=pipeline, dvc_lock=TEMPLATED_LOCK).models
    assert (model.path, str(model.digest)) == ("out/a.pkl", f"md5:{B}")
    several = TEMPLATED_LOCK.replace("out/a.json", "out/b.pkl")
    (model,) = project(dvc_yaml=pipeline, dvc_lock=several).models
    assert model.digest is None


def test_a_lock_of_dvc_1_without_a_schema_is_read() -> None:
    old = LOCK.replace("schema: '2.0'\nstages:\n", "").replace("hash: md5, ", "")
    (prepare, _) = project(dvc_yaml=PIPELINE, dvc_lock="\n".join(line[2:] for line in old.splitlines())).stages
    assert prepare.locked_command == ("python prepare.py",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dvc_lock", LOCK),
        ("dvc_yaml", "artifacts: {clf: {path: m.pkl, type: model}}"),
        ("dvc_yaml", ""),
        ("dvc_yaml", "stages:"),
    ],
)
def test_half_a_project_is_still_one(name: str, text: str) -> None:
    assert project(**{name: text}).stages == ()


@pytest.mark.parametrize(
    ("lock", "code", "said"),
    [
        ("", ExitCode.INPUT, "is empty"),
        ("\n\n", ExitCode.INPUT, "is empty"),
        ("[]", ExitCode.INPUT, "expected a mapping"),
        ("schema: '3.0'\nstages: {}", ExitCode.INPUT, "'3.0' is not known"),
        ("schema: '2.0'\nstages: []", ExitCode.INPUT, "expected a mapping of stages"),
        (LOCK[:-40], ExitCode.INPUT, "dvc.lock:"),
        ("schema: '2.0'\nstages:\n  train:\n", ExitCode.INPUT, "cut short"),
        (
            "schema: '2.0'\nstages:\n  t:\n    cmd: x\n    outs:\n    - md5: a\n",
            ExitCode.INPUT,
            "expected a mapping with path",
        ),
        (
            "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a: {cmd: x}\n=======\n  a: {cmd: y}\n>>>>>>> main\n",
            ExitCode.REFUSED,
            "merge conflict in dvc.lock line 3",
        ),
    ],
)
def test_a_broken_lock_is_refused_with_its_place_and_a_way_out(lock: str, code: ExitCode, said: str) -> None:
    with pytest.raises(KitError) as caught:
        project(dvc_yaml=PIPELINE, dvc_lock=lock)
    assert caught.value.code is code
    assert said in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["[]", "x", "stages: []", "stages: {a: 1}", "stages: {a: {cmd: x, deps: y}}", "artifacts: [1]"]
)
def test_what_is_no_pipeline_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(InputError, match=r"dvc\.yaml"):
        project(dvc_yaml=text)


def test_the_files_that_make_a_project_are_found_anywhere() -> None:
    paths = [
        "dvc.yaml",
        "a/dvc.lock",
        "a/x.csv.dvc",
        ".dvc/config",
        "b/.dvc/.gitignore",
        "a.py",
        ".dvc/tmp/x.dvc",
        "c/.dvc",
    ]
    assert project_paths(paths) == (".dvc/config", "a/dvc.lock", "a/x.csv.dvc", "b/.dvc/.gitignore", "dvc.yaml")


def test_params_are_looked_for_in_every_root() -> None:
    found = parse_project(
        {"a/.dvc/config": b"", "b/.dvc/config": b"", "a/dvc.yaml": b"stages: {t: {cmd: x, params: [lr]}}"}
    )
    assert found.roots == ("a", "b")
    assert [(one.path, one.keys) for one in found.params_files] == [("a/params.yaml", ()), ("b/params.yaml", ())]


def test_what_dvcignore_hides_is_not_there() -> None:
    stage = b"stages: {t: {cmd: x}}"
    files = {
        ".dvcignore": b"# comment\n\n/old\n*.tmp/\n!keep.tmp/\n",
        "old/dvc.yaml": stage,
        "new/old/dvc.yaml": stage,
        "a.tmp/dvc.yaml": stage,
        "keep.tmp/dvc.yaml": stage,
        "sub/.dvcignore": b"deep/",
        "sub/deep/dvc.yaml": b"not: [a pipeline",
        "sub/dvc.yaml": stage,
    }
    assert parse_project(files).definitions == ("keep.tmp/dvc.yaml", "new/old/dvc.yaml", "sub/dvc.yaml")


@given(data=st.binary(max_size=200), name=st.sampled_from(["dvc.yaml", "dvc.lock", "x.dvc"]))
def test_no_bytes_are_a_bug(data: bytes, name: str) -> None:
    with suppress(KitError):
        parse_project({name: data})


@settings(deadline=None)
@given(cut=st.integers(0, len(LOCK)), more=st.text(alphabet="{}[]:-'#&*!| \n\tax0", max_size=6))
def test_no_edit_of_a_lock_is_a_bug(cut: int, more: str) -> None:
    for damaged in (LOCK[:cut] + more, LOCK[:cut] + more + LOCK[cut:]):
        with suppress(KitError):
            parse_project({"dvc.yaml": PIPELINE.encode(), "dvc.lock": damaged.encode()})


@settings(deadline=None)
@given(cut=st.integers(0, len(PIPELINE)), more=st.text(alphabet="{}[]:-'#&*!| \n\tax0$", max_size=6))
def test_no_edit_of_a_pipeline_is_a_bug(cut: int, more: str) -> None:
    for damaged in (PIPELINE[:cut] + more, PIPELINE[:cut] + more + PIPELINE[cut:]):
        with suppress(KitError):
            parse_project({"dvc.yaml": damaged.encode(), "dvc.lock": LOCK.encode()})
