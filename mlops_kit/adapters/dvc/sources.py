"""The Workbench port: the data of the work tree, through DVC as a library."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from dvc.output import Output
from dvc.stage import Stage

from mlops_kit.adapters.dvc.selection import path_from_root
from mlops_kit.adapters.dvc.session import Session, pipeline_errors
from mlops_kit.core.pipeline.project import root_of
from mlops_kit.core.pipeline.stages import join_path
from mlops_kit.core.types import Digest


class DvcWorkbench:
    """The data below a repository's top, in all of its DVC `roots` (folders)."""

    def __init__(self, top: Path, roots: Iterable[str]) -> None:
        self._top = top
        self._roots = tuple(roots)

    def update_imports(self, files: Iterable[str]) -> None:
        """Bring what these `.dvc` files import up to date; those that import nothing are left alone."""
        for root, wanted in self._by_root(files):
            with closing(Session(self._top / root)) as session, pipeline_errors():
                found = [stage.path for stage in self._find(session, wanted) if stage.is_import]
                if found:
                    session.repo.update(found)

    def keep_data(self, files: Iterable[str]) -> None:
        """Have DVC keep what lies in the places of these `.dvc` files now, as `dvc commit` does."""
        for root, wanted in self._by_root(files):
            with closing(Session(self._top / root)) as session, pipeline_errors():
                for stage in self._find(session, wanted):
                    if not stage.is_import:
                        session.repo.commit(stage.path, force=True)

    def _find(self, session: Session, wanted: frozenset[str]) -> list[Stage]:
        return [stage for stage in session.repo.index.stages if self._from_top(stage.path) in wanted]

    def read_digests(self, paths: Iterable[str]) -> Mapping[str, Digest]:
        """What lies at those paths that are here or at an address."""
        wanted = frozenset(paths)
        return {path: digest for root in self._roots for path, digest in self._read(root, wanted)}

    def _read(self, root: str, wanted: frozenset[str]) -> Iterator[tuple[str, Digest]]:
        with closing(Session(self._top / root)) as session, pipeline_errors():
            items = {self._path(item, session, root): item for item in _items(session.repo.index.stages)}
            for path in wanted & items.keys():
                item = items[path]
                found = item.get_hash() if item.protocol != "local" or item.exists else None
                if found and isinstance(found.value, str):
                    yield path, Digest(algorithm=str(found.name), value=found.value)

    def _by_root(self, files: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        named = frozenset(files)
        for root in self._roots:
            if wanted := frozenset(file for file in named if root_of(file, self._roots) == root):
                yield root, wanted

    def _path(self, item: Output, session: Session, root: str) -> str:
        return join_path(root, path_from_root(item, session.root))

    def _from_top(self, path: str) -> str:
        return Path(path).relative_to(self._top).as_posix()


def has_remote(folder: Path) -> bool:
    """Whether DVC has a default remote in a folder."""
    with closing(Session(folder)) as session:
        return bool(session.repo.config["core"].get("remote"))


def _items(stages: Iterable[Stage]) -> Iterator[Output]:
    """What is added or imported, and what stages read; the source of an import is not here."""
    for stage in stages:
        yield from stage.deps if stage.cmd else stage.outs
