"""Leaves out what `.dvcignore` files tell DVC not to look at."""

from collections.abc import Iterator, Mapping

from mlops_kit.core.pipeline.stages import is_inside

IGNORE_FILE = ".dvcignore"


def drop_ignored(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The files that no `.dvcignore` above them excludes."""
    patterns = {path.rpartition("/")[0]: _patterns(data) for path, data in files.items() if _is_ignore_file(path)}
    hidden = {path for folder, lines in patterns.items() if lines for path in _matches(folder, lines, files)}
    return {path: data for path, data in files.items() if path not in hidden}


def _is_ignore_file(path: str) -> bool:
    return path.rpartition("/")[2] == IGNORE_FILE


def _patterns(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _matches(folder: str, lines: list[str], files: Mapping[str, bytes]) -> Iterator[str]:
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(lines)
    start = len(folder) + 1 if folder else 0
    return (path for path in files if is_inside(path, folder) and spec.match_file(path[start:]))
