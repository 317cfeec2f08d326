"""What a run hands over, and what takes it and commits it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.wiring.promotions import open_drafts
from mlops_kit.wiring.repository import open_work_tree
from mlops_kit.wiring.reviews import open_bench

if TYPE_CHECKING:
    from mlops_kit.commands.commit import Clerk
    from mlops_kit.commands.hand_over import Packer
    from mlops_kit.core.ports.drafts import Person
    from mlops_kit.core.ports.handing import Handed, Packing
    from mlops_kit.core.review.hand_over import Bounds

_DVC_CONFIG = ".dvc/config"


def open_packer(
    git: GitRepository, folder: Path, bounds: Bounds, *, sent: bool, data_files: frozenset[str] = frozenset()
) -> Packer:
    """What fills a folder; without objects where the run has sent them itself. `data_files` are `.dvc` files to add."""
    from mlops_kit.adapters.dvc.depot import DvcDepot
    from mlops_kit.adapters.packing import NewFolder
    from mlops_kit.commands.hand_over import Packer

    return Packer(
        git=git,
        work_tree=open_work_tree(git),
        folder=NewFolder(folder),
        shelf=None if sent else DvcDepot(git.root),
        bounds=bounds,
        data_files=data_files,
    )


def open_handed(folder: Path, place: str) -> tuple[Handed, Packing]:
    """What was handed over in a place under the folder, to be read and added to."""
    from mlops_kit.adapters.packing import FilledFolder, HandedFolder

    return HandedFolder(folder, place), FilledFolder(folder / place)


def open_clerk(
    git: GitRepository, environment: Mapping[str, str], folder: Path, place: str, *, author: Person
) -> Clerk:
    """What commits what lies in a place under the folder; limits and the run are the caller's to say."""
    from mlops_kit.adapters.dvc.depot import DvcDepot
    from mlops_kit.adapters.packing import HandedFolder
    from mlops_kit.commands.commit import Clerk

    handed = Path(place)
    root, name = (handed.parent, handed.name) if handed.is_absolute() else (folder, place)
    return Clerk(
        bench=open_bench(git, environment, None),
        drafts=open_drafts(git, environment),
        depot=DvcDepot(git.root),
        handed=HandedFolder(root, name),
        author=author,
        work_config=read_dvc_config(git),
    )


def read_dvc_config(git: GitRepository) -> dict[str, bytes]:
    """The settings of every DVC root, as they lie in the work tree."""
    paths = [path for path in git.list_files("HEAD") if path == _DVC_CONFIG or path.endswith(f"/{_DVC_CONFIG}")]
    return {path: read_limited(git.root, path) or b"" for path in paths}
