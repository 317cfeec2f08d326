"""Deploying by a team's own commands."""

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_kit.core.config import Deploy
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.ports import Deployer
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    Health,
    ModelName,
    PromotionKind,
    PromotionRecord,
)
from mlops_kit.deployers.catalog import DeployerCatalog
from mlops_kit.testing.artifacts import MemoryFiles
from tests.contract.test_deployers import open_tools

DEV, CHURN = EnvironmentName("dev"), ModelName("churn $(touch pwned)")
ONE = Digest(algorithm="md5", value="1" * 32)
APPLY = """#!/bin/sh
mkdir -p "$MLOPS_ENVIRONMENT" && cp -RL "$MLOPS_MODEL_PATH" "$MLOPS_ENVIRONMENT/model" || exit 1
echo "$MLOPS_DIGEST" > "$MLOPS_ENVIRONMENT/digest"
echo "$MLOPS_MODEL #$MLOPS_SEQ" > "$MLOPS_ENVIRONMENT/name"
"""
STATUS = '#!/bin/sh\ncat "$MLOPS_ENVIRONMENT/digest" 2>/dev/null || true\n'
ACME = """
from mlops_kit.core.types import Digest, Health, ServingReading

class AcmeDeployer:
    def __init__(self, settings, tools):
        self.settings = settings

    def observe(self, environment, model):
        digest = Digest(algorithm="md5", value="1" * 32)
        return ServingReading(digest=digest, health=Health.HEALTHY, message="seen by acme")
"""


@dataclass(frozen=True)
class Place:
    """A folder with two scripts, and the deployer over them."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(stat.S_IRWXU)

    def deploy(self, files: dict[str, Path]) -> None:
        self.open().deploy(record(), MemoryFiles(files=files, sha256="a" * 64))

    def open(self, **changes: object) -> Deployer:
        settings = {"kind": "command", "apply": ["./apply"], "status": ["./status"], **changes}
        return DeployerCatalog(open_tools(self.folder)).open_deployer(Deploy.model_validate(settings))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.write("apply", APPLY)
    found.write("status", STATUS)
    (tmp_path / "cache-1234").write_bytes(b"weights")
    return found


def record() -> PromotionRecord:
    return PromotionRecord(
        model=CHURN,
        environment=DEV,
        seq=3,
        digest=ONE,
        sha256="a" * 64,
        recipe="",
        previous=None,
        kind=PromotionKind.PROMOTE,
        commit=CommitSha("c" * 40),
    )


def test_a_file_is_deployed_and_its_digest_read_back(place: Place) -> None:
    assert place.open().observe(DEV, CHURN).health is Health.MISSING
    place.deploy({"model.bin": place.folder / "cache-1234"})
    assert (place.folder / "dev" / "model").read_bytes() == b"weights"
    assert (place.folder / "dev" / "name").read_text() == f"{CHURN} #3\n"
    reading = place.open().observe(DEV, CHURN)
    assert (reading.digest, reading.health) == (ONE, Health.HEALTHY)
    assert not (place.folder / "pwned").exists()


def test_a_folder_is_laid_out_under_its_own_names(place: Place) -> None:
    place.deploy({"sub/w": place.folder / "cache-1234", "x": place.folder / "cache-1234"})
    assert (place.folder / "dev" / "model" / "sub" / "w").read_bytes() == b"weights"


def test_a_command_that_fails_is_an_outside_error_with_its_last_line(place: Place) -> None:
    place.write("apply", "#!/bin/sh\necho first >&2; echo no route to cluster >&2; exit 3\n")
    with pytest.raises(OutsideError, match="exit code 3: no route to cluster"):
        place.deploy({"model.bin": place.folder / "cache-1234"})


def test_success_counts_only_when_the_target_reports_the_digest(place: Place) -> None:
    place.write("apply", "#!/bin/sh\nexit 0\n")
    with pytest.raises(OutsideError, match="nothing runs, not md5:1111"):
        place.deploy({"model.bin": place.folder / "cache-1234"})


def test_a_status_that_is_no_digest_is_an_outside_error(place: Place) -> None:
    place.write("status", "#!/bin/sh\necho all fine\n")
    with pytest.raises(OutsideError, match="'all fine', which is no digest"):
        place.open().observe(DEV, CHURN)


def test_a_program_that_is_not_there_is_named(place: Place) -> None:
    with pytest.raises(InputError, match=r"\./nowhere is not installed"):
        place.open(status=["./nowhere"]).observe(DEV, CHURN)


def test_a_command_that_hangs_is_stopped(place: Place) -> None:
    place.write("status", "#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(OutsideError, match="within 1 s"):
        place.open(timeout="1s").observe(DEV, CHURN)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"apply": "./apply"}, "apply"),
        ({"apply": []}, "apply"),
        ({"replicas": 2}, "replicas"),
        ({"timeout": 5}, "timeout"),
    ],
)
def test_wrong_settings_are_named(place: Place, changes: dict[str, object], why: str) -> None:
    with pytest.raises(InputError) as caught:
        place.open(**changes)
    assert caught.value.problems[0].field.startswith(f"deploy.{why}")


def test_an_unknown_kind_is_refused_with_the_known_ones(place: Place) -> None:
    with pytest.raises(InputError, match="'seldon' is not a kind") as caught:
        place.open(kind="seldon")
    assert caught.value.hint == "kinds: command, kserve, mlflow-serving"


def test_an_installed_package_offers_its_kind_by_entry_point(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", monkeypatch, "acme = acme_deployer:AcmeDeployer\nbroken = acme_deployer:Nothing\n")
    reading = place.open(kind="acme").observe(DEV, CHURN)
    assert (reading.digest, reading.message) == (ONE, "seen by acme")
    with pytest.raises(InputError, match=r"'broken' \(acme_deployer:Nothing\) does not load"):
        place.open(kind="broken")
    with pytest.raises(InputError) as caught:
        place.open(kind="seldon")
    assert caught.value.hint == "kinds: acme, broken, command, kserve, mlflow-serving"


def install(site: Path, monkeypatch: pytest.MonkeyPatch, points: str) -> None:
    """A package as an installer would leave it."""
    about = site / "acme_deployer-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-deployer\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[mlops_kit.deployers]\n{points}")
    (site / "acme_deployer.py").write_text(ACME)
    monkeypatch.syspath_prepend(str(site))
