"""The page of hard situations names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNT = 40


def test_every_hard_situation_has_a_test() -> None:
    rows = re.findall(
        r"^\| (\d+) \|.*\| `(test_\w+)` \|$", (ROOT / "docs/hard-situations.md").read_text(), re.MULTILINE
    )
    assert [int(number) for number, _ in rows] == list(range(1, COUNT + 1))
    tests = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        tests.update(re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE))
    assert {name for _, name in rows} - tests == set()
