"""Makes the shipped workflows runnable under act, by an allow-listed transform and nothing else.

act knows neither `uses: $/` (the workflow's own repository) nor the concurrency key `queue`. Both are replaced line by
line; `check_transform` fails for any other difference from what is shipped.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlops_kit import __version__

KIT = Path(__file__).resolve().parents[2]
KIT_REF = f"mlops-kit/mlops-kit@v{__version__}"
OWN_ACTION = ".github/actions/kit"
AZURE = ".github/actions/azure"
SHIMS = Path(__file__).parent / "shims"
PARTS = ("action.yml", "bin", "locks", "mlops_kit", ".github/workflows", OWN_ACTION, AZURE)

_SELF = re.compile(r"^(?P<indent>\s+)uses: \$/(?P<action>\.github/actions/[a-z]+)$")
_QUEUE = re.compile(r"^\s+queue: max$")
_PIN = re.compile(r"uses: (?P<name>[a-z-]+/[a-z-]+)@(?P<sha>[0-9a-f]{40})\b")


def transform(text: str) -> str:
    """A workflow's text as act can read it; it keeps the number of lines."""
    return "\n".join(_transform_line(line) for line in text.split("\n"))


def check_transform(shipped: str, prepared: str) -> None:
    """AssertionError unless the two differ by the allowed replacements alone."""
    for before, after in zip(shipped.split("\n"), prepared.split("\n"), strict=True):
        assert before == after or after == _transform_line(before), f"{before!r} became {after!r}"


def copy_kit(target: Path) -> Path:
    """A copy of the action and its workflows, transformed, as the repository mlops-kit/mlops-kit would hold them."""
    for part in PARTS:
        source, copy = KIT / part, target / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    for workflow in sorted((target / ".github/workflows").glob("*.yml")):
        shipped = workflow.read_text()
        workflow.write_text(transform(shipped))
        check_transform(shipped, workflow.read_text())
    return target


def local_repositories(kit: Path, pins: Iterable[str] = ()) -> Iterator[str]:
    """act's `--local-repository` values: the kit, and a shim for each pinned action of the workflows."""
    yield f"{KIT_REF}={kit}"
    yield from (f"{KIT_REF.partition('@')[0]}@{pin}={kit}" for pin in pins)
    for name, sha in sorted(set(pinned_actions())):
        if (shim := SHIMS / name.removeprefix("actions/")).is_dir():
            yield f"{name}@{sha}={shim}"


def pinned_actions() -> Iterator[tuple[str, str]]:
    """Name and commit of every foreign action that a shipped workflow uses."""
    for workflow in (KIT / ".github/workflows").glob("*.yml"):
        for found in _PIN.finditer(workflow.read_text()):
            yield found["name"], found["sha"]


def _transform_line(line: str) -> str:
    if found := _SELF.match(line):
        return f"{found['indent']}uses: mlops-kit/mlops-kit/{found['action']}@v{__version__}"
    return "" if _QUEUE.match(line) else line
