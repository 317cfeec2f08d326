"""What `init` needs: where files are read and written, the branches, and the kit's own commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import IntegrityError

if TYPE_CHECKING:
    from mlops_kit.commands.init import Branches
    from mlops_kit.core.onboarding.pin import Pin


def read_branches(git: GitRepository) -> Branches:
    """The branches that the clone knows of."""
    from mlops_kit.adapters.branches import default_branch, list_branches
    from mlops_kit.commands.init import Branches

    return Branches(names=list_branches(git), default=default_branch(git))


def find_pin(environment: Mapping[str, str]) -> Pin:
    """The commit of the kit that is running."""
    from mlops_kit.adapters.own_release import find_pin as find

    return find(environment)


def file_writer(root: Path) -> Callable[[str, bytes], None]:
    """What writes a file below a folder; IntegrityError where a link on the way leads elsewhere."""

    def write(path: str, data: bytes) -> None:
        target = root / path
        if (target.parent.resolve(), target.is_symlink()) != (root.resolve() / Path(path).parent, False):
            raise IntegrityError(f"{path} is a link, or lies behind one; nothing is written there")
        write_atomic(target, data)

    return write


def read_example(name: str) -> Mapping[str, str]:
    """The files of an example project, by path."""
    from mlops_kit.adapters.examples import read_example as read

    return read(name)
