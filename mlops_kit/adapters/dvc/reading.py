"""Prints, as JSON on standard output, the metrics and params of a DVC project at one commit.

Run as a process of its own (`python -I -m mlops_kit.adapters.dvc.reading ROOT [COMMIT]`), so that its caller can bound
the time: in a partial clone DVC may wait for ever. Without COMMIT the work tree is read.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

WORK_TREE = "workspace"


def read_tree(root: str, commit: str) -> dict[str, Any]:
    """Metrics and params by path, each with `content` or `error`; `error` alone where DVC fails as a whole."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from scmrepo.exceptions import SCMError

    try:
        with Repo(root, uninitialized=True) as repo:
            for _ in _visit(repo, commit):
                return {"metrics": _files(repo.metrics.show()), "params": _files(repo.params.show())}
    except (DvcException, SCMError, OSError) as error:
        return {"error": _first_line(error)}
    return {"error": "the commit has no such DVC project"}


def _visit(repo: Any, commit: str) -> Iterator[str]:  # noqa: ANN401 - dvc has no types
    if commit == WORK_TREE:
        yield ""
    else:
        yield from repo.brancher(revs=[commit], workspace=False, sha_only=True)


def _files(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The one revision of what DVC shows; its failure as a whole is raised."""
    answer = shown.get("", {})
    if "error" in answer:
        raise answer["error"]
    return {path: _file(found) for path, found in sorted(answer.get("data", {}).items())}


def _file(found: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in found:
        return {"error": _first_line(found["error"])}
    return {"content": found.get("data")}


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answer = read_tree(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else WORK_TREE)
    sys.stdout.write(json.dumps(answer, default=str))
