"""The verbs of promotion and the registry: one that is lost and made anew, one behind a server, and none at all."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.mlflow_server import running_server
from tests.contract.registries import MlflowHand
from tests.e2e.scenarios.mlflow import Registry
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.integration.test_promotion_verbs import Shop, open_shop

CONFIG = """
version: 1
environments:
  dev: {branch: dev}
  production: {branch: production, after: dev}
"""
ALONE = CONFIG + "registry: {kind: none}\n"
IN_ORDER = "nothing to do: what runs is what the branches say\n"
VERBS = [["plan"], ["status", "--check"], ["history"], ["reconcile", "--check"], ["reconcile"]]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    """Two versions in dev, the first of them in production."""
    shop = open_shop(tmp_path, monkeypatch, capsys)
    shop.push("dev", "production", model="one", accuracy=0.9, config=CONFIG)
    return shop


@pytest.fixture
def empty(server: str, proxy: MlflowProxy) -> MlflowProxy:
    """An MLflow without models."""
    Registry(direct=server, address=proxy.url).clear()
    return proxy


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProxy]:
    """A second MLflow, which knows nothing."""
    with running_server(tmp_path_factory.mktemp("other")) as address, MlflowProxy(address).serve() as found:
        yield found


def promote_twice(shop: Shop) -> None:
    assert shop.run("reconcile") == 0
    shop.push("dev", model="two", accuracy=0.91, config=CONFIG)
    assert shop.run("reconcile") == 0


def contents(uri: str, shop: Shop) -> object:
    """What people see of churn: tags of its versions, notes, and which digest each alias leads to."""
    client = MlflowHand(uri, shop.clone).client
    versions = {str(one.version): dict(one.tags) for one in client.search_model_versions("name = 'churn'")}
    model = client.get_registered_model("churn")
    aliases = {name: versions[str(number)]["mlops.digest"] for name, number in model.aliases.items()}
    descriptions = sorted(str(one.description) for one in client.search_model_versions("name = 'churn'"))
    return sorted(map(json.dumps, versions.values())), dict(model.tags), aliases, descriptions


def test_a_lost_database_is_made_anew(shop: Shop) -> None:
    lost, anew = (f"sqlite:///{shop.clone.parent / name}.db" for name in ("lost", "anew"))
    shop.inputs = replace(shop.inputs, tracking_uri=lost)
    promote_twice(shop)
    before = contents(lost, shop)
    shutil.rmtree(shop.clone / "mlartifacts")
    shop.inputs = replace(shop.inputs, tracking_uri=anew)
    assert shop.run("reconcile", "--rebuild", "--format", "json") == 0
    changes = [(change["environment"], change["verb"]) for change in json.loads(shop.output)["changes"]]
    assert changes == [("dev", "register")] * 2 + [("dev", "set-alias"), ("production", "set-alias")]
    assert contents(anew, shop) == before
    assert shop.run("reconcile", "--rebuild") == 0
    assert shop.output == IN_ORDER
    assert shop.run("status", "--check") == 0


def test_a_lost_server_is_made_anew_on_another_one(shop: Shop, empty: MlflowProxy, other: MlflowProxy) -> None:
    shop.inputs = replace(shop.inputs, tracking_uri=empty.url)
    promote_twice(shop)
    shop.inputs = replace(shop.inputs, tracking_uri=other.url)
    assert shop.run("reconcile", "--rebuild") == 0
    assert contents(other.url, shop) == contents(empty.url, shop)
    other.log.clear()
    for _ in range(2):
        assert shop.run("reconcile", "--rebuild") == 0
        assert shop.output == IN_ORDER
    assert shop.run("reconcile") == 0
    assert other.writes() == []


def test_with_nothing_to_do_a_server_is_asked_once_and_mlflow_is_not_imported(shop: Shop, empty: MlflowProxy) -> None:
    shop.inputs = replace(shop.inputs, tracking_uri=empty.url)
    promote_twice(shop)
    empty.log.clear()
    code = "import sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs\n"
    code += "done = run(['reconcile'], read_inputs()); print(done, 'mlflow' in sys.modules)"
    variables = {**shop.inputs.variables, "MLFLOW_TRACKING_URI": empty.url, "GITHUB_REPOSITORY": "octo/churn"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shop.clone, env=variables, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout == f"{IN_ORDER}0 False\n", done.stderr
    assert empty.log == ["registered-models/get"]


def test_without_a_registry_every_verb_works_but_rebuild_says_that_there_is_none(shop: Shop) -> None:
    shop.push("dev", "production", model="one", accuracy=0.9, config=ALONE)
    assert shop.run("reconcile", "--format", "json") == 0
    assert [change["verb"] for change in json.loads(shop.output)["changes"]] == ["record", "record"]
    for words in VERBS:
        assert shop.run(*words) == 0, words
    assert not (shop.clone / "mlflow.db").exists()
    assert shop.run("reconcile", "--rebuild") == 2
    assert "there is no registry to rebuild: mlops.yaml says kind: none" in shop.errors


@pytest.mark.parametrize("option", ["--check", "--accept-rewrite"])
def test_rebuild_goes_with_no_other_way_to_reconcile(shop: Shop, option: str) -> None:
    assert shop.run("reconcile", "--rebuild", option) == 2
    assert "--rebuild goes with" in shop.errors
