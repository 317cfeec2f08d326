"""A registry, a log and a serving target that outlive the process: one SQLite file, with real ones' bad habits.

Versions have no unique key, an alias is moved in three writes, and every write takes a moment, so that a kill finds it.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.ports import Deployer, ModelFiles
from mlops_kit.core.promotion.log import parse_record, record_message, record_tag
from mlops_kit.core.tracking import NO_LINEAGE, Lineage
from mlops_kit.core.types import (
    AliasReading,
    Digest,
    EnvironmentName,
    Health,
    ModelName,
    Note,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
    ServingReading,
)

_TABLES = """
create table records (tag text primary key, message text, at text);
create table versions (number integer primary key autoincrement, model text, digest text);
create table aliases (model text, environment text, number integer, primary key (model, environment));
create table notes (model text, environment text, seq integer, primary key (model, environment));
create table serving (model text, environment text, digest text, primary key (model, environment));
create table writes (at text);
"""


@dataclass(frozen=True)
class Durable:
    """The PromotionLog, Registry, Deployer and Deployers ports over one file; a write takes `pause_seconds`."""

    file: Path
    pause_seconds: float = 0.0

    def create(self) -> None:
        with self._open() as database:
            database.executescript(_TABLES)

    def count_writes(self) -> int:
        with self._open() as database:
            return int(database.execute("select count(*) from writes").fetchone()[0])

    def count_versions(self, digest: Digest) -> int:
        with self._open() as database:
            found = database.execute("select count(*) from versions where digest = ?", [str(digest)])
            return int(found.fetchone()[0])

    def read_records(self) -> tuple[PromotionRecord, ...]:
        with self._open() as database:
            rows = database.execute("select tag, message, at from records order by tag").fetchall()
        return tuple(parse_record(tag, message, datetime.fromisoformat(at)) for tag, message, at in rows)

    def append_record(self, record: PromotionRecord) -> None:
        assert record.recorded_at is not None
        row = [record_tag(record), record_message(record), record.recorded_at.isoformat()]
        try:
            self._write("insert into records values (?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise ConflictError(f"{record_tag(record)} is taken") from error

    def read_notes(self) -> tuple[Note, ...]:
        return ()

    def append_note(self, note: Note) -> None:
        raise AssertionError(f"nothing is noted here: {note}")

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        return {model: self._read_model(model, digests) for model, digests in wanted.items()}

    def _read_model(self, model: ModelName, digests: frozenset[Digest]) -> RegistryReading:
        with self._open() as database:
            rows = database.execute("select environment from notes where model = ?", [model]).fetchall()
        aliases = {EnvironmentName(row[0]): self.read_alias(model, EnvironmentName(row[0])) for row in rows}
        known = frozenset(digest for digest in digests if self.read_version(model, digest))
        return RegistryReading(registered=known, aliases=aliases)

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        with self._open() as database:
            query = "select min(number) from versions where model = ? and digest = ?"
            number = database.execute(query, [model, str(digest)]).fetchone()[0]
        return RegisteredVersion(model=model, number=str(number), digest=digest) if number else None

    def ensure_version(
        self,
        record: PromotionRecord,
        files: ModelFiles,
        lineage: Lineage = NO_LINEAGE,  # noqa: ARG002
    ) -> RegisteredVersion:
        assert files.sha256 == record.sha256
        found = self.read_version(record.model, record.digest)
        if found is None:
            values = [record.model, str(record.digest)]
            self._write("insert into versions (model, digest) values (?, ?)", values)
            found = self.read_version(record.model, record.digest)
        assert found is not None
        return found

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        place = [model, environment]
        with self._open() as database:
            noted = database.execute("select seq from notes where model = ? and environment = ?", place).fetchone()
            join = "select number, digest from aliases join versions using (model, number)"
            row = database.execute(f"{join} where model = ? and environment = ?", place).fetchone()
        seq = int(noted[0]) if noted else 0
        if row is None:
            return AliasReading(version=None, seq=seq)
        version = RegisteredVersion(model=model, number=str(row[0]), digest=Digest.parse(row[1]))
        return AliasReading(version=version, seq=seq)

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        self._write("replace into notes values (?, ?, 0)", [version.model, environment])
        self._write("replace into aliases values (?, ?, ?)", [version.model, environment, int(version.number)])
        self._write("replace into notes values (?, ?, ?)", [version.model, environment, seq])
        reading = self.read_alias(version.model, environment)
        if (reading.version, reading.seq) != (version, seq):
            raise ConflictError("the alias was moved by somebody else meanwhile")

    def open_deployer(self, deploy: Deploy) -> Deployer:
        assert deploy.kind == "memory"
        return self

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        with self._open() as database:
            query = "select digest from serving where model = ? and environment = ?"
            row = database.execute(query, [model, environment]).fetchone()
        return ServingReading(digest=Digest.parse(row[0]) if row else None, health=Health.HEALTHY)

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        assert files.sha256 == record.sha256
        values = [record.model, record.environment, str(record.digest)]
        self._write("replace into serving values (?, ?, ?)", values)

    def test(self, record: PromotionRecord) -> None:
        assert self.observe(record.environment, record.model).digest == record.digest

    def _write(self, statement: str, values: Sequence[object]) -> None:
        time.sleep(self.pause_seconds)
        with self._open() as database, database:
            database.execute("begin immediate")
            database.execute(statement, values)
            database.execute("insert into writes values (datetime())")
        time.sleep(self.pause_seconds)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=30, isolation_level=None)) as database:
            database.execute("pragma synchronous = off")
            yield database
