"""T17: a model that runs code when it is loaded is compared, published, registered and told of, and never loaded."""

import json
import pickle
from pathlib import Path

import pytest
from dvc.repo import Repo

import mlops_kit
from mlops_kit.adapters.mlflow.session import MlflowSession
from tests.faults.stage import git
from tests.integration.test_promotion_verbs import Shop, shop
from tests.threats.forbidden_calls import forbidden_calls

__all__ = ["shop"]
PACKAGE = Path(mlops_kit.__file__).parent
PIPELINE = """
stages:
  train: {cmd: "true", outs: [model.pkl, flavour], metrics: [{metrics.json: {cache: false}}]}
artifacts:
  churn: {path: model.pkl, type: model}
  wrapped: {path: flavour, type: model}
"""
CONFIG = "version: 1\nenvironments:\n  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8}]}\n"
MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.pyfunc.model, python_model: python_model.pkl, python_version: 3.11.0}
  sklearn: {pickled_model: python_model.pkl, serialization_format: cloudpickle, sklearn_version: 1.5.0}
"""
BETWEEN_ONES_OWN_PROCESSES = {"errand.py"}
"""A stage on another machine: `reproduce --engine ray`, which runs the change's code anyhow and has no rights."""
VERBS = [
    ["validate"],
    ["reproduce", "--dry-run"],
    ["reproduce", "--verify"],
    ["report", "--base", "HEAD~1"],
    ["report", "--base", "HEAD~1", "--format", "json"],
    ["plan"],
    ["reconcile"],
    ["reconcile"],
    ["status"],
    ["status", "--format", "json"],
    ["history"],
    ["gc"],
    ["hold", "dev", "--reason", "look"],
    ["hold", "dev", "--release"],
]


class Evil:
    """Its pickle makes a file where it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]  # what pickle calls, and with what


def push_evil(shop: Shop, mark: Path, accuracy: float) -> None:
    data = pickle.dumps((accuracy, Evil(mark)))
    texts = {
        "dvc.yaml": PIPELINE,
        "mlops.yaml": CONFIG,
        "metrics.json": json.dumps({"accuracy": accuracy}),
        "flavour/MLmodel": MLMODEL,
    }
    (shop.clone / "flavour").mkdir(exist_ok=True)
    for name, text in texts.items():
        (shop.clone / name).write_text(text)
    for name in ("model.pkl", "flavour/python_model.pkl"):
        (shop.clone / name).unlink(missing_ok=True)
        (shop.clone / name).write_bytes(data)
    with Repo(str(shop.clone)) as repo:
        repo.commit(force=True)
    git(shop.clone, "add", "-A")
    git(shop.clone, "commit", "-q", "-m", f"accuracy {accuracy}")
    git(shop.clone, "push", "-q", "origin", "HEAD:refs/heads/dev")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_t17_no_verb_loads_a_model(shop: Shop, tmp_path: Path) -> None:
    mark = tmp_path / "pwned"
    for accuracy in (0.9, 0.91):
        push_evil(shop, mark, accuracy)

    codes = {" ".join(words): shop.run(*words) for words in VERBS}

    assert set(codes.values()) == {0}, (codes, shop.errors)
    client = MlflowSession("", shop.clone).client
    assert {model.name for model in client.search_registered_models()} == {"churn", "wrapped"}
    assert not mark.exists()


def test_t17_the_model_of_these_tests_runs_code_when_it_is_loaded(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Evil(tmp_path / "pwned")))  # noqa: S301 - the point

    assert (tmp_path / "pwned").exists()


def test_t17_the_kits_own_mlflow_may_not_unpickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION as ALLOWED

    monkeypatch.setenv(ALLOWED.name, "true")
    MlflowSession("", tmp_path).client.search_registered_models()
    assert ALLOWED.get() is False


def test_t17_no_module_of_the_kit_turns_data_into_code() -> None:
    found = {call for path in sorted(PACKAGE.rglob("*.py")) for call in forbidden_calls(path)}

    assert {call.partition(":")[0] for call in found} <= BETWEEN_ONES_OWN_PROCESSES, found


def test_t17_only_the_engine_speaks_to_a_process_that_it_started() -> None:
    users = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if "engines.errand" in path.read_text(encoding="utf-8")
    ]

    assert users == ["cli/errand.py", "elsewhere.py", "engines/ray.py"]


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from joblib import load", "import cloudpickle as c", "torch.load(f)", "yaml.load(t)",
        "from yaml import unsafe_load", "eval('1')", "exec(text)", "archive.extractall(p)", "pd.read_pickle(p)",
        "mlflow.pyfunc.load_model(u)", "from numpy import load",
    ],
)  # fmt: skip
def test_t17_such_a_module_would_be_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "module.py").write_text(f"{text}\n")

    assert len(list(forbidden_calls(tmp_path / "module.py"))) == 1
