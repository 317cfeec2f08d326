"""The document of a retraining: what crosses between the jobs, what is refused of it, and how it is shown."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.render.retrain import (
    commit_message,
    proposal_json,
    pull_request_body,
    pull_request_title,
    render_decision,
    render_decision_markdown,
    render_proposal,
    render_proposal_markdown,
)
from mlops_kit.core.training.decision import decide
from mlops_kit.core.training.document import DataChange, Retraining, describe, parse_retraining, retraining_json
from mlops_kit.core.training.proposal import Outcome, Proposal
from mlops_kit.core.training.situation import DriftWord
from mlops_kit.core.types import ModelName
from tests.unit.training.case import HEAD, NOW, drifted, situation

HOSTILE = "<img src=x> | @octocat #1 `$(touch x)` \n\x1b[31m --force https://evil.example"


def retraining() -> Retraining:
    asked = situation("b", drift=drifted("b"))
    return describe(asked, decide(asked), HEAD)


def test_it_comes_back_as_it_was_written() -> None:
    written = replace(retraining(), gpu_seconds=7, failure="why")

    assert parse_retraining(retraining_json(written).encode(), now=NOW) == written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"more": 1}, "more: Unexpected keyword argument"),
        ({"head": "main"}, "head: String should match pattern"),
        ({"key": "../../x"}, "key: String should match pattern"),
        ({"action": "promote"}, "action: Input should be"),
        ({"gpu_seconds": -1}, "gpu_seconds: Input should be greater"),
        ({"gpu_seconds": 1e300}, "gpu_seconds: Input should be"),
        ({"model": "m" * 3_000}, "model: String should have at most"),
        ({"asked_at": "2020-01-01T00:00:00Z"}, "no run of now can have been"),
        ({"asked_at": "2026-03-01T14:00:00Z"}, "no run of now can have been"),
        ({"asked_at": "2026-03-01T12:00:00"}, "asked_at: Input should have timezone info"),
    ],
)
def test_what_another_job_cannot_have_written_is_refused(change: dict[str, object], said: str) -> None:
    document = {**json.loads(retraining_json(retraining())), **change}

    with pytest.raises(IntegrityError) as caught:
        parse_retraining(json.dumps(document).encode(), now=NOW)
    assert said in str(caught.value)


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_retraining(data, now=NOW)


def test_a_decision_as_text() -> None:
    assert render_decision(retraining()).splitlines() == [
        "churn in dev: train again",
        "  The data is not what the live model was trained on: rows.csv.",
        "  data      trained on    now",
        "  rows.csv  md5:aaaaaaaa  md5:bbbbbbbb",
        "  drift: fail, alarm 1 in a row",
    ]


def test_names_and_messages_of_strangers_do_nothing_where_they_are_shown() -> None:
    word = DriftWord(verdict="fail", is_alarm=True, current="b", violations=(HOSTILE,))
    asked = replace(situation("b", drift=word), model=ModelName(HOSTILE))
    found = replace(
        describe(asked, decide(asked), HEAD),
        data=(DataChange(path=HOSTILE, old=HOSTILE),),
        reason=HOSTILE,
        hint=HOSTILE,
    )
    told = Proposal(outcome=Outcome.PROPOSED, retraining=found, reason=HOSTILE, number=1, url=HOSTILE, branch=HOSTILE)

    for markdown in (
        pull_request_body(told, why=HOSTILE),
        render_decision_markdown(found),
        render_proposal_markdown(told),
    ):
        for live in ("<img", "@octocat", "\x1b", "https://evil", "`$("):
            assert live not in markdown
    for text in (render_decision(found), render_proposal(told), commit_message(found, run_url="")):
        assert "\x1b" not in text
    assert "\n" not in pull_request_title(found)
    assert json.loads(proposal_json(told))["result"]["reason"] == HOSTILE


def test_a_long_story_fits_into_a_pull_request() -> None:
    rows = tuple(DataChange(path=f"{number}/{'x' * 150}", old="md5:a", new="md5:b") for number in range(1_000))
    told = Proposal(outcome=Outcome.PROPOSED, retraining=replace(retraining(), data=rows), number=1)

    body = pull_request_body(told, why="because")

    assert len(body) < 65_536
    assert "and 950 more" in body


def test_a_document_is_of_a_run_that_can_have_been() -> None:
    late = replace(retraining(), asked_at=NOW - timedelta(days=3))

    assert parse_retraining(retraining_json(late).encode(), now=NOW) == late
