"""Single values of a YAML file are changed, and all else stays as people wrote it."""

import pytest

from mlops_kit.core.documents.yaml_edit import Gone, edit_yaml
from mlops_kit.core.errors import InputError

TEXT = b"""\
# rates, see the wiki
churn:
  rate: 0.1  # tuned
  "name": 'x'
price: {rate: 2}
list: [1, 2]
"""


def test_comments_quotes_and_order_stay() -> None:
    changed = edit_yaml(TEXT, {("churn", "rate"): 0.5, ("price", "rate"): 3}, file="params.yaml")

    assert changed == TEXT.replace(b"0.1", b"0.5").replace(b"{rate: 2}", b"{rate: 3}")


def test_a_value_can_be_added_below_what_is_not_there_yet_and_removed() -> None:
    changed = edit_yaml(b"a: 1\nb: 2\n", {("c", "d"): {"e": [1]}, ("a",): Gone.GONE, ("z",): Gone.GONE}, file="x.yaml")

    assert changed == b"b: 2\nc:\n  d:\n    e:\n    - 1\n"


@pytest.mark.parametrize("path", [("list", "rate"), ("churn", "rate", "deeper")])
def test_a_path_through_something_else_is_an_input_error(path: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="it is not in a mapping"):
        edit_yaml(TEXT, {path: 1}, file="params.yaml")


def test_a_file_that_is_no_yaml_is_an_input_error() -> None:
    with pytest.raises(InputError, match="it is not YAML"):
        edit_yaml(b"a: [", {("a",): 1}, file="params.yaml")
