"""What was a metric measured on? Two pictures of a pipeline, and what differs in how they measure."""

import pytest

from mlops_kit.core.config import Config, MetricPolicy
from mlops_kit.core.pipeline.project import parse_project
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow, concerns, describe_obstacle, find_obstacles
from mlops_kit.core.review.metrics import MetricFile
from tests.unit.review.pipelines import digest, project, project_files

METRICS = (MetricFile(path="m.json", values={"acc": 0.9, "recall": 0.8}),)
TRAIN = "train: data/train.csv={train} train.py={code} -> {model}"
EVALUATE = "evaluate: {model}={weights} data/test.csv={test} evaluate.py={script} -> !m.json"
APART = f"{TRAIN}\n{EVALUATE}"
USUAL = {"model": "m.pkl", "train": "t", "code": "c", "weights": "w", "test": "e", "script": "s"}


def rows(
    old: str,
    new: str,
    *,
    models: str = "",
    policies: dict[str, MetricPolicy] | None = None,
    params: tuple[dict[str, object], dict[str, object]] = ({}, {}),
) -> list[str]:
    """What `find_obstacles` says of two pictures, as text."""
    base, head = project(old, models=models, params=params[0]), project(new, models=models, params=params[1])
    config = Config(version=1, metrics=policies or {})
    return [f"{row.kind} {row.name}" for row in find_obstacles(base, head, config, metrics=METRICS)]


def apart(**changed: str) -> list[str]:
    """What differs where training and evaluation are stages of their own."""
    return rows(APART.format(**USUAL), APART.format(**{**USUAL, **changed}))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"train": "T", "code": "C", "weights": "W"}, []),
        ({"test": "E"}, ["data data/test.csv"]),
        ({"script": "S"}, ["script evaluate.py"]),
        ({"test": "E", "script": "S", "weights": "W"}, ["data data/test.csv", "script evaluate.py"]),
        ({"test": ""}, []),
    ],
    ids=["nothing", "the model", "test data", "script", "all", "a digest is missing"],
)
def test_an_evaluation_stage_measures_the_model_on_all_else_that_it_reads(
    changed: dict[str, str], expected: list[str]
) -> None:
    assert apart(**changed) == expected


@pytest.mark.parametrize("model", ["m.pkl", "out/m.onnx", "model", "best_model.json", "models"])
def test_a_model_is_known_by_its_name(model: str) -> None:
    old = APART.format(**{**USUAL, "model": model})
    new = APART.format(**{**USUAL, "model": model, "train": "T", "weights": "W"})
    assert rows(old, new) == []


def test_a_declared_model_is_under_test_whatever_its_name() -> None:
    old, new = (APART.format(**{**USUAL, "model": "thing/test", "weights": weights}) for weights in "ab")
    assert rows(old, new, models="clf=thing/test/clf") == []


def test_what_the_training_wrote_beside_the_model_is_under_test_too() -> None:
    picture = "train: t.csv=t -> m.pkl vocab.txt\nevaluate: m.pkl={0} vocab.txt={0} test.csv=e -> !m.json"
    assert rows(picture.format("a"), picture.format("b")) == []


def test_test_data_that_the_training_wrote_is_data() -> None:
    picture = "train: t.csv=t -> m.pkl test.csv\nevaluate: m.pkl=m test.csv={} -> !m.json"
    assert rows(picture.format("a"), picture.format("b")) == ["data test.csv"]


def test_predictions_are_of_the_model_and_what_they_were_made_on_is_looked_for_behind_them() -> None:
    picture = (
        "train: t.csv=t -> m.pkl\n"
        "predict: m.pkl={0} test.csv={1} predict.py={2} -> predictions.csv\n"
        "evaluate: predictions.csv={0} labels.csv=l -> !m.json"
    )
    assert rows(picture.format("a", "e", "p"), picture.format("b", "e", "p")) == []
    changed = rows(picture.format("a", "e", "p"), picture.format("b", "E", "P"))
    assert changed == ["data test.csv", "script predict.py"]


def test_data_made_upstream_is_told_by_its_digest() -> None:
    picture = "split: raw.csv={0} -> data\ntrain: data={0} -> m.pkl\nevaluate: m.pkl={0} data={0} -> !m.json"
    assert rows(picture.format("a"), picture.format("b")) == ["data data"]


def test_a_path_that_only_one_side_reads_is_an_obstacle_even_without_a_digest() -> None:
    old = "train: t.csv=t -> m.pkl\nevaluate: m.pkl=m test.csv=e -> !m.json"
    new = "train: t.csv=t -> m.pkl\nevaluate: m.pkl=m test.csv=e more.csv eval.py=s -> !m.json"
    assert rows(old, new) == ["data more.csv", "script eval.py"]


def test_a_folder_of_code_in_git_is_a_script() -> None:
    picture = "train: t.csv=t -> m.pkl\nevaluate: m.pkl=m test.csv=e src/models={} -> !m.json"
    assert rows(picture.format("dir1"), picture.format("dir2")) == ["script src/models"]


@pytest.mark.parametrize(
    ("reads", "changed", "expected"),
    [
        ("train.py={} data.csv={}", ("a", "b"), []),
        ("train.py=a data/holdout.csv={}{}", ("a", "b"), ["data data/holdout.csv"]),
        ("train.py=a data/train.csv={} data/valid={}", ("a", "b"), ["data data/valid"]),
    ],
    ids=["nothing is named", "holdout", "validation data beside training data"],
)
@pytest.mark.parametrize("model", ["m.pkl ", ""], ids=["writes a model", "writes none that is known"])
def test_a_stage_that_trains_and_evaluates_measures_on_what_its_name_says(
    reads: str, changed: tuple[str, str], expected: list[str], model: str
) -> None:
    old, new = (f"train: {reads.format(letter, letter)} -> {model}!m.json" for letter in changed)
    assert rows(old, new) == expected


def test_patterns_of_the_policy_are_the_only_data() -> None:
    old, new = (APART.format(**{**USUAL, "test": letter, "script": letter}) for letter in "ab")
    policies = {"*": MetricPolicy(evaluation=("data/other.csv",))}
    assert rows(old, new, policies=policies) == ["script evaluate.py"]
    whole = "train: data={} -> m.pkl !m.json"
    assert rows(whole.format("a"), whole.format("b")) == []
    for pattern in ("data", "data/test.csv", "da*"):
        policies = {"*": MetricPolicy(evaluation=(pattern,))}
        assert rows(whole.format("a"), whole.format("b"), policies=policies) == ["data data"]


def test_a_pattern_of_one_metric_does_not_concern_another() -> None:
    config = Config(
        version=1, metrics={"acc": MetricPolicy(evaluation=("a.csv",)), "recall": MetricPolicy(evaluation=("b.csv",))}
    )
    picture = "train: a.csv={} b.csv=b -> m.pkl !m.json"
    (row,) = find_obstacles(project(picture.format("x")), project(picture.format("y")), config, metrics=METRICS)
    assert row.name == "a.csv"
    assert concerns(row, config, ("m.json", "acc"))
    assert not concerns(row, config, ("m.json", "recall"))
    assert not concerns(row, config, ("n.json", "acc"))


@pytest.mark.parametrize("key", ["seed", "split.random_state", "train.random_seed", "rng_seed", "SEED"])
def test_a_seed_of_the_measuring_stage_counts(key: str) -> None:
    picture = f"train: a.csv=a %{key} -> m.pkl !m.json"
    params: tuple[dict[str, object], dict[str, object]] = ({key: 1}, {key: 2})
    assert rows(picture, picture, params=params) == [f"seed params.yaml:{key}"]


def test_a_seed_of_the_split_counts_and_one_of_the_training_does_not() -> None:
    picture = (
        "split: raw.csv=r %split.seed -> data/test data/train\n"
        "train: data/train=a %train.seed -> m.pkl\n"
        "evaluate: m.pkl=m data/test=e -> !m.json"
    )
    one: dict[str, object] = {"split.seed": 1, "train.seed": 1}
    assert rows(picture, picture, params=(one, one | {"train.seed": 2})) == []
    assert rows(picture, picture, params=(one, one | {"split.seed": 2})) == ["seed params.yaml:split.seed"]


def test_a_nested_seed_is_found_and_a_lookalike_is_none() -> None:
    picture = "train: a.csv=a %train -> m.pkl !m.json"
    old: dict[str, object] = {"train": {"seed": 1, "seed_words": 1, "lr": 1}}
    new: dict[str, object] = {"train": {"seed": 2, "seed_words": 2, "lr": 2}}
    assert rows(picture, picture, params=(old, new)) == ["seed params.yaml:train.seed"]


def test_a_stage_that_was_never_run_says_nothing_of_its_seeds() -> None:
    old, new = "train: a.csv=a -> m.pkl !m.json", "?train: a.csv=a %seed -> m.pkl !m.json"
    assert rows(old, new, params=({}, {"seed": 1})) == []


@pytest.mark.parametrize("old", ["", "train: a.csv=a -> m.pkl", "other: a.csv=a -> x.pkl !n.json"])
def test_what_base_did_not_measure_has_no_obstacle(old: str) -> None:
    assert rows(old, "evaluate: test.csv=e -> !m.json") == []


def test_a_renamed_metrics_file_of_the_same_stage_is_still_compared() -> None:
    old, new = (
        f"evaluate: m.pkl=m test.csv={letter} -> !{file}" for letter, file in (("a", "n.json"), ("b", "m.json"))
    )
    assert rows(old, new) == ["data test.csv"]


def test_the_same_hash_under_the_name_of_another_version_of_dvc_is_the_same() -> None:
    files = project_files(APART.format(**USUAL))
    old = parse_project(files | {"dvc.lock": files["dvc.lock"].replace(b'"hash": "md5", ', b"")})
    algorithms = {found.digest.algorithm for stage in old.stages for found in stage.dependencies if found.digest}
    assert algorithms == {"md5-dos2unix"}
    assert find_obstacles(old, parse_project(files), Config(version=1), metrics=METRICS) == ()


@pytest.mark.parametrize(
    ("kind", "old", "new", "text"),
    [
        (Obstacle.DATA, "md5:1a2b3c4d5e", "md5:9f8e7d6c5b", "test data changed x 1a2b3c4d → 9f8e7d6c"),
        (Obstacle.SCRIPT, "", "md5:9f8e7d6c5b", "evaluation script added x"),
        (Obstacle.DATA, "md5:9f8e7d6c5b", "", "test data removed x"),
        (Obstacle.DATA, "", "", "test data changed x"),
        (Obstacle.SEED, "1", "2", "seed changed x 1 → 2"),
        (Obstacle.SEED, "a:b", "2", "seed changed x a:b → 2"),
    ],
)
def test_an_obstacle_is_told_in_a_few_words(kind: Obstacle, old: str, new: str, text: str) -> None:
    assert describe_obstacle(ObstacleRow(path="m.json", stage="s", kind=kind, name="x", old=old, new=new)) == text


def test_a_row_names_file_stage_and_both_digests() -> None:
    base, head = (project(APART.format(**{**USUAL, "test": letter})) for letter in "ab")
    assert find_obstacles(base, head, Config(version=1), metrics=METRICS, against="live") == (
        ObstacleRow(
            path="m.json",
            stage="evaluate",
            kind=Obstacle.DATA,
            name="data/test.csv",
            old=f"md5:{digest('a')}",
            new=f"md5:{digest('b')}",
            against="live",
        ),
    )
