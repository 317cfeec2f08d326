"""How the registry over REST behaves when the server, or the way to it, does not; a real MLflow behind a proxy."""

import gzip
import json
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.adapters.mlflow.server import Patience
from mlops_kit.core.errors import ConflictError, ExitCode, OutsideError, PassingError, RefusedError
from mlops_kit.core.types import AliasReading, Digest, EnvironmentName, ModelName
from mlops_kit.testing.artifacts import MemoryFiles
from tests.contract.registries import DEV, ONE, OURS, STAGING, TWO, MlflowHand, record
from tests.fakes.github import Fault
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.fakes.serving import serving

QUICK = Patience(deadline=300, connect=10, read=30, tries=4, pause=0.01, longest_pause=0.02)
SECRET = "canary-s3cret"
NOWHERE = Path("/nonexistent")
UNIQUE = json.dumps({"error_code": "BAD_REQUEST", "message": "(sqlite3.IntegrityError) UNIQUE constraint failed: x"})


@pytest.fixture
def model() -> ModelName:
    return ModelName(f"team/churn {uuid4().hex[:8]}")


@pytest.fixture
def files(tmp_path: Path) -> MemoryFiles:
    (tmp_path / "part").write_bytes(b"weights")
    (tmp_path / "none").write_bytes(b"")
    return MemoryFiles(files={"a b/part": tmp_path / "part", "none": tmp_path / "none"}, sha256="a" * 64)


def open_registry(proxy: MlflowProxy, *, ours: Ownership = OURS, **variables: str) -> MlflowRegistry:
    return MlflowRegistry(proxy.url, NOWHERE, variables, ownership=ours, patience=QUICK)


def new_digest() -> Digest:
    return Digest(algorithm="md5", value=uuid4().hex)


def numbers(server: str, model: ModelName) -> list[int]:
    versions = MlflowHand(server, NOWHERE).client.search_model_versions(f"name = '{OURS.name(model)}'")
    return sorted(int(version.version) for version in versions)


CREATES = ("registered-models/create", "model-versions/create", "runs/create")
AMBIGUOUS = {
    "bad gateway": {"status": 502},
    "reset": {"reset": True},
    "truncated": {"status": 200, "raw": "{}", "truncate": True},
    "page of HTML": {"status": 200, "raw": "<html>"},
}


@pytest.mark.parametrize("call", CREATES)
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_create_whose_answer_is_lost_is_sent_once(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles, call: str, kind: str
) -> None:
    proxy.fail(Fault(method="POST", path=call, when="after", **AMBIGUOUS[kind]))  # type: ignore[arg-type]
    digest = new_digest()
    version = open_registry(proxy).ensure_version(record(model, digest), files)
    assert proxy.log.count(call) == 1
    assert (version.number, numbers(server, model)) == ("1", [1])


WRITES = ("registered-models/set-tag", "registered-models/alias", "runs/log-batch", "runs/update")
READS = ("registered-models/get", "model-versions/search", "experiments/get-by-name", "runs/search", "artifacts/list")


@pytest.mark.parametrize("call", [*WRITES, *READS, "mlflow-artifacts/artifacts"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_can_be_repeated_is(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles, call: str, when: str
) -> None:
    proxy.fail(Fault(method="", path=call, when=when, status=503, n=2))
    registry, digest = open_registry(proxy), new_digest()
    version = registry.ensure_version(record(model, digest), files)
    registry.set_alias(version, DEV, seq=1)
    assert proxy.faults == []
    assert registry.read_alias(model, DEV) == AliasReading(version=version, seq=1)
    assert numbers(server, model) == [1]


@pytest.mark.parametrize("call", ["registered-models/create", "model-versions/create", "registered-models/alias"])
def test_a9_a_lost_race_for_a_row_is_looked_at_and_tried_again(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles, call: str
) -> None:
    carried_out = call == "registered-models/create"
    proxy.fail(Fault(method="", path=call, when="after" if carried_out else "before", status=400, raw=UNIQUE))
    registry = open_registry(proxy)
    version = registry.ensure_version(record(model), files)
    registry.set_alias(version, DEV, seq=1)
    assert registry.read_alias(model, DEV) == AliasReading(version=version, seq=1)
    assert numbers(server, model) == [1]


def test_a9_races_that_never_end_are_a_conflict(proxy: MlflowProxy, model: ModelName, files: MemoryFiles) -> None:
    registry = open_registry(proxy)
    version = registry.ensure_version(record(model), files)
    proxy.fail(Fault(method="", path="registered-models/alias", status=400, raw=UNIQUE, n=9))
    with pytest.raises(ConflictError, match="UNIQUE constraint"):
        registry.set_alias(version, DEV, seq=1)
    assert registry.read_alias(model, DEV).seq == 0, "the note stands for nothing while the alias moves"


@pytest.fixture
def marked(mlflow_home: Path, server: str, model: ModelName, files: MemoryFiles) -> Iterator[MlflowRegistry]:
    """A registry whose versions of a model, all of one digest, were given the status of their turn by hand."""
    registry = MlflowRegistry(server, NOWHERE, ownership=OURS, patience=QUICK)
    registry.ensure_version(record(model), files)
    yield registry
    with sqlite3.connect(mlflow_home / "server.db") as database:
        database.execute("delete from model_versions where status != 'READY'")
    database.close()


def set_status(mlflow_home: Path, model: ModelName, number: int, status: str) -> None:
    with sqlite3.connect(mlflow_home / "server.db", timeout=30) as database:
        words = (status, OURS.name(model), number)
        changed = database.execute("update model_versions set status = ? where name = ? and version = ?", words)
        assert changed.rowcount == 1
    database.close()


def test_a11_a_version_that_failed_is_none_and_another_is_made(
    marked: MlflowRegistry, mlflow_home: Path, model: ModelName, files: MemoryFiles
) -> None:
    set_status(mlflow_home, model, 1, "FAILED_REGISTRATION")
    assert marked.read_version(model, ONE) is None
    assert marked.read_models({model: frozenset({ONE})})[model].registered == frozenset()
    assert marked.ensure_version(record(model), files).number == "2"
    found = marked.read_version(model, ONE)
    assert found is not None
    assert found.number == "2"


def test_a11_a_version_that_is_still_registered_is_waited_for(
    marked: MlflowRegistry, mlflow_home: Path, server: str, model: ModelName, files: MemoryFiles
) -> None:
    set_status(mlflow_home, model, 1, "PENDING_REGISTRATION")
    with pytest.raises(PassingError, match=r"version 1 of .* is PENDING_REGISTRATION in MLflow"):
        marked.ensure_version(record(model), files)
    assert numbers(server, model) == [1]


def test_duplicates_are_marked_and_never_deleted(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles
) -> None:
    client = MlflowHand(server, NOWHERE).client
    registry = open_registry(proxy)
    first = registry.ensure_version(record(model), files)
    for _ in range(2):
        client.create_model_version(OURS.name(model), source="s3://elsewhere/m", tags={"mlops.digest": str(ONE)})
    assert registry.ensure_version(record(model), files) == first
    marks = [
        client.get_model_version(OURS.name(model), str(number)).tags.get("mlops.duplicate_of") for number in (1, 2, 3)
    ]
    assert marks == [None, "1", "1"]
    proxy.log.clear()
    assert registry.ensure_version(record(model), files) == first
    assert proxy.writes() == []


def test_another_repository_s_model_is_refused_and_left_alone(
    proxy: MlflowProxy, model: ModelName, files: MemoryFiles
) -> None:
    version = open_registry(proxy).ensure_version(record(model), files)
    theirs = open_registry(proxy, ours=Ownership(repository="acme/other"))
    proxy.log.clear()
    told = r"belongs to octo/churn, and not to acme/other"
    with pytest.raises(RefusedError, match=told) as caught:
        theirs.ensure_version(record(model, TWO), files)
    assert (caught.value.code, "prefix" in caught.value.hint) == (ExitCode.REFUSED, True)
    with pytest.raises(RefusedError, match=told):
        theirs.set_alias(version, DEV, seq=1)
    assert theirs.read_alias(model, DEV) == AliasReading(version=None)
    assert theirs.read_models({model: frozenset({ONE})})[model].aliases == {}
    assert proxy.writes() == []


def test_a_prefix_gives_each_repository_its_own_names(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles
) -> None:
    open_registry(proxy).ensure_version(record(model), files)
    theirs = open_registry(proxy, ours=Ownership(repository="acme/other", prefix="other-"))
    assert theirs.ensure_version(record(model), files).number == "1"
    assert MlflowHand(server, NOWHERE).client.get_registered_model(f"other-{OURS.name(model)}").tags == {
        "mlops.repository": "acme/other"
    }


def test_a_model_without_a_repository_is_taken_over(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles
) -> None:
    client = MlflowHand(server, NOWHERE).client
    client.create_registered_model(OURS.name(model))
    open_registry(proxy).ensure_version(record(model), files)
    assert client.get_registered_model(OURS.name(model)).tags == {"mlops.repository": "octo/churn"}


def test_a_registry_that_mixes_up_capitals_is_refused(proxy: MlflowProxy, model: ModelName, files: MemoryFiles) -> None:
    other = json.dumps({"registered_model": {"name": OURS.name(model).upper()}})
    proxy.fail(Fault(method="", path="registered-models/get", status=200, raw=other))
    with pytest.raises(RefusedError, match="does not tell"):
        open_registry(proxy).ensure_version(record(model), files)
    assert [call for call in proxy.writes() if "create" in call] == []


def test_a13_an_old_server_is_named_with_its_version(proxy: MlflowProxy, model: ModelName) -> None:
    page = "<!doctype html><title>404 Not Found</title>"
    proxy.fail(Fault(method="", path="registered-models/get", status=404, raw=page))
    proxy.fail(Fault(method="", path="/version", status=200, raw="1.30.0"))
    with pytest.raises(OutsideError, match=r"\(version 1.30.0\) answered 404 to registered-models/get") as caught:
        open_registry(proxy).read_alias(model, DEV)
    assert "2.3 or newer" in caught.value.hint
    assert caught.value.code is ExitCode.OUTSIDE


def test_a13_a_gate_that_wants_a_login_is_told_with_the_variables(proxy: MlflowProxy, model: ModelName) -> None:
    page = "<html>You are not authenticated</html>"
    proxy.fail(Fault(method="", path="", status=401, raw=page, n=2))
    with pytest.raises(OutsideError, match=r"answered 401 to registered-models/get$") as caught:
        open_registry(proxy).read_alias(model, DEV)
    assert "MLFLOW_TRACKING_TOKEN" in caught.value.hint
    assert caught.value.code is ExitCode.OUTSIDE


def test_a13_a_certificate_of_its_own_is_told_with_the_variable(tmp_path: Path, model: ModelName) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"https://127.0.0.1:{server.server_port}"
    with serving(server):
        with pytest.raises(OutsideError, match="certificate that is not trusted") as caught:
            MlflowRegistry(address, NOWHERE, patience=QUICK).read_alias(model, DEV)
        assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in caught.value.hint
        trusting = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(certificate)}
        assert MlflowRegistry(address, NOWHERE, trusting, patience=QUICK).read_version(model, ONE) is None


class _Empty(BaseHTTPRequestHandler):
    """An MLflow that has nothing."""

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def test_an_answer_without_end_is_given_up(proxy: MlflowProxy, model: ModelName) -> None:
    proxy.fail(Fault(method="", path="registered-models/get", status=200, data=b" " * (64 * 1024 * 1024 + 1)))
    with pytest.raises(OutsideError, match="more than 64 MiB"):
        open_registry(proxy).read_alias(model, DEV)


def test_a_packed_answer_is_not_unpacked(proxy: MlflowProxy, model: ModelName) -> None:
    bomb = gzip.compress(b" " * (16 * 1024 * 1024))
    packed = {"content-encoding": "gzip"}
    proxy.fail(Fault(method="", path="registered-models/get", status=200, data=bomb, headers=packed))
    with pytest.raises(OutsideError, match="packed"):
        open_registry(proxy).read_alias(model, DEV)


def test_the_token_goes_to_no_other_server(proxy: MlflowProxy, model: ModelName) -> None:
    with MlflowProxy(proxy.url).serve() as elsewhere:
        target = {"location": f"{elsewhere.url}/api/2.0/mlflow/registered-models/get"}
        proxy.fail(Fault(method="", path="registered-models/get", status=307, headers=target, raw=""))
        with pytest.raises(OutsideError, match="307 to registered-models/get, which is not followed") as caught:
            open_registry(proxy, MLFLOW_TRACKING_TOKEN=SECRET).read_alias(model, DEV)
        assert (elsewhere.log, elsewhere.headers) == ([], {})
    assert proxy.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in str(caught.value)


def test_a_file_that_no_server_keeps_is_refused_by_name(proxy: MlflowProxy, model: ModelName, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    odd = MemoryFiles(files={"a#b": tmp_path / "part"}, sha256="b" * 64)
    with pytest.raises(RefusedError, match="keeps no file named 'a#b'"):
        open_registry(proxy).ensure_version(record(model, new_digest()), odd)


def test_a_file_whose_name_the_server_changes_is_found_out(
    proxy: MlflowProxy, server: str, model: ModelName, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(b"x")
    odd = MemoryFiles(files={"a%2Fb": tmp_path / "part"}, sha256="c" * 64)
    with pytest.raises(OutsideError, match="did not keep what was sent"):
        open_registry(proxy).ensure_version(record(model, new_digest()), odd)
    assert numbers(server, model) == []


def fill(registry: MlflowRegistry, names: list[ModelName], environments: tuple[EnvironmentName, ...]) -> None:
    for name in names:
        version = registry.ensure_version(record(name), MemoryFiles(files={}, sha256="d" * 64))
        for environment in environments:
            registry.set_alias(version, environment, seq=1)


def test_many_models_in_order_are_read_with_one_call(proxy: MlflowProxy) -> None:
    production = EnvironmentName("production")
    ours = Ownership(repository=f"octo/{uuid4().hex[:8]}")
    registry = open_registry(proxy, ours=ours)
    names = [ModelName(f"many-{ours.repository[5:]}-{number}") for number in range(12)]
    fill(registry, names, (DEV, STAGING, production))
    proxy.log.clear()
    found = registry.read_models(dict.fromkeys(names, frozenset({ONE})))
    assert proxy.log == ["registered-models/search"]
    assert {reading.registered for reading in found.values()} == {frozenset({ONE})}
    for reading in found.values():
        assert {alias.seq for alias in reading.aliases.values()} == {1}
        assert set(reading.aliases) == {DEV, STAGING, production}

    proxy.log.clear()
    registry.read_models(dict.fromkeys(names, frozenset({ONE, TWO})))
    assert proxy.log == ["registered-models/search", "model-versions/search"], "what is not proven is listed once"
    proxy.log.clear()
    registry.read_models({name: frozenset({ONE, TWO} if name in names[:3] else {ONE}) for name in names})
    assert proxy.log == ["registered-models/search", *["model-versions/search"] * 3]
    proxy.log.clear()
    registry.read_models(dict.fromkeys(names[:10], frozenset({ONE})))
    assert proxy.log == ["registered-models/get"] * 10, "few are asked for by name, whatever else there is"


def test_models_that_carry_no_repository_are_listed_too(proxy: MlflowProxy) -> None:
    word = uuid4().hex[:8]
    names = [ModelName(f"laptop-{word}-{number}") for number in range(11)]
    fill(open_registry(proxy, ours=Ownership()), names, (DEV,))
    proxy.log.clear()
    found = open_registry(proxy).read_models(dict.fromkeys(names, frozenset({ONE})))
    assert proxy.log == ["registered-models/search"] * 2
    assert {reading.alias(DEV).seq for reading in found.values()} == {1}


def test_notes_of_before_are_read_and_their_versions_looked_up(
    proxy: MlflowProxy, server: str, model: ModelName, files: MemoryFiles
) -> None:
    registry = open_registry(proxy)
    version = registry.ensure_version(record(model), files)
    registry.set_alias(version, DEV, seq=3)
    client = MlflowHand(server, NOWHERE).client
    client.set_registered_model_tag(OURS.name(model), "mlops.env.dev", f"3:{ONE}")
    proxy.log.clear()
    assert registry.read_alias(model, DEV) == AliasReading(version=version, seq=3)
    assert proxy.log == ["registered-models/get", "model-versions/get"]


CHILD = """
import sys
from pathlib import Path
from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.core.types import Digest, ModelName
registry = MlflowRegistry(sys.argv[1], Path("/nonexistent"), ownership=Ownership(repository="octo/churn"))
name = ModelName(sys.argv[2])
found = registry.read_models({name: frozenset({Digest.parse(sys.argv[3])})})[name]
print(len(found.registered), found.alias("dev").seq, "mlflow" in sys.modules)
"""


def test_reading_a_server_imports_no_mlflow(
    proxy: MlflowProxy, model: ModelName, files: MemoryFiles, tmp_path: Path
) -> None:
    registry = open_registry(proxy)
    registry.set_alias(registry.ensure_version(record(model), files), DEV, seq=5)
    words = [sys.executable, "-c", CHILD, proxy.url, model, str(ONE)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.stdout.split() == ["1", "5", "False"]


def test_two_threads_that_register_the_same_bytes_agree(
    proxy: MlflowProxy, model: ModelName, files: MemoryFiles
) -> None:
    digest, found = new_digest(), []
    barrier = threading.Barrier(2)

    def promote() -> None:
        registry = open_registry(proxy)
        barrier.wait(30)
        found.append(registry.ensure_version(replace(record(model), digest=digest), files))

    threads = [threading.Thread(target=promote) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    lowest = open_registry(proxy).read_version(model, digest)
    assert len(found) == 2
    assert lowest in found
