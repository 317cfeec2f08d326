"""How many stages a dvc.yaml stands for is known before DVC makes them."""

import pytest

from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.pipeline.expansion import check_count, count_stages, variable_files

FILES = {
    "sub/params.yaml": b"models: [a, b, c]\nnested: {lists: [[1, 2], [3]], map: {x: 1, y: 2}}\n",
    "sub/more.yaml": b"models: [a, b]\n",
    "sub/more.toml": b"sizes = [1, 2, 3, 4]\n",
    "sub/broken.yaml": b"[",
}


def count(text: str) -> dict[str, int]:
    return dict(count_stages(parse_yaml(text.encode(), file="sub/dvc.yaml"), FILES))


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("{cmd: x}", 1),
        ("{foreach: [1, 2], do: {cmd: x}}", 2),
        ("{foreach: {a: 1, b: 2, c: 3}, do: {cmd: x}}", 3),
        ("{foreach: '${models}', do: {cmd: x}}", 3),
        ("{foreach: '${ nested.map }', do: {cmd: x}}", 2),
        ("{foreach: '${nested.lists[0]}', do: {cmd: x}}", 2),
        ("{matrix: {m: '${models}', n: [1, 2]}, cmd: x}", 6),
        ("{matrix: {m: '${models}'}, cmd: x}", 3),
        ("{matrix: {m: '${unknown}', n: [1, 2]}, cmd: x}", 2),
    ],
)
def test_a_group_counts_its_combinations(stage: str, expected: int) -> None:
    assert count(f"stages: {{s: {stage}}}") == {"s": expected}


def test_vars_are_taken_from_their_files_and_the_later_ones_win() -> None:
    text = "vars: [more.yaml, 'more.toml:sizes', broken.yaml, gone.yaml, {own: [1, 2, 3, 4, 5]}]\nstages:\n"
    stages = "".join(
        f"  {name}: {{foreach: '${{{name}}}', do: {{cmd: x}}}}\n" for name in ("models", "sizes", "own", "nested.map")
    )
    assert count(text + stages) == {"models": 2, "sizes": 4, "own": 5, "nested.map": 2}


def test_the_files_of_variables_lie_beside_the_pipeline() -> None:
    document = parse_yaml(b"vars: [more.yaml, ../up.yaml:a, {x: 1}]", file="sub/dvc.yaml")
    assert variable_files(document) == ("sub/params.yaml", "sub/more.yaml", "up.yaml")


@pytest.mark.parametrize(
    "text", ["", "[]", "stages: []", "stages: {a: 1, b: null}", "vars: 3\nstages: {a: {foreach: 3}}"]
)
def test_what_is_no_pipeline_is_left_to_others(text: str) -> None:
    assert all(number == 1 for number in count(text).values())


def test_the_largest_group_is_named_with_its_line() -> None:
    document = parse_yaml(b"stages:\n  a: {cmd: x}\n  b: {foreach: [1, 2, 3], do: {cmd: x}}\n", file="dvc.yaml")
    counts = count_stages(document, {})
    assert check_count(document, counts, most=4) is None
    error = check_count(document, counts, most=3)
    assert error is not None
    assert str(error) == "dvc.yaml:3:3 stages.b: stands for 3 stages, of 4 in the file; at most 3 are allowed"
