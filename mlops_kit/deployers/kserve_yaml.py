"""Reads and writes the YAML of manifests and kustomizations; all texts that are not plain words are quoted.

YAML has readers that disagree: Kubernetes takes `12e5`, a part of a commit, for a number, where PyYAML reads a text.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_kit.core.errors import OutsideError

if TYPE_CHECKING:
    import yaml

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SUFFIX = ".inferenceservice.yaml"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def write_yaml(document: Mapping[str, Any]) -> bytes:
    """The document with sorted keys, one way and no other."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(str, _represent)
    Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]  # the same value twice is written twice
    text: str = yaml.dump(dict(document), Dumper=Dumper, sort_keys=True, default_flow_style=False, width=100_000)
    return text.encode()


def read_yaml(data: bytes, file: str) -> dict[str, Any]:
    """A document that is a mapping; OutsideError where it is none."""
    import yaml

    try:
        found = yaml.safe_load(data.decode())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OutsideError(f"{file} of the GitOps branch is no YAML: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise OutsideError(f"{file} of the GitOps branch holds no mapping", hint="restore it from the branch's history")
    return found


def add_resource(files: Mapping[str, bytes], resource: str) -> dict[str, bytes]:
    """The kustomization that also lists the resource; nothing where one does already.

    Those of others keep their places, with all else that is written there and its comments; the kit's come after them,
    sorted.
    """
    name = next((one for one in KUSTOMIZATIONS if one in files), KUSTOMIZATIONS[0])
    if name not in files:
        head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
        return {name: write_yaml({**head, "resources": [resource]})}
    listed = read_yaml(files[name], name).get("resources") or []
    if not isinstance(listed, list):
        raise OutsideError(f"resources in {name} of the GitOps branch is no list")
    if resource in listed:
        return {}
    return {name: _insert(files[name], resource)}


def _insert(data: bytes, resource: str) -> bytes:
    from io import BytesIO

    from ruamel.yaml import YAML

    loader = YAML(typ="rt")
    loader.preserve_quotes = True
    loader.width = 100_000
    document = loader.load(data.decode())
    listed = document.get("resources")
    if not listed:
        document["resources"] = [resource]
    else:
        own = [position for position, one in enumerate(listed) if str(one).endswith(SUFFIX)]
        later = [position for position in own if str(listed[position]) > resource]
        listed.insert(later[0] if later else (own[-1] + 1 if own else len(listed)), resource)
    out = BytesIO()
    loader.dump(document, out)
    return out.getvalue()


def _represent(dumper: "yaml.SafeDumper", text: str) -> "yaml.ScalarNode":
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')
