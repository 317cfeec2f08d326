"""The threat model names tests that exist, for every threat, and leaves out none that was written for one."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/threat-model.md"
THREATS = [f"T{number}" for number in range(1, 23)]
ROW = re.compile(r"^\| (?P<threat>T\d+) \|.*\| (?P<tests>[^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<test>test_\w+)`")


def rows() -> dict[str, list[tuple[str, str]]]:
    """The tests of each threat: file and name."""
    return {found["threat"]: NAME.findall(found["tests"]) for found in ROW.finditer(PAGE.read_text())}


def written(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE))


def own_tests() -> Iterator[tuple[str, str, str]]:
    """The tests that were written for a threat: the threat, the file and the name."""
    for file in sorted((TESTS / "threats").glob("test_*.py")):
        for name in sorted(written(file)):
            if found := re.match(r"test_t(\d\d)_", name):
                yield f"T{int(found[1])}", f"threats/{file.name}", name


def test_every_threat_has_a_row_with_tests() -> None:
    found = rows()

    assert list(found) == THREATS
    assert [threat for threat, tests in found.items() if not tests] == []


def test_every_named_test_is_there() -> None:
    named = {one for tests in rows().values() for one in tests}

    assert [f"{file}::{name}" for file, name in sorted(named) if name not in written(TESTS / file)] == []


def test_every_test_that_was_written_for_a_threat_stands_in_its_row() -> None:
    found = rows()

    assert [name for threat, file, name in own_tests() if (file, name) not in found[threat]] == []
