"""Reading GitHub's event file."""

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.errors import InputError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.event import EVENT_LIMIT, Event, check_number, parse_event
from mlops_kit.core.types import CommitSha

EVENT: dict[str, Any] = {
    "action": "synchronize",
    "pull_request": {
        "number": 7,
        "title": 'x"; touch PWNED; "',
        "head": {"ref": "feature", "sha": "a" * 40, "repo": {"full_name": "acme/churn"}},
        "base": {"ref": "main", "sha": "b" * 40, "repo": {"full_name": "acme/churn"}},
    },
}


def changed(pointer: str, value: object) -> bytes:
    """The event with one field replaced."""
    event = deepcopy(EVENT)
    *parents, last = pointer.strip("/").split("/")
    place = event
    for parent in parents:
        place = place[parent]
    place[last] = value
    return json.dumps(event).encode()


def read(data: bytes, *, name: str = "", commit: str = "") -> Event:
    return parse_event(data, file="event.json", name=name, commit=commit)


def read_pull(data: bytes) -> PullRequest:
    found = read(data)
    assert isinstance(found, PullRequest)
    return found


def test_an_event_names_its_pull_request() -> None:
    assert read(json.dumps(EVENT).encode()) == PullRequest(
        number=7,
        head=CommitSha("a" * 40),
        base=CommitSha("b" * 40),
        head_branch="feature",
        base_branch="main",
        is_fork=False,
        head_repository="acme/churn",
    )


@pytest.mark.parametrize("head", [None, {}, {"full_name": None}, {"full_name": "mallory/churn"}, {"full_name": 3}])
def test_another_or_a_deleted_head_repository_is_a_fork(head: object) -> None:
    assert read_pull(changed("/pull_request/head/repo", head)).is_fork


def test_a_fork_of_an_unknown_base_is_still_a_fork() -> None:
    event = json.loads(changed("/pull_request/head/repo", None))
    event["pull_request"]["base"]["repo"] = None

    assert read_pull(json.dumps(event).encode()).is_fork


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/pull_request/number", None), ("/pull_request/number", "7"), ("/pull_request/number", 0),
        ("/pull_request/number", -1), ("/pull_request/number", 10**12), ("/pull_request/number", True),
        ("/pull_request/number", 7.0), ("/pull_request/number", [7]),
        ("/pull_request/head/sha", "abc"), ("/pull_request/head/sha", None), ("/pull_request/head/sha", "A" * 40),
        ("/pull_request/base/sha", "b" * 39 + "\n"), ("/pull_request/base/sha", "--upload-pack=x"),
        ("/pull_request/head/ref", ""), ("/pull_request/base/ref", 3),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_by_its_pointer(pointer: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        read(changed(pointer, value))

    assert caught.value.problems[0].field == pointer


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_a_pull_request_that_is_no_object_is_named(value: object) -> None:
    with pytest.raises(InputError) as caught:
        read(changed("/pull_request", value))

    assert caught.value.problems[0].field == "/pull_request/number"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"pull_request": {"number": 1', b"\0"])
def test_a_file_that_is_no_json_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"event\.json: not a JSON document"):
        read(data)


@pytest.mark.parametrize("data", [b"[]", b"null", b"3", b'"text"'])
def test_a_document_that_is_no_object_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="expected an object"):
        read(data)


def test_a_file_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(InputError, match="larger than 25 MiB"):
        read(b" " * (EVENT_LIMIT + 1))


def test_an_event_of_no_pull_request_says_what_to_do() -> None:
    with pytest.raises(InputError) as caught:
        read(b'{"ref": "refs/heads/main"}')

    assert caught.value.hint == "comment needs a pull_request event, or --pull-request N"


@pytest.mark.parametrize("number", [0, -1, 10**12])
def test_a_number_that_no_pull_request_has_is_refused(number: int) -> None:
    with pytest.raises(InputError):
        check_number(number)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pull_request", "number", "head", "base", "sha", "ref", "repo", "full_name"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON | st.binary())
def test_no_event_breaks_the_reader(value: object) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    with suppress(InputError):
        assert read(data) is not None
