"""Pipelines as texts: a stage a line, from which dvc.yaml and dvc.lock are made."""

import json
from collections.abc import Mapping
from hashlib import md5

from mlops_kit.core.pipeline.project import Project, parse_project

Written = Mapping[str, bytes]


def project_files(picture: str, *, models: str = "", params: Mapping[str, object] | None = None) -> dict[str, bytes]:
    """Files of a project.

    A line is `name: in=letters … -> out=letters …`; letters stand for content (`dir` in front makes it a folder). An
    input without them has no digest, an output without them one of its own. `!` in front of an output makes it a
    metrics file that git keeps, `?` in front of a name leaves the stage out of the lock. A word `%key` reads that
    param, whose value is of `params`.
    """
    stages, locked = {}, {}
    for line in filter(str.strip, picture.splitlines()):
        name, _, rest = line.strip().partition(":")
        reads, _, writes = rest.partition("->")
        words = [word.partition("=") for word in reads.split()]
        inputs = [(path, letters) for path, _, letters in words if not path.startswith("%")]
        keys = [path[1:] for path, _, _ in words if path.startswith("%")]
        made = {path: letters for path, _, letters in (word.partition("=") for word in writes.split())}
        outs = [path for path in made if not path.startswith("!")]
        metrics = [path.lstrip("!") for path in made if path.startswith("!")]
        stages[name.strip("?")] = {
            "cmd": f"run {name}",
            "deps": [path for path, _ in inputs],
            "params": keys,
            "outs": outs,
            "metrics": [{path: {"cache": False}} for path in metrics],
        }
        if not name.startswith("?"):
            locked[name] = {
                "cmd": f"run {name}",
                "deps": [_entry(path, letters) for path, letters in inputs if letters],
                "params": {"params.yaml": {key: (params or {}).get(key) for key in keys}} if keys else {},
                "outs": [
                    _entry(path.lstrip("!"), letters or f"{name} {rest} {params if keys else ''}")
                    for path, letters in made.items()
                ],
            }
    artifacts = {name: {"path": path, "type": "model"} for name, path in (pair.split("=") for pair in models.split())}
    return {
        ".dvc/config": b"",
        "dvc.yaml": json.dumps({"stages": stages, "artifacts": artifacts}).encode(),
        "dvc.lock": json.dumps({"schema": "2.0", "stages": locked}).encode(),
        "params.yaml": json.dumps(params or {}).encode(),
    }


def project(picture: str, *, models: str = "", params: Mapping[str, object] | None = None) -> Project:
    """The project that the files declare."""
    return parse_project(project_files(picture, models=models, params=params))


def digest(letters: str) -> str:
    """The digest of a content."""
    suffix = ".dir" if letters.startswith("dir") else ""
    return md5(letters.encode(), usedforsecurity=False).hexdigest() + suffix


def _entry(path: str, letters: str) -> dict[str, object]:
    size: dict[str, object] = {"nfiles": 1} if letters.startswith("dir") else {}
    return {"path": path, "hash": "md5", "md5": digest(letters), "size": 1, **size}
