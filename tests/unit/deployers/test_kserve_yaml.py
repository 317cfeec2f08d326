"""Kustomizations that people and the kit write to."""

import pytest

from mlops_kit.core.errors import OutsideError
from mlops_kit.deployers.kserve_yaml import SUFFIX, add_resource

CHURN, UPLIFT = f"churn{SUFFIX}", f"uplift{SUFFIX}"
NEW = f"""apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- {CHURN}
"""
FOREIGN = """# ours
kind: Kustomization
namePrefix: "a-"  # why
resources:
- secret.yaml
- zebra.yaml
"""


def add(text: str, *resources: str, name: str = "kustomization.yaml") -> str:
    files = {name: text.encode()}
    for one in resources:
        files |= add_resource(files, one)
    return files[name].decode()


def test_the_first_resource_makes_the_file() -> None:
    assert {name: data.decode() for name, data in add_resource({}, CHURN).items()} == {"kustomization.yaml": NEW}


def test_the_order_of_models_does_not_matter() -> None:
    files = add_resource({}, UPLIFT)
    assert add(files["kustomization.yaml"].decode(), CHURN) == add(NEW, UPLIFT) == f"{NEW}- {UPLIFT}\n"


def test_a_listed_resource_changes_nothing() -> None:
    assert add_resource({"kustomization.yaml": FOREIGN.encode() + f"- {CHURN}\n".encode()}, CHURN) == {}


def test_what_others_wrote_stays_with_its_comments() -> None:
    assert add(FOREIGN, UPLIFT, CHURN) == f"{FOREIGN}- {CHURN}\n- {UPLIFT}\n"


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_a_file_of_another_name_is_the_kustomization(name: str) -> None:
    assert add(FOREIGN, CHURN, name=name) == f"{FOREIGN}- {CHURN}\n"


def test_resources_may_be_missing() -> None:
    assert add("kind: Kustomization\n", CHURN) == f"kind: Kustomization\nresources:\n- {CHURN}\n"


@pytest.mark.parametrize("text", ["a: [", "- a", "resources: a\n", "\xff"])
def test_a_broken_file_is_not_written_over(text: str) -> None:
    with pytest.raises(OutsideError, match=r"kustomization\.yaml"):
        add_resource({"kustomization.yaml": text.encode("latin-1")}, CHURN)
