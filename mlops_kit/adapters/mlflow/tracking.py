"""Finds what tracks runs at an address: MLflow's REST interface, or its own client where only that will do.

The client takes seconds to import; what it is needed for stands in docs/adr/0009-tracking-over-rest.md.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_kit.adapters.mlflow.tracking_server import Patience, Server
from mlops_kit.core.pipeline.masking import Mask, secret_values
from mlops_kit.core.ports import Tracking

_CLIENTS_OWN = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_WORKSPACE")
"""Settings that only MLflow's client knows."""
_SHOWN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_TOKEN")
_PATIENCE = Patience()
_CREDENTIALS_FILE = Path(".mlflow", "credentials")


def open_tracking(uri: str, root: Path, variables: Mapping[str, str], *, patience: Patience = _PATIENCE) -> Tracking:
    """The tracker at an address; `root` is where its files go that a database does not keep.

    InputError for MLflow's file store, which it gave up.
    """
    if urlsplit(uri).scheme in {"http", "https"} and not _needs_client(variables):
        from mlops_kit.adapters.mlflow.tracking_rest import RestTracking

        return RestTracking(Server(uri, variables, patience))
    from mlops_kit.adapters.mlflow.tracking_client import ClientTracking

    return ClientTracking(uri, root)


def hide_secrets(uri: str, variables: Mapping[str, str]) -> Callable[[str], str]:
    """What replaces the secrets of an environment, and the address's own password, in a text."""
    password = urlsplit(uri).password or ""
    return Mask([*secret_values(variables), password, unquote(password)]).hide


def _needs_client(variables: Mapping[str, str]) -> bool:
    """Whether only MLflow's client can show who is calling: a plug-in, a signature, or a file of its own."""
    if any(variables.get(name) for name in _CLIENTS_OWN):
        return True
    shown = any(variables.get(name) for name in _SHOWN)
    return not shown and Path(variables.get("HOME", ""), _CREDENTIALS_FILE).is_file()
