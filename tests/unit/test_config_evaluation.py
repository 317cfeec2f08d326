"""`evaluate:` in mlops.yaml: what it may say, and what is wrong with the rest."""

import pytest

from mlops_kit.core.config import parse_config
from mlops_kit.core.config.evaluation import fill_in, plain_words
from mlops_kit.core.errors import InvalidInputError


def problems(policy: str, name: str = "churn") -> list[str]:
    with pytest.raises(InvalidInputError) as error:
        parse_config(f"version: 1\nevaluate:\n  {name}: {policy}\n".encode(), file="mlops.yaml")
    return [str(problem) for problem in error.value.problems]


def test_a_stage_or_a_command_is_enough() -> None:
    text = """\
version: 1
evaluate:
  fraud: {stage: evaluate, rows: reports/rows.csv}
  churn: {command: "python score.py {model} {metrics}"}
"""
    found = parse_config(text.encode(), file="mlops.yaml").evaluate
    assert (found["fraud"].stage, found["fraud"].rows) == ("evaluate", "reports/rows.csv")
    assert found["churn"].metrics_file == "scores.json"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{}", "expected either stage or command"),
        ('{stage: e, command: "a {model} {metrics}"}', "expected either stage or command"),
        ("{stage: e, data: d.csv}", "data, metrics and timeout are for a command"),
        ('{command: "a {metrics}"}', "expected {model} in the command"),
        ('{command: "a {model}"}', "expected {metrics} in the command"),
        ('{command: "a {modell} {metrics}"}', "{modell} stands for nothing; known: {model}, {data}, {metrics}, {rows}"),
        ("""{command: "a {model} {metrics} 'b"}""", "with every quote closed"),
        ('{command: "a {model} {metrics} {data}"}', "{data} in the command and data: belong together"),
        ('{command: "a {model} {metrics}", data: d.csv}', "{data} in the command and data: belong together"),
        ('{command: "a {model} {metrics}", rows: r.csv}', "{rows} in the command and rows: belong together"),
        ("{stage: e, rows: ../r.csv}", "expected a path inside the repository"),
        ("{stage: e, rows: /r.csv}", "expected a path inside the repository"),
        ("{stage: e, rows: .git/r.csv}", "expected a path inside the repository"),
        ("{stage: e, row: r.csv}", "unknown key"),
        ("{stage: e, timeout: 5m}", "data, metrics and timeout are for a command"),
        ('{command: "a {model} {metrics}", timeout: soon}', "expected a duration such as 90s, 30m, 24h or 7d"),
        ("{stage: ''}", "must not be empty"),
    ],
)
def test_what_is_wrong_is_named_at_its_place(policy: str, said: str) -> None:
    (found,) = problems(policy)
    assert found.startswith("mlops.yaml:3:")
    assert said in found


@pytest.mark.parametrize("name", ["..", "a/b", "'a\\b'", "'.hidden'", "'a b'", '"\\n"', "''"])
def test_a_model_s_name_is_also_a_file_s(name: str) -> None:
    (found,) = problems("{stage: e}", name)
    assert "expected the name of a model" in found


def test_words_are_told_apart_before_paths_come_in() -> None:
    places = {"model": "./a b;$(c)", "metrics": "./{model}"}
    command = "run --m={model} 'one word' {metrics}"
    assert fill_in(command, places) == ("run", "--m=./a b;$(c)", "one word", "./{model}")
    assert plain_words(command) == ("run", "one word")
