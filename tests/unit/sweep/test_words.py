"""The words of a sweep: what they stand for, and how wrong ones are named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.errors import InputError, InvalidInputError
from mlops_kit.core.sweep.space import Choices, Interval, Scale, count_trials, list_grid
from mlops_kit.core.sweep.trial import Param, Setting, Trial, name_trial
from mlops_kit.core.sweep.words import parse_word, parse_words
from mlops_kit.core.types import CommitSha


@pytest.mark.parametrize(
    ("word", "param", "values"),
    [
        ("lr=0.1,1e-3,5", Param(key="lr"), (0.1, 0.001, 5)),
        ("models.forest.trees=choice(50, 200)", Param(key="models.forest.trees"), (50, 200)),
        ("conf/p.json:on=true,false,null,~x", Param(file="conf/p.json", key="on"), (True, False, None, "~x")),
        ("./a//b.yaml:k='a,b','it''s',\"\\u0041\"", Param(file="a/b.yaml", key="k"), ("a,b", "it's", "A")),
        ("k='0.1',0.1,no,2024-01-01", Param(key="k"), ("0.1", 0.1, "no", "2024-01-01")),
        ("k=range(0,1,0.25)", Param(key="k"), (0.0, 0.25, 0.5, 0.75)),
        ("k=range(5,0,-2)", Param(key="k"), (5, 3, 1)),
        ("k=range(1,4)", Param(key="k"), (1, 2, 3)),
        ("k=$(rm x),a=b", Param(key="k"), ("$(rm x)", "a=b")),
    ],
)
def test_a_word_names_a_param_and_its_values(word: str, param: Param, values: tuple[Scalar, ...]) -> None:
    found = parse_word(word)
    assert (found.param, isinstance(found.values, Choices) and found.values.values) == (param, values)


@pytest.mark.parametrize(
    ("word", "interval"),
    [
        ("lr=loguniform(1e-5, 1)", Interval(scale=Scale.LOG_UNIFORM, low=1e-5, high=1)),
        ("lr=uniform(-1,1.5)", Interval(scale=Scale.UNIFORM, low=-1, high=1.5)),
        ("trees=int(1,8)", Interval(scale=Scale.INT, low=1, high=8)),
    ],
)
def test_an_interval_has_a_scale_and_two_ends(word: str, interval: Interval) -> None:
    assert parse_word(word).values == interval


@pytest.mark.parametrize(
    ("word", "place", "reason"),
    [
        ("lr", 3, "KEY=VALUES"),
        ("=1", 1, "key"),
        ("a..b=1", 1, "key"),
        (":k=1", 1, "the file before the colon"),
        ("/etc/x:k=1", 1, "below this folder"),
        ("../x.yaml:k=1", 1, "below this folder"),
        ("q=1,,2", 5, "missing"),
        ("q=", 3, "missing"),
        ("a='x", 3, "quote"),
        ("a='x'y,2", 3, "quote"),
        ("a=1,[2", 5, "no value of YAML"),
        ("a={}", 3, "not one value"),
        ("a=1,&x", 5, "something else in YAML"),
        ("a=x #y", 3, "something else in YAML"),
        ("a=.inf", 3, "not finite"),
        ("a=1,2,1", 7, "twice"),
        ("a=chioce(1)", 3, "unknown"),
        ("a=range(0,1,0)", 13, "step is 0"),
        ("a=range(1,0)", 9, "empty"),
        ("a=range(0,9,0.001)", 9, "9,000 values"),
        ("a=range(0,x)", 11, "not a number"),
        ("a=uniform(2,1)", 11, "not below"),
        ("a=uniform(1)", 11, "takes 2 numbers, not 1"),
        ("a=loguniform(0,1)", 14, "no logarithm"),
        ("a=int(0,1.5)", 7, "whole number"),
        ("a=uniform(true,1)", 11, "not a number"),
    ],
)
def test_a_wrong_word_is_named_with_the_place(word: str, place: int, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_word(word)
    assert str(caught.value).startswith(f"--sweep {word!r}, character {place}: ")
    assert reason in str(caught.value)


def test_all_wrong_words_are_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_words(["a", "b=1", "params.yaml:b=2", "c=,"])
    assert [problem.message.partition(",")[0] for problem in caught.value.problems] == [
        "--sweep 'a'",
        "--sweep 'params.yaml:b=2'",
        "--sweep 'c=",
    ]


@given(st.text())
def test_any_text_is_a_word_or_an_input_error(text: str) -> None:
    try:
        found = parse_word(text)
    except InputError:
        return
    assert found.word == text
    assert found.param.key


def scalars() -> st.SearchStrategy[Scalar]:
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]))
    numbers = st.one_of(st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(st.booleans(), st.none(), numbers, texts)


@given(st.lists(scalars(), min_size=1, max_size=5, unique_by=lambda value: (type(value), value)))
def test_values_written_as_json_come_back(values: list[Scalar]) -> None:
    found = parse_word(f"k=choice({','.join(json.dumps(value, ensure_ascii=False) for value in values)})").values
    assert isinstance(found, Choices)
    assert [(type(value), value) for value in found.values] == [(type(value), value) for value in values]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_the_grid_has_every_combination_once_in_order(sizes: list[int]) -> None:
    space = parse_words(f"k{place}={','.join(map(str, range(size)))}" for place, size in enumerate(sizes))
    grid = [tuple(setting.value for setting in trial.settings) for trial in list_grid(space)]
    assert len(grid) == count_trials(space)
    assert grid == sorted(set(grid))
    assert [trial.number for trial in list_grid(space)] == list(range(1, len(grid) + 1))


def test_a_grid_of_too_many_is_refused_before_it_is_made() -> None:
    space = parse_words(f"k{place}=range(0,1000)" for place in range(9))
    with pytest.raises(InputError, match="combinations, more than 1,000"):
        list_grid(space)


def test_a_grid_has_no_intervals() -> None:
    with pytest.raises(InputError, match=r"'k=uniform\(0,1\)'.*a grid takes them all"):
        list_grid(parse_words(["k=uniform(0,1)"]))


def test_a_trial_is_named_by_settings_commit_and_stages() -> None:
    def name(value: Scalar, commit: str = "a" * 40, scope: str = "") -> str:
        trial = Trial(number=1, settings=(Setting(param=Param(key="k"), value=value),))
        return name_trial(trial, baseline=CommitSha(commit), scope=scope)

    truth: Scalar = True
    names = [name(1), name(truth), name("1"), name(1.0), name(1, "b" * 40), name(1, scope="train")]
    assert len(set(names)) == len(names)
    assert name(1) == names[0]
