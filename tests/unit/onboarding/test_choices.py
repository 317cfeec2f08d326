"""What people may say about environments, runners and owners, and what is suggested where they say nothing."""

import json

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.onboarding.choices import DEFAULT_PYTHON, parse_followed, parse_owner, parse_runner, suggest
from mlops_kit.core.onboarding.survey import Remote, Survey, guess_python, guess_setup, parse_remotes


def survey(**changes: object) -> Survey:
    return Survey(roots=("",), root="", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("branches", "followed"),
    [
        ((), ["dev=dev", "staging=staging", "production=production"]),
        (("develop", "main", "prod"), ["dev=develop", "staging=staging", "production=prod"]),
        (("dev", "develop", "stage"), ["dev=dev", "staging=stage", "production=production"]),
    ],
)
def test_branches_that_are_there_are_suggested(branches: tuple[str, ...], followed: list[str]) -> None:
    found = suggest(survey(branches=branches)).followed
    assert [f"{one.environment}={one.branch}" for one in found] == followed


def test_what_was_found_is_suggested() -> None:
    remotes = (Remote(name="a", scheme="gs"), Remote(name="b", scheme="s3", is_default=True))
    found = suggest(survey(setup="pip install .", python="3.11", remotes=remotes))
    assert (found.setup, found.python, found.extra) == ("pip install .", "3.11", "s3")
    assert (suggest(survey()).python, suggest(survey()).extra) == (DEFAULT_PYTHON, "")


def test_environments_are_in_the_order_they_are_named() -> None:
    found = parse_followed(" dev , live=release/1.x ")
    assert [(one.environment, one.branch) for one in found] == [("dev", "dev"), ("live", "release/1.x")]


@pytest.mark.parametrize(
    "text", ["", ",", "Dev", "latest", "v1", "dev,dev", "a=x,b=x", "dev=a b", "dev=-x", "dev=a..b", "dev=x.lock", "=x"]
)
def test_environments_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_followed(text)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("gpu", "gpu"),
        ("self-hosted, gpu", ["self-hosted", "gpu"]),
        ('["self-hosted", "gpu"]', ["self-hosted", "gpu"]),
        ('"ubuntu-latest"', "ubuntu-latest"),
        ('{"group": "gpus", "labels": ["a100"]}', {"group": "gpus", "labels": ["a100"]}),
    ],
)
def test_labels_may_be_words_or_json(text: str, labels: object) -> None:
    assert json.loads(parse_runner(text)) == labels


@pytest.mark.parametrize(
    "text", ["", "[", "[1]", "[]", '[""]', "a,,b", '["a\\nb"]', '{"group": "x"', '{"other": "x"}', "{}"]
)
def test_labels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_runner(text)


@pytest.mark.parametrize("text", ["", "@acme", "@acme/ml-team", "ada@example.com"])
def test_owners_are_people_teams_and_addresses(text: str) -> None:
    assert parse_owner(f" {text} ") == text


@pytest.mark.parametrize("text", ["acme", "@a b", "@acme/ml\n* @mallory", "@", "a@b"])
def test_other_owners_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_owner(text)


def test_remotes_are_read_as_dvc_writes_them() -> None:
    text = b"""[core]
    remote = storage
['remote "storage"']
    url = s3://bucket/a%20b
['remote "backup"']
    url = ../store
    verify = true
"""
    assert parse_remotes(text) == (
        Remote(name="backup", scheme=""),
        Remote(name="storage", scheme="s3", is_default=True),
    )


@pytest.mark.parametrize("text", [None, b"", b"\xff", b"[core", b"remote = x", b"['remote \"a\"']\n"])
def test_a_config_without_remotes_or_that_cannot_be_read_has_none_to_reach(text: bytes | None) -> None:
    assert [one for one in parse_remotes(text) if one.scheme] == []


@pytest.mark.parametrize(
    ("names", "begins"),
    [
        ({"requirements.txt", "pyproject.toml"}, "pip install -r"),
        ({"uv.lock", "pyproject.toml"}, "pip install uv"),
        ({"setup.py"}, "pip install ."),
        ({"conda.yaml"}, ""),
    ],
)
def test_the_set_up_is_guessed_by_files(names: set[str], begins: str) -> None:
    assert guess_setup(names).startswith(begins)
    assert bool(guess_setup(names)) is bool(begins)


@pytest.mark.parametrize(
    ("data", "version"),
    [(b"3.12.4\n", "3.12"), (b"3.11", "3.11"), (b"pypy3.10", ""), (b"", ""), (b"3", ""), (None, "")],
)
def test_the_python_is_what_the_version_file_says(data: bytes | None, version: str) -> None:
    assert guess_python(data) == version
