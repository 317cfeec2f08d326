"""The document of an evaluation, of what it holds, and which of a stranger's a judge believes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import Config
from mlops_kit.core.config.evaluation import EvaluationPolicy
from mlops_kit.core.errors import InvalidInputError
from mlops_kit.core.pipeline.scoring import Trial, plan_trial
from mlops_kit.core.review.believed import believe_evaluations
from mlops_kit.core.review.bounds import bound_report
from mlops_kit.core.review.changes import ModelRow
from mlops_kit.core.review.evaluation import (
    Evaluation,
    InputRow,
    ScoreRow,
    describe_trial,
    evaluation_json,
    parse_evaluation,
    why_not_of,
    why_stale,
)
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.report import Report, Side, report_json
from mlops_kit.core.types import Digest, EnvironmentName, ModelName
from tests.unit.review.pipelines import project

DEV, CHURN = EnvironmentName("dev"), ModelName("churn")
LIVE, HEAD = Digest(algorithm="md5", value="a" * 32), Digest(algorithm="md5", value="b" * 32)
FOUND = Evaluation(
    environment="dev",
    model="churn",
    live=str(LIVE),
    candidate=str(HEAD),
    lines=("run evaluate",),
    inputs=(InputRow(path="test.csv", digest="md5:1"), InputRow(path="score.py", digest="md5:2")),
    scores=(ScoreRow(path="m.json", key="acc", live=0.8, candidate="NaN"),),
)
TEXTS = st.text(max_size=20)
NUMBERS = st.none() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)


@given(TEXTS, TEXTS, NUMBERS, NUMBERS | TEXTS)
def test_a_document_says_what_it_was_made_of(model: str, key: str, low: float | None, value: float | str) -> None:
    row = ScoreRow(path="m.json", key=key, live=value, candidate=value, low=low, high=low, rows=3)
    made = replace(FOUND, model=model, scores=(row,), notes=(key,))
    text = evaluation_json(made)
    assert parse_evaluation(text.encode(), file="e.json") == made
    assert text == evaluation_json(made)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "e.json"),
        (b"[]", "e.json"),
        (b'{"environment": "dev", "model": "m", "live": "x", "candidate": "y", "more": 1}', "e.json more"),
        (b'{"environment": 1, "model": "m", "live": "x", "candidate": "y"}', "e.json environment"),
        (b'{"environment": "' + b"x" * 3000 + b'", "model": "m", "live": "x", "candidate": "y"}', "environment"),
    ],
)
def test_what_is_no_document_is_named(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        parse_evaluation(data, file="e.json")


def test_an_evaluation_is_of_one_environment_and_two_versions() -> None:
    assert why_not_of(FOUND, environment=DEV, live=LIVE, candidate=str(HEAD)) == ""
    assert "the environment is prod" in why_not_of(FOUND, environment=EnvironmentName("prod"), live=LIVE, candidate="")
    assert "the live model is md5:bbb" in why_not_of(FOUND, environment=DEV, live=HEAD, candidate=str(HEAD))
    assert "the candidate is md5:aaa" in why_not_of(FOUND, environment=DEV, live=LIVE, candidate=str(LIVE))


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("evaluate: m.pkl=m test.csv=one score.py=two -> !m.json=x", ""),
        ("evaluate: m.pkl=m test.csv=other score.py=two -> !m.json=x", "test.csv is another one now"),
        ("evaluate: m.pkl=m test.csv=one score.py=other -> !m.json=x", "score.py is another one now"),
        ("evaluate: m.pkl=m test.csv=one -> !m.json=x", "score.py is another one now"),
        ("evaluate: m.pkl=m test.csv=one score.py=two new.csv=x -> !m.json=x", "new.csv is another one now"),
        ("evaluate2: m.pkl=m test.csv=one score.py=two -> !m.json=x", "what scores the model is another command now"),
    ],
)
def test_an_evaluation_holds_until_data_script_or_command_are_others(picture: str, said: str) -> None:
    def trial(text: str) -> object:
        stage = text.partition(":")[0]
        return plan_trial(
            project(f"train: -> m.pkl=m\n{text}", models="churn=m.pkl"), CHURN, EvaluationPolicy(stage=stage)
        )

    before = trial("evaluate: m.pkl=m test.csv=one score.py=two -> !m.json=x")
    lines, inputs = describe_trial(before)  # type: ignore[arg-type]
    held = replace(FOUND, lines=lines, inputs=inputs)
    assert why_stale(held, trial(picture)) == said  # type: ignore[arg-type]


def trial(picture: str) -> Trial:
    pipeline = project(f"train: -> m.pkl=m\n{picture}", models="churn=m.pkl")
    return plan_trial(pipeline, CHURN, EvaluationPolicy(stage=picture.partition(":")[0]))


def report(*evaluations: Evaluation) -> Report:
    return Report(
        base=Side(name="main", commit="a" * 40),
        head=Side(name="head", commit="b" * 40),
        environment="dev",
        verdict=Verdict.PASS,
        models=(ModelRow(name="churn", path="m.pkl", old=str(LIVE), new=str(HEAD)),),
        evaluations=evaluations,
    )


def policy(*models: str) -> Config:
    return Config(version=1, evaluate={model: EvaluationPolicy(stage="evaluate") for model in models})


def test_a_judge_takes_the_evaluation_of_what_the_log_says_is_live() -> None:
    found = believe_evaluations(report(FOUND), policy("churn"), DEV, LiveMetrics(digests={CHURN: LIVE}))
    assert (found.evaluations, found.notes) == ((FOUND,), ())


@pytest.mark.parametrize(
    ("given", "config", "live", "said"),
    [
        (FOUND, policy(), LiveMetrics(digests={CHURN: LIVE}), "the policy does not ask for it"),
        (FOUND, policy("churn"), LiveMetrics(), "nothing is live in dev yet"),
        (FOUND, policy("churn"), LiveMetrics(error="no log"), "what is live could not be read"),
        (replace(FOUND, live=str(HEAD)), policy("churn"), LiveMetrics(digests={CHURN: LIVE}), "the live model is"),
        (replace(FOUND, candidate="md5:c"), policy("churn"), LiveMetrics(digests={CHURN: LIVE}), "the candidate is"),
        (replace(FOUND, environment="prod"), policy("churn"), LiveMetrics(digests={CHURN: LIVE}), "the environment"),
    ],
)
def test_an_evaluation_of_anything_else_is_not_used_and_named(
    given: Evaluation, config: Config, live: LiveMetrics, said: str
) -> None:
    found = believe_evaluations(report(given), config, DEV, live)
    assert found.evaluations == ()
    assert said in found.notes[0]


def test_of_two_evaluations_of_a_model_the_first_counts() -> None:
    other = replace(FOUND, scores=())
    found = believe_evaluations(report(FOUND, other), policy("churn"), DEV, LiveMetrics(digests={CHURN: LIVE}))
    assert found.evaluations == (FOUND,)
    assert "there is another one" in found.notes[0]


def test_scores_are_cut_with_a_note_where_the_report_would_be_too_large() -> None:
    rows = tuple(ScoreRow(path="m.json", key=f"key {number}" * 20, live=0.5, candidate=0.6) for number in range(200))
    whole = report(*(replace(FOUND, model=f"model {number}", scores=rows) for number in range(50)))
    cut = bound_report(whole, limit=400_000)
    assert len(report_json(cut).encode()) <= 400_000
    assert {len(one.scores) for one in cut.evaluations} == {20}
    assert "scores are left out" in cut.notes[0]
