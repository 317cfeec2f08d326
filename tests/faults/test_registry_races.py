"""Runners that register the same bytes and set the same alias at once, on each database that a server may have."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.types import ModelName, RegisteredVersion
from mlops_kit.testing.artifacts import MemoryFiles
from tests.contract.registries import DEV, ONE, OURS, record
from tests.faults.children import Note, count_trials

pytestmark = pytest.mark.faults
RUNNERS = 3
ATTEMPTS = 5


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def server(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The name of the database, and the address of a server of two workers over it."""
    fixture = {"SQLite": "mlflow_address", "PostgreSQL": "postgres_address"}[request.param]
    return request.param, request.getfixturevalue(fixture)


def promote(address: str, folder: Path, model: ModelName, files: MemoryFiles) -> RegisteredVersion:
    """What a runner does, and does again where another was first."""
    registry = MlflowRegistry(address, folder, ownership=OURS)
    for _ in range(ATTEMPTS - 1):
        version = registry.ensure_version(record(model), files)
        with suppress(ConflictError):
            registry.set_alias(version, DEV, seq=1)
            return version
    version = registry.ensure_version(record(model), files)
    registry.set_alias(version, DEV, seq=1)
    return version


def test_racing_runners_set_the_first_alias_on_the_lowest_version(
    server: tuple[str, str], tmp_path: Path, record_property: Note
) -> None:
    name, address = server
    (tmp_path / "part").write_bytes(b"weights")
    files = MemoryFiles(files={"weights/part": tmp_path / "part"}, sha256="a" * 64)
    trials = count_trials(20)
    for _ in range(trials):
        model = ModelName(f"churn-{uuid4().hex[:10]}")
        with ThreadPoolExecutor(RUNNERS) as pool:
            begun = [pool.submit(promote, address, tmp_path, model, files) for _ in range(RUNNERS)]
            ended = [one.result() for one in begun]
        registry = MlflowRegistry(address, tmp_path, ownership=OURS)
        canonical = registry.read_version(model, ONE)
        alias = registry.read_models({model: frozenset({ONE})})[model].alias(DEV)
        assert canonical is not None
        assert (alias.version, alias.seq) == (canonical, 1)
        assert canonical in ended
    record_property("trials", f"first aliases on {name}: {trials} races of {RUNNERS} runners")
