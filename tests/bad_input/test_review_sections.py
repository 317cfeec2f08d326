"""Markdown of a team's own that cannot be shown is a note, and never a failed report."""

import json

import pytest

from mlops_kit.commands.sections import TOTAL_LIMIT
from mlops_kit.core.review.report import SECTION_LIMIT, SECTION_TEXT_LIMIT
from tests.bad_input.project import MLOPS_YAML, Project
from tests.unit.render.github_page import read_page


def configure(project: Project, *files: str) -> None:
    sections = [{"title": f"Section {number}", "file": file} for number, file in enumerate(files, start=1)]
    project.write("mlops.yaml", f"{MLOPS_YAML}review: {{sections: {json.dumps(sections)}}}\n")
    project.git("add", ".")
    project.git("commit", "-qm", "sections")


def report(project: Project, *words: str) -> dict[str, list[dict[str, str]]]:
    answer = project.call("report", *words, "--base", "HEAD", "--environment", "main", "--format", "json")
    assert answer.code == 0, answer
    loaded: dict[str, list[dict[str, str]]] = json.loads(answer.out)
    return loaded


def notes(project: Project) -> list[str]:
    found = report(project)
    assert found["sections"] == []
    return [note for note in map(str, found["notes"]) if note.startswith("section")]


def test_a_file_of_head_is_shown_folded(project: Project) -> None:
    configure(project, "errors.md")
    project.write("errors.md", "# Errors\n\nask @team")
    answer = project.call("report", "--base", "HEAD", "--environment", "main", "--format", "markdown")
    assert "<details><summary>Section 1</summary>\n\n<h5>Errors</h5>\n<p>ask &#64;<wbr>team</p>\n" in answer.out
    assert read_page(answer.out).references == []


def test_a_commit_is_read_as_the_commit_has_it(project: Project) -> None:
    project.write("errors.md", "committed")
    configure(project, "errors.md")
    project.write("errors.md", "not committed")
    assert [section["text"] for section in report(project, "HEAD")["sections"]] == ["committed"]


def test_a_missing_file_is_a_note(project: Project) -> None:
    configure(project, "gone.md")
    assert notes(project) == ["section Section 1: gone.md: there is no such file"]


def test_a_file_that_is_not_utf_8_is_a_note(project: Project) -> None:
    configure(project, "errors.md")
    project.write("errors.md", b"caf\xe9")
    assert notes(project) == ["section Section 1: errors.md: it is not UTF-8"]


@pytest.mark.parametrize("target", ["/etc/passwd", "metrics.json"])
def test_a_link_is_not_followed(project: Project, target: str) -> None:
    configure(project, "errors.md")
    (project.folder / "errors.md").symlink_to(target)
    (note,) = notes(project)
    assert note.startswith("section Section 1: errors.md: ")
    assert "root:" not in note


@pytest.mark.parametrize("file", ["../outside.md", "/etc/passwd"])
def test_a_path_out_of_the_repository_is_not_read(project: Project, file: str) -> None:
    configure(project, file)
    (note,) = notes(project)
    assert "root:" not in note


def test_a_folder_is_a_note(project: Project) -> None:
    configure(project, ".dvc")
    assert len(notes(project)) == 1


def test_long_files_are_cut_and_all_together_have_a_limit(project: Project) -> None:
    files = [f"s{number}.md" for number in range(SECTION_LIMIT)]
    configure(project, *files)
    for file in files:
        project.write(file, '"' * 60_000)
    found = report(project)
    assert {len(section["text"]) for section in found["sections"]} == {SECTION_TEXT_LIMIT}
    size = sum(len(json.dumps(section["text"])) for section in found["sections"])
    assert TOTAL_LIMIT / 2 <= size <= TOTAL_LIMIT
    left_out = [note for note in map(str, found["notes"]) if note.startswith("section")]
    assert len(left_out) == SECTION_LIMIT - len(found["sections"])
    assert left_out[0].endswith("all sections together have more than 200 kB")
