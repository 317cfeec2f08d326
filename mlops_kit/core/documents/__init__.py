"""Text documents as values with positions: YAML, JSON and TOML, bounded and strict.

Duplicate keys, aliases that explode, deep nesting and tags of other languages are refused, each with its place. Used
for `mlops.yaml`, `dvc.yaml`, `dvc.lock`, metrics and params alike; knows nothing of what they mean.
"""

from mlops_kit.core.documents.document import CONFIG_LIMITS, DATA_LIMITS, Document, Key, Limits
from mlops_kit.core.documents.json_text import parse_json
from mlops_kit.core.documents.text import conflict_line
from mlops_kit.core.documents.toml_text import parse_toml
from mlops_kit.core.documents.yaml_text import parse_yaml

__all__ = [
    "CONFIG_LIMITS",
    "DATA_LIMITS",
    "Document",
    "Key",
    "Limits",
    "conflict_line",
    "parse_json",
    "parse_toml",
    "parse_yaml",
]
