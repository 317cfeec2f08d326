"""Finds what tracks runs at an address: MLflow's REST interface, or its own client where only that will do.

The client takes seconds to import; what it is needed for stands in docs/adr/0009-tracking-over-rest.md.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_kit.adapters.mlflow.credentials import speaks_rest
from mlops_kit.adapters.mlflow.server import Patience, Server
from mlops_kit.core.pipeline.masking import Mask, secret_values
from mlops_kit.core.ports import Tracking

_PATIENCE = Patience()


def open_tracking(uri: str, root: Path, variables: Mapping[str, str], *, patience: Patience = _PATIENCE) -> Tracking:
    """The tracker at an address; `root` is where its files go that a database does not keep.

    InputError for MLflow's file store, which it gave up.
    """
    if speaks_rest(uri, variables):
        from mlops_kit.adapters.mlflow.tracking_rest import RestTracking

        return RestTracking(Server(uri, variables, patience))
    from mlops_kit.adapters.mlflow.tracking_client import ClientTracking

    return ClientTracking(uri, root)


def hide_secrets(uri: str, variables: Mapping[str, str]) -> Callable[[str], str]:
    """What replaces the secrets of an environment, and the address's own password, in a text."""
    password = urlsplit(uri).password or ""
    return Mask([*secret_values(variables), password, unquote(password)]).hide
