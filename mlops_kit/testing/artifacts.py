"""Models' bytes in memory."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import IntegrityError, RefusedError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.types import CommitSha, Digest, Model


@dataclass(frozen=True, kw_only=True)
class MemoryFiles:
    """The ModelFiles port as plain values."""

    files: Mapping[str, Path]
    sha256: str


class MemoryArtifacts:
    """The Artifacts port: every digest has bytes, but for those in `missing`; those in `broken` hash wrongly.

    The files it names do not exist: fakes of registry and deployer do not read them.
    """

    def __init__(self) -> None:
        self.missing: set[Digest] = set()
        self.broken: set[Digest] = set()

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        """Those in `missing`."""
        return frozenset(model.digest for model in models if model.digest in self.missing and model.digest is not None)

    def fetch_model(self, model: Model, commit: CommitSha) -> ModelFiles:
        """Bytes whose tree hash follows from the digest."""
        digest = model.digest
        if digest is None or digest in self.missing:
            raise RefusedError(f"the bytes of {model.name} {digest} are nowhere", hint="dvc push them")
        if digest in self.broken:
            raise IntegrityError(f"the bytes of {model.name} at {commit[:8]} are not {digest}")
        sha256 = hashlib.sha256(str(digest).encode()).hexdigest()
        return MemoryFiles(files={Path(model.path).name: Path(f"/nowhere/{digest.value}")}, sha256=sha256)
