"""The bytes of models, by digest: from DVC's cache, else its remote, else git; hashed by the kit, never checked out.

DVC trusts what lies in its cache. Here every byte that is promoted is read and hashed again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_kit.adapters.dvc.remote_stock import TIMEOUT_SECONDS, RemoteStock
from mlops_kit.adapters.dvc.store import ObjectStore, hash_legacy, open_store
from mlops_kit.adapters.files import write_atomic
from mlops_kit.core.errors import IntegrityError, RefusedError
from mlops_kit.core.pipeline.hashing import COMPUTED, LEGACY_ALGORITHM
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.ports import Git
from mlops_kit.core.types import CommitSha, Digest, Model

SCRATCH = ".dvc/tmp/mlops-kit"
"""Where bytes that only git has are laid out, by digest; DVC ignores the folder, and so does git."""
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class VerifiedFiles:
    """The ModelFiles port over files whose bytes were hashed in this process."""

    files: Mapping[str, Path]
    sha256: str


class DvcArtifacts:
    """The Artifacts port over one repository."""

    def __init__(
        self, git: Git, environment: Mapping[str, str] | None = None, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._git = git
        self._stock = RemoteStock(git.root, environment or {}, timeout_seconds=timeout_seconds)

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        """The digests whose bytes the DVC remote does not have in full; see the port."""
        return self._stock.find_missing(models)

    def fetch_model(self, model: Model, commit: CommitSha) -> VerifiedFiles:
        """The model's verified bytes.

        RefusedError where they are nowhere or of a kind that cannot be verified, IntegrityError where they hash to
        something else, OutsideError where the remote fails.
        """
        digest = model.digest
        if digest is None or digest.algorithm not in COMPUTED:
            raise RefusedError(f"the bytes of {model.name} cannot be verified: its digest is {digest or 'not known'}")
        if not model.cached:
            return self._fetch_from_git(model, digest, commit)
        with open_store(self._git.root, model.file) as store:
            store.fetch(digest, remote=model.remote)
            return _read_folder(store, digest, model) if digest.is_directory else _read_file(store, digest, model)

    def _fetch_from_git(self, model: Model, digest: Digest, commit: CommitSha) -> VerifiedFiles:
        """Bytes of a `cache: false` output or of a plain file: git has them at the commit."""
        below = f"{model.path}/"
        paths = [path for path in self._git.list_files(commit) if path == model.path or path.startswith(below)]
        contents = self._git.read_files(commit, paths)
        if not contents:
            raise RefusedError(
                f"the bytes of {model.name} are nowhere: commit {commit[:8]} has no {model.path}",
                hint=f"git add {model.path}",
            )
        folder = self._git.root / SCRATCH / digest.value
        files = {}
        for path, data in contents.items():
            name = path.removeprefix(below) if path != model.path else PurePosixPath(path).name
            write_atomic(folder / name, data)
            files[name] = folder / name
        return _verify_git_files(files, digest, model)


def _read_file(store: ObjectStore, digest: Digest, model: Model) -> VerifiedFiles:
    path = store.locate(digest.algorithm, digest.value)
    sha256 = _verify(path, digest.algorithm, digest.value)
    return VerifiedFiles(files={PurePosixPath(model.path).name: path}, sha256=sha256)


def _read_folder(store: ObjectStore, digest: Digest, model: Model) -> VerifiedFiles:
    listing = store.locate(digest.algorithm, digest.value)
    _verify(listing, "md5", digest.value)
    entries = parse_listing(listing.read_bytes(), digest)
    store.fetch(digest, sorted(set(entries.values())), remote=model.remote)
    files = {name: store.locate(digest.algorithm, value) for name, value in entries.items()}
    hashes = {name: _verify(files[name], digest.algorithm, value) for name, value in entries.items()}
    return VerifiedFiles(files=files, sha256=tree_sha256(hashes))


def _verify_git_files(files: Mapping[str, Path], digest: Digest, model: Model) -> VerifiedFiles:
    if not digest.is_directory:
        ((name, path),) = files.items()
        return VerifiedFiles(files={name: path}, sha256=_verify(path, digest.algorithm, digest.value))
    hashed = {name: _hash(path) for name, path in files.items()}
    listing = [{"md5": md5, "relpath": name} for name, (md5, _) in sorted(hashed.items())]
    found = hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    if f"{found}.dir" != digest.value:
        raise _differs(f"{model.path} in git", digest.value, f"{found}.dir")
    return VerifiedFiles(files=files, sha256=tree_sha256({name: sha256 for name, (_, sha256) in hashed.items()}))


def tree_sha256(hashes: Mapping[str, str]) -> str:
    """The hash of a tree from its files' hashes (lower-case hexadecimal); defined in docs/reference/digests.md."""
    lines = b"".join(name.encode() + b"\0" + hashes[name].encode() + b"\n" for name in sorted(hashes, key=str.encode))
    return hashlib.sha256(lines).hexdigest()


def _verify(path: Path, algorithm: str, value: str) -> str:
    """The file's sha256; IntegrityError where its md5 is not the expected one."""
    md5, sha256 = _hash(path)
    found = hash_legacy(path) if algorithm == LEGACY_ALGORITHM and md5 != value else md5
    if found != value.removesuffix(".dir"):
        raise _differs(str(path), value, found)
    return sha256


def _hash(path: Path) -> tuple[str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
    return md5.hexdigest(), sha256.hexdigest()


def _differs(where: str, expected: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"the bytes at {where} hash to {found}, not to {expected}",
        hint="delete the damaged object, then fetch it again with: dvc fetch",
    )
