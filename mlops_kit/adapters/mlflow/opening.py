"""Opens the MLflow at an address: by REST, or by MLflow's own client where only that will do."""

from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters.mlflow.calls import Connection
from mlops_kit.adapters.mlflow.client_calls import ClientRegistryCalls, ClientRunCalls
from mlops_kit.adapters.mlflow.credentials import speaks_rest
from mlops_kit.adapters.mlflow.server import Patience, Server
from mlops_kit.adapters.mlflow.session import MlflowSession

PATIENCE = Patience(deadline=60.0, read=30.0, tries=6, longest_pause=30.0)
"""How long each call of the registry may take, with all its tries."""


def open_connection(uri: str, root: Path, variables: Mapping[str, str], patience: Patience) -> Connection:
    """The registry at an address; `root` is where it lives without one. InputError for MLflow's file store."""
    session = MlflowSession(uri, root)
    by_client = ClientRunCalls(session)
    if not speaks_rest(uri, variables):
        return Connection(registry=ClientRegistryCalls(session), runs=by_client)
    from mlops_kit.adapters.mlflow.rest_calls import RestRegistryCalls, RestRunCalls

    server = Server(uri, variables, patience)
    return Connection(registry=RestRegistryCalls(server), runs=RestRunCalls(server, by_client))
