"""Names and places that do not exist, on the command line; and verbs that only read, on a good repository."""

import pytest

from tests.bad_input.project import Project


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["plan", "nosuch"], "'nosuch' is not an environment"),
        (["reconcile", "nosuch"], "'nosuch' is not an environment"),
        (["report", "--environment", "nosuch"], "'nosuch' is not an environment"),
        (["report", "--base", "nosuch"], "'nosuch' is not a revision of this repository"),
        (["report", "--base", "--upload-pack=x"], "'--upload-pack=x' is not a revision of this repository"),
        (["plan", "--revision", "-x"], "'-x' is not a revision of this repository"),
        (["history", "nosuch"], "the log has no model 'nosuch'"),
        (["comment", "report.json"], "this is no workflow run, so there is no pull request to comment on"),
        (["comment", "report.json", "--pull-request", "7"], "there is no token for GitHub"),
        (["--repo", "/", "validate"], "/ is not inside a git repository"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_the_name(project: Project, words: list[str], error: str) -> None:
    answer = project.refuse(*words)
    assert answer.errors == [error]
    assert answer.hints


@pytest.mark.parametrize(
    "words",
    [
        ["--repo", "/nonexistent", "validate"],
        ["reproduce", "--jobs", "0"],
        ["report", "--format", "xml"],
        ["validate", "x"],
    ],
)
def test_wrong_usage_points_to_the_help(project: Project, words: list[str]) -> None:
    before = project.fingerprint()
    answer = project.call(*words)
    assert answer.code == 2
    assert "--help" in answer.err
    assert project.fingerprint() == before


@pytest.mark.parametrize("path", ["../outside.yaml", "/etc/passwd"])
def test_a_configuration_outside_the_repository_is_not_read(project: Project, path: str) -> None:
    assert project.refuse("--config", path, "validate", code=6).errors == [f"{path}: the path leaves the repository"]


@pytest.mark.parametrize(
    "words", [["validate"], ["plan"], ["status"], ["history"], ["report"], ["reconcile", "--check"]]
)
def test_a_verb_that_only_reads_writes_nothing(project: Project, words: list[str]) -> None:
    before = project.fingerprint()
    answer = project.call(*words)
    assert answer.code in {0, 4}
    assert "Traceback" not in answer.err
    assert project.fingerprint() == before
