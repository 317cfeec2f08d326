"""What a scenario left behind, as lines of text that people review, and the comparison with the committed file.

`MLOPS_KIT_GOLDEN=write pytest tests/e2e/scenarios` writes the files anew. Only what differs between two runs of the
same code is replaced: commits by their order of appearance, addresses, folders, times.
"""

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.fakes.github_shapes import Json

FOLDER = Path(__file__).resolve().parents[1] / "golden"
WRITE = "MLOPS_KIT_GOLDEN"
TEXT_LIMIT = 100
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
_SHORT = re.compile(r"\b[0-9a-f]{7,12}\b")
_CHANGING = (
    (re.compile(r"\bmlops-kit:[0-9a-f]{64}:"), "mlops-kit:<fingerprint>:"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?"), "<time>"),
)


def compare(name: str, lines: Iterable[str], folder: Path) -> None:
    """AssertionError with the difference, unless the file `name` says the same; `folder` is the scenario's own."""
    told = "\n".join(_steady("\n".join(lines), folder)) + "\n"
    file = FOLDER / f"{name}.txt"
    if os.environ.get(WRITE) == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(told)
    kept = file.read_text() if file.is_file() else ""
    difference = difflib.unified_diff(kept.splitlines(), told.splitlines(), str(file.name), "now", lineterm="")
    assert kept == told, "\n".join([*difference, f"to accept it: {WRITE}=write pytest tests/e2e/scenarios"])


def calls(log: Iterable[Json]) -> list[str]:
    """Requests, one a line, under the job that made them: jobs that run side by side stay apart."""
    by_job: dict[str, list[str]] = {}
    for entry in log:
        by_job.setdefault(str(entry["job"]), []).append(f"    {_call(entry)}")
    return [line for job, lines in sorted(by_job.items()) for line in (f"  calls of {job}", *lines)]


def shape(value: object) -> str:
    """A value with long texts cut to their beginning."""
    match value:
        case str():
            first, *rest = value.splitlines() or [""]
            cut = first[:TEXT_LIMIT]
            return json.dumps(cut + (" …" if rest or cut != first else ""), ensure_ascii=False)
        case Mapping():
            return "{" + ", ".join(f"{key}: {shape(value[key])}" for key in sorted(value)) + "}"
        case list() if len(value) > 3:
            return f"[{len(value)} of {shape(value[0])}]"
        case list():
            return "[" + ", ".join(map(shape, value)) + "]"
        case _:
            return json.dumps(value)


def _call(entry: Json) -> str:
    asked = f"?{entry['query']}" if entry["query"] else ""
    sent = f" {_sent(str(entry['body']))}" if entry["body"] and entry["method"] != "GET" else ""
    return f"{entry['method']} {entry['path']}{asked}{sent} → {entry['status']}"


def _sent(body: str) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return f"{len(body)} bytes"
    return shape({**value, "query": re.sub(r"\s+", " ", value["query"])} if "query" in value else value)


def _steady(text: str, folder: Path) -> list[str]:
    text = text.replace(str(folder), "<folder>")
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    commits = {commit: f"<commit {number}>" for number, commit in enumerate(dict.fromkeys(_COMMIT.findall(text)), 1)}
    text = _COMMIT.sub(lambda found: commits[found[0]], text)
    return _SHORT.sub(lambda found: _named(found[0], commits), text).splitlines()


def _named(word: str, commits: Mapping[str, str]) -> str:
    """The commit that a short name means."""
    return next((f"{name[:-1]}, short>" for commit, name in commits.items() if commit.startswith(word)), word)
