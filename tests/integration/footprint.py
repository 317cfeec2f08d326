"""Everything that a run left behind, to compare two runs by: workspace and cache, bytes and modes."""

import stat
from pathlib import Path

from tests.integration.dvc_project import Project

_CACHE = Path(".dvc/cache")


def workspace(project: Project) -> dict[str, str]:
    """Every path outside of git and DVC: its kind, mode and content; of `.gitignore` only which lines it has."""
    found = {}
    for path in sorted(project.root.rglob("*")):
        place = path.relative_to(project.root)
        if not {".git", ".dvc", ".mlops"} & set(place.parts):
            found[place.as_posix()] = _describe(path, project.root)
    return found


def cache(project: Project) -> dict[str, str]:
    """Every object of the cache, of the one of DVC 2 too, and every entry of the run-cache."""
    found = {}
    for root in sorted(one.parent for one in project.root.rglob(".dvc/config")):
        for path in sorted((root / "cache").rglob("*")):
            found[path.relative_to(project.root).as_posix()] = _describe(path, project.root)
    return found


def _describe(path: Path, root: Path) -> str:
    if path.is_symlink():
        target = str(path.readlink()).replace(str(root), "ROOT")
        return f"link to {target}"
    if path.is_dir():
        return "folder"
    mode = stat.filemode(path.stat().st_mode)
    data = path.read_bytes()
    if path.name == ".gitignore":
        data = b"\n".join(sorted(data.splitlines()))
    return f"{mode} {data!r}"
