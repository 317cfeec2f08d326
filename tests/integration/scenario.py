"""What a scenario is: a project, what happens to it between two runs, and how it is run."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.integration.dvc_project import Project

Change = Callable[[Project], None]


def nothing(_project: Project) -> None:
    """No change: the next run sees the files as they are."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A project, the changes before each of its runs, and how it is run; `always` names stages that never rest.

    DVC's root is the repository's top, or the folder `below` it.
    """

    files: Mapping[str, str]
    changes: tuple[Change, ...] = (nothing,)
    targets: tuple[str, ...] = ()
    folder: str = ""
    everything: bool = False
    always: tuple[str, ...] = ()
    below: str = ""


def writing(files: Mapping[str, str]) -> Change:
    """Files that are written or replaced."""
    return lambda project: project.write(files)


def adding(path: str, text: str | None) -> Change:
    """A file that is put under DVC's care; without a text, what is there already."""

    def act(project: Project) -> None:
        if text is not None:
            project.write({path: text})
        with project.opened() as repo:
            repo.add([path])

    return act


def removing(path: str) -> Change:
    """A file that is gone from the workspace."""
    return lambda project: (project.root / path).unlink()


def importing(path: str, text: str) -> Change:
    """A file beside the project that is imported into it."""

    def act(project: Project) -> None:
        (project.root.parent / "source").write_text(text)
        with project.opened() as repo:
            repo.imp_url("../source", path)

    return act


def thawing_import(path: str, text: str) -> Change:
    """The imported file changed, and the import is no longer frozen."""

    def act(project: Project) -> None:
        (project.root.parent / "source").write_text(text)
        project.write({f"{path}.dvc": project.read(f"{path}.dvc").replace("frozen: true\n", "")})

    return act


def removing_folder(path: str) -> Change:
    """A folder that is gone from the workspace."""
    return lambda project: shutil.rmtree(project.root / path)


def marking_executable(path: str) -> Change:
    """A file that may be executed."""
    return lambda project: (project.root / path).chmod(0o755)


def in_turn(*changes: Change) -> Change:
    """Several changes before one run."""

    def act(project: Project) -> None:
        for change in changes:
            change(project)

    return act
