"""Hashes outputs and their cache objects against the lock, and mends what was damaged.

DVC takes a read-only file in its cache for good, whatever is in it. A damaged object is moved aside and made again from
the workspace, or fetched once more. A damaged file of the workspace comes back from the cache; one that DVC itself
sees is somebody's change, and is left to DVC until the run is over.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import move

from dvc.exceptions import CheckoutError
from dvc.output import Output
from dvc.repo import Repo

from mlops_kit.adapters.dvc.fetching import Batch, fetch_batch, read_parts
from mlops_kit.adapters.dvc.hashes import Hashes
from mlops_kit.adapters.dvc.outputs import remove
from mlops_kit.adapters.dvc.store import ObjectStore
from mlops_kit.core.errors import FoundProblemsError, IntegrityError, Location
from mlops_kit.core.pipeline.hashing import COMPUTED, hash_folder
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.types import Digest

QUARANTINE = "quarantine"
_HINT = "where no remote has it: remove it here, and its stage makes it anew in the next run"


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A file whose bytes are not what they should be; `found` is empty where it is missing or should not be there."""

    path: Path
    digest: Digest
    found: str


class Verifier:
    """Checks outputs; `folder` takes what is moved aside, `tell` what people should know."""

    def __init__(self, repo: Repo, folder: Path, tell: Callable[[str], None]) -> None:
        self._repo = repo
        self._root = Path(repo.root_dir)
        self._store = ObjectStore(repo)
        self._folder = folder / QUARANTINE
        self._tell = tell
        self._hashes = Hashes()
        self._unmended: dict[Digest, IntegrityError] = {}
        self._remembered: list[IntegrityError] = []

    def check_before(self, outs: Iterable[Output]) -> None:
        """Mend damage that DVC does not see, before it looks; IntegrityError where nobody has the right bytes."""
        self._check(outs, self._is_unseen)

    def check_after(self, outs: Iterable[Output]) -> None:
        """Every output must be what the lock says, and all data of the run must have been; else IntegrityError."""
        self._check(outs, lambda _out, _damage: True, earlier=(*self._remembered, *self._unmended.values()))

    def remember(self, error: IntegrityError) -> None:
        """Note damage that failed a stage, for the judgement after the run."""
        self._remembered.append(error)

    def check_objects(self, batch: Batch) -> None:
        """Hash objects that were just fetched; a damaged one is fetched once more, then IntegrityError."""
        damaged = self._damaged_objects(batch.digests)
        if damaged and (left := self._fetch_again(batch, damaged)):
            self._unmended.update((one.digest, self._complain(one)) for one in left)
            _raise_all([self._unmended[one.digest] for one in left])

    def _check(
        self,
        outs: Iterable[Output],
        is_damage: Callable[[Output, Damage], bool],
        earlier: Iterable[IntegrityError] = (),
    ) -> None:
        checked = [out for out in outs if _is_verifiable(out)]
        self._hashes.read_all(pair for out in checked for pair in self._pairs(out))
        errors = [*earlier, *(error for out in checked for error in self._mend(out, is_damage))]
        _raise_all(list(dict.fromkeys(errors)))

    def _mend(self, out: Output, is_damage: Callable[[Output, Damage], bool]) -> Iterator[IntegrityError]:
        """Put right what is wrong with one output; what stays wrong."""
        digest = digest_of(out)
        if digest in self._unmended:
            yield self._unmended[digest]
            return
        objects = self._damaged_objects([digest]) if out.use_cache else []
        files = self._damaged_files(out) if out.exists else []
        if objects and (errors := list(self._mend_objects(out, objects, whole=out.exists and not files))):
            yield from errors
            return
        same = {one.found for one in objects}
        bad = [one for one in files if one.found in same or is_damage(out, one)]
        if bad and out.use_cache and not self._store.missing([digest]):
            self._check_out_again(out, bad)
            bad = self._damaged_files(out)
        yield from (self._complain(one) for one in bad)

    def _mend_objects(self, out: Output, objects: list[Damage], *, whole: bool) -> Iterator[IntegrityError]:
        batch = Batch(digests=(digest_of(out),), remote=out.remote)
        if whole:
            self._quarantine(objects)
            out.commit(relink=False)
            left = [one for one in objects if self._hashes.find(one.path, one.digest) != one.digest.value]
        else:
            left = self._fetch_again(batch, objects)
        for one in left:
            error = self._complain(one, f"the cache's object of {self._name(Path(out.fs_path))}: ")
            self._unmended[batch.digests[0]] = error
            yield error

    def _fetch_again(self, batch: Batch, objects: list[Damage]) -> list[Damage]:
        """Move objects aside and fetch them; those that did not come back as they should."""
        self._quarantine(objects)
        fetch_batch(self._store, batch)
        again = [*objects, *self._damaged_objects(batch.digests)]
        left = [one for one in again if self._hashes.find(one.path, one.digest) != one.digest.value]
        self._quarantine(one for one in left if one.path.exists())
        return list({one.path: one for one in left}.values())

    def _check_out_again(self, out: Output, files: list[Damage]) -> None:
        for one in files:
            if one.path.exists() or one.path.is_symlink():
                self._put_aside(one)
        self._tell(f"{self._name(Path(out.fs_path))}: was not what the lock says; brought back from the cache")
        try:
            out.checkout(force=True)
        except CheckoutError as error:
            raise IntegrityError(f"{out} could not be checked out again: {error}", hint=_HINT) from error

    def _quarantine(self, objects: Iterable[Damage]) -> None:
        for one in objects:
            place = self._put_aside(one)
            self._tell(f"{one.digest}: the cache had other bytes ({one.found}); moved to {self._name(place)}")

    def _put_aside(self, one: Damage) -> Path:
        place = self._folder / f"{one.digest.value}-{one.found}"
        self._folder.mkdir(parents=True, exist_ok=True)
        remove(place)  # else a rename between two names of one file does nothing
        move(one.path, place)
        return place

    def _pairs(self, out: Output) -> Iterator[tuple[Path, Digest]]:
        """Every file to hash for an output, as far as its listing is readable."""
        digest, home = digest_of(out), Path(out.fs_path)
        yield from ((self._locate(one), one) for one in (digest, *self._parts(digest)))
        yield from ((path, one) for path, one in self._members(digest, home).items())

    def _damaged_objects(self, digests: Iterable[Digest]) -> list[Damage]:
        parts = {part: None for digest in digests for part in (digest, *self._parts(digest))}
        found = [(one, self._locate(one), self._hashes.find(self._locate(one), one)) for one in parts]
        return [
            Damage(path=path, digest=one, found=value) for one, path, value in found if value not in ("", one.value)
        ]

    def _damaged_files(self, out: Output) -> list[Damage]:
        """Files of the workspace that are not as they should be, those that should not be there included."""
        digest, home = digest_of(out), Path(out.fs_path)
        if not digest.is_directory:
            value = self._hashes.find(home, digest)
            return [] if value == digest.value else [Damage(path=home, digest=digest, found=value)]
        there = list(map(Path, self._repo.dvcignore.find(self._repo.fs, out.fs_path)))
        members = self._members(digest, home)
        if not members:
            return self._compare_folder(digest, home, there)
        found = [(path, one, self._hashes.find(path, one)) for path, one in members.items()]
        wrong = [Damage(path=path, digest=one, found=value) for path, one, value in found if value != one.value]
        more = [path for path in there if path not in members]
        return [*wrong, *(Damage(path=path, digest=digest, found="") for path in more)]

    def _compare_folder(self, digest: Digest, home: Path, there: list[Path]) -> list[Damage]:
        """A directory whose listing is not in the cache, by the hash of the listing that it would have."""
        plain = Digest(algorithm=digest.algorithm, value="")
        found = hash_folder({path.relative_to(home).as_posix(): self._hashes.find(path, plain) for path in there})
        return [] if found.value == digest.value else [Damage(path=home, digest=digest, found=found.value)]

    def _members(self, digest: Digest, home: Path) -> dict[Path, Digest]:
        """The files that the listing of a directory names, in the workspace."""
        if not self._is_listed(digest):
            return {home: digest} if not digest.is_directory else {}
        listing = parse_listing(self._locate(digest).read_bytes(), digest)
        return {home / name: Digest(algorithm=digest.algorithm, value=value) for name, value in listing.items()}

    def _parts(self, digest: Digest) -> Iterable[Digest]:
        return tuple(read_parts(self._store, digest)) if self._is_listed(digest) else ()

    def _is_listed(self, digest: Digest) -> bool:
        return digest.is_directory and self._hashes.find(self._locate(digest), digest) == digest.value

    def _is_unseen(self, out: Output, _damage: Damage) -> bool:
        return not out.changed_checksum()

    def _locate(self, digest: Digest) -> Path:
        return self._store.locate(digest.algorithm, digest.value)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def _complain(self, one: Damage, what: str = "") -> IntegrityError:
        found = f"{one.digest.algorithm}:{one.found}" if one.found else "no such file"
        place = Location(file=self._name(one.path))
        return IntegrityError(f"{what}expected {one.digest}, found {found}", hint=_HINT, location=place)


def digest_of(out: Output) -> Digest:
    """The digest that the lock gives an output."""
    return Digest(algorithm=str(out.hash_info.name), value=str(out.hash_info.value))


def _is_verifiable(out: Output) -> bool:
    return bool(out.protocol == "local" and out.is_in_repo and out.hash_info and out.hash_info.name in COMPUTED)


def _raise_all(errors: list[IntegrityError]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise FoundProblemsError(errors)
