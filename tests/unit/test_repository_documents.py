"""The repository's own documents: links lead somewhere, commands exist, copies equal what they copy."""

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_kit.cli import CHANGING, READING, run
from mlops_kit.cli.environment import read_inputs
from mlops_kit.core.config import parse_config
from mlops_kit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", ".github/**/*.md") for path in ROOT.glob(pattern)
)
INPUTS = dataclasses.replace(read_inputs(), on_actions=False, folder=Path("/nonexistent"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
YAML = re.compile(r"^```yaml\n(.*?)```", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"```.*?```", re.DOTALL)
COMMAND = re.compile(r"`(?P<inline>mlops-kit [^`\n]+)`|^\$ (?P<typed>mlops-kit .+)$", re.MULTILINE)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def relative_links(path: Path) -> Iterator[str]:
    for found in LINK.finditer(FENCE.sub("", text_of(path))):
        if not re.match(r"[a-z]+:", found["target"]):
            yield found["target"]


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    titles = re.findall(r"^#+ +(.+)$", FENCE.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(path: Path) -> list[str]:
    return [found["inline"] or found["typed"] for found in COMMAND.finditer(text_of(path))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_resolves(path: Path) -> None:
    for link in relative_links(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{path.relative_to(ROOT)} links to {link}"
        assert not anchor or anchor in anchors(target), f"{path.relative_to(ROOT)} links to {link}"


def test_every_page_is_listed_in_the_index() -> None:
    index = ROOT / "docs/index.md"
    listed = {(index.parent / link).resolve() for link in relative_links(index)}
    assert {path for path in (ROOT / "docs").rglob("*.md") if path != index} <= listed


def test_every_workflow_to_paste_is_explained_on_the_page_for_github() -> None:
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "examples/workflows").glob("*.yml")}
    assert [file for file in files if f"](../{file})" not in text_of(ROOT / "docs/github.md")] == []


@pytest.mark.parametrize("text", [found for found in YAML.findall(text_of(README)) if found.startswith("version:")])
def test_a_configuration_in_the_readme_is_valid(text: str) -> None:
    assert list(parse_config(text.encode(), file="README.md").environments) == ["dev", "staging", "production"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_document_is_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in commands(path):
        words = shlex.split(re.split(r" [>|#] ", command)[0])[1:]
        if words[0] in {*READING, *CHANGING}:
            assert run([*words, "--help"], INPUTS) == ExitCode.DONE, f"{path.relative_to(ROOT)}: {command}"
        capsys.readouterr()


def test_the_readme_names_every_verb_and_no_other() -> None:
    words = {command.split()[1] for command in commands(README)}
    assert {word for word in words if not word.startswith("[")} == {*READING, *CHANGING}


def test_the_readme_names_every_exit_code() -> None:
    table = re.findall(r"^\| (\d+) \|", text_of(README), re.MULTILINE)
    assert [int(code) for code in table] == sorted(ExitCode)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_in_a_document_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", text_of(path), re.MULTILINE))
    assert named <= targets, f"{path.relative_to(ROOT)}: {sorted(named - targets)}"
