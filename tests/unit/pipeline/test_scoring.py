"""How a file of a model is scored: which stages run, on what, and what cannot be scored."""

import shlex
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config.evaluation import EvaluationPolicy
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.hashing import hash_bytes
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.scoring import Trial, files_of_interest, plan_trial
from mlops_kit.core.types import ModelName
from tests.unit.review.pipelines import project

CHURN = ModelName("churn")
PIPELINE = """
    split: raw.csv=r -> train.csv=t test.csv=e
    train: train.csv=t train.py=p -> models/m.pkl=m
    predict: models/m.pkl=m test.csv=e predict.py=q -> preds.csv=x
    evaluate: preds.csv=x test.csv=e score.py=s -> !m.json=j rows.csv=w
    ?report: m.json=j -> page.html
    other: train.csv=t -> !other.json=o
"""
COMMAND = "python score.py {model} --data={data} {metrics} {rows}"


def pipeline(picture: str = PIPELINE, models: str = "churn=models/m.pkl") -> Project:
    return project(picture, models=models)


def by_stage(name: str, known: Project | None = None) -> Trial:
    return plan_trial(known or pipeline(), CHURN, EvaluationPolicy(stage=name, rows="rows.csv"))


def test_a_stage_runs_with_all_that_lead_to_it_from_the_model_and_no_other() -> None:
    found = by_stage("evaluate")
    assert [step.name for step in found.steps] == ["predict", "evaluate"]
    assert found.lines == ("run predict", "run evaluate")
    assert [one.path for one in found.inputs] == ["predict.py", "score.py", "test.csv"]
    assert [(one.path, str(one.digest)) for one in found.kept] == [("test.csv", str(found.inputs[2].digest))]
    assert (found.metrics, found.rows, found.place) == (("m.json",), "rows.csv", "models/m.pkl")


def test_what_lies_beside_the_model_in_a_folder_that_is_read_whole_is_fetched_too() -> None:
    picture = """
        scale: -> models/scaler.pkl=s
        train: -> models/m.pkl=m
        evaluate: models=dir score.py=p -> !m.json=j
    """
    found = by_stage("evaluate", pipeline(picture))
    assert [one.path for one in found.kept] == ["models/scaler.pkl"]
    assert [one.path for one in found.inputs] == ["score.py"]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("evalute", "there is no stage 'evalute'"),
        ("other", "stage 'other' does not depend on 'models/m.pkl', the model churn"),
        ("predict", "stage 'predict' writes no metrics"),
        ("train", "stage 'train' does not depend on"),
    ],
)
def test_a_stage_that_does_not_measure_the_model_is_refused(stage: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        by_stage(stage)
    assert error.value.problems[0].field == "evaluate.churn.stage"


def test_what_was_never_made_cannot_be_scored() -> None:
    for picture, said in (
        ("?train: -> m.pkl=m\nevaluate: m.pkl=m -> !m.json=j", "m.pkl has never been made"),
        ("train: -> m.pkl=m\n?evaluate: m.pkl=m -> !m.json=j", "stage 'evaluate' has never been run"),
        ("train: -> m.pkl=m\n?split: -> t.csv\nevaluate: m.pkl=m t.csv=t -> !m.json=j", "t.csv has never been made"),
    ):
        with pytest.raises(InputError, match=said):
            by_stage("evaluate", pipeline(picture, "churn=m.pkl"))
    with pytest.raises(InputError, match=r"no dvc\.yaml declares a model 'churn'"):
        by_stage("evaluate", pipeline(models=""))


def test_a_command_gets_paths_and_is_of_its_script_and_data() -> None:
    policy = EvaluationPolicy(
        command=COMMAND, data="test.csv", metrics="m.json", rows="rows.csv", timeout=timedelta(minutes=2)
    )
    assert files_of_interest(policy) == ("python", "score.py", "test.csv")
    script = hash_bytes(b"script")
    found = plan_trial(pipeline(), CHURN, policy, files={"score.py": script})
    assert found.lines == ("python score.py ./models/m.pkl --data=./test.csv ./m.json ./rows.csv",)
    assert [one.path for one in found.inputs] == ["score.py", "test.csv"]
    assert found.inputs[0].digest == script
    assert found.steps[0].wants.timeout_seconds == 120
    assert [one.path for one in found.kept] == ["test.csv"]


def test_data_may_be_in_git_but_must_be_somewhere() -> None:
    policy = EvaluationPolicy(command="score {model} {data} {metrics}", data="eval.csv")
    data = hash_bytes(b"data")
    found = plan_trial(pipeline(), CHURN, policy, files={"eval.csv": data})
    assert [(one.path, one.digest) for one in found.inputs] == [("eval.csv", data)]
    assert found.kept == ()
    with pytest.raises(InputError, match=r"neither DVC nor git keeps 'eval\.csv'"):
        plan_trial(pipeline(), CHURN, policy)


@given(st.text("ab$();&|<>*~#'\"}[]-,.ü`^@", min_size=1, max_size=12))
def test_a_path_stays_one_word_whatever_it_is_called(name: str) -> None:
    path = f"models/-{name}"
    known = pipeline(f"train: -> {path}=m", f"churn={path}")
    found = plan_trial(known, CHURN, EvaluationPolicy(command="score {model} {metrics}"))
    assert shlex.split(found.lines[0]) == ["score", f"./{path}", "./scores.json"]
