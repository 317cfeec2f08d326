"""The page of scenarios names tests that exist, and no golden file is left without one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
E2E = ROOT / "tests" / "e2e"
LEAST = 25


def names_of(folder: Path) -> set[str]:
    texts = [file.read_text() for file in folder.rglob("test_*.py")]
    return {name for text in texts for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}


def test_the_page_lists_scenarios_that_are_played() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| `(test_\w+)` \|$", (ROOT / "docs/scenarios.md").read_text(), re.MULTILINE)
    named = {name for _, name in rows}

    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= LEAST
    assert named - names_of(E2E) == set()
    assert names_of(E2E / "scenarios") - named == set()


def test_every_scenario_has_its_golden_file_and_no_file_is_left_over() -> None:
    files = {f"test_{file.stem.partition('[')[0]}" for file in (E2E / "golden").iterdir()}

    assert files == names_of(E2E / "scenarios")
