"""T12: what others publish is taken a week later, when what is wrong with it has mostly come out."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

KIT = Path(__file__).resolve().parents[2]
FILE = KIT / ".github" / "dependabot.yml"
BIN = Path(sys.executable).parent


def test_t12_updates_wait_a_week(tmp_path: Path) -> None:
    updates = yaml.safe_load(FILE.read_text())["updates"]

    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
    assert audit(FILE.read_text(), tmp_path / "ours") == 0
    hasty = re.sub(r"default-days: \d+", "default-days: 1", FILE.read_text())
    assert audit(hasty, tmp_path / "hasty") != 0


def test_the_file_fits_githubs_schema() -> None:
    words = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.dependabot", str(FILE)]

    subprocess.run(words, check=True, capture_output=True)


def audit(text: str, folder: Path) -> int:
    """How zizmor leaves that was shown a repository with this file."""
    (folder / ".github").mkdir(parents=True)
    (folder / ".github" / "dependabot.yml").write_text(text)
    words = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona", "auditor", str(folder)]
    return subprocess.run(words, check=False, capture_output=True).returncode
