"""Whether the MLflow that promotion would use answers, in one sentence."""

from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters.mlflow.credentials import speaks_rest, strip_credentials
from mlops_kit.adapters.mlflow.server import Patience, Server
from mlops_kit.adapters.mlflow.session import DATABASE_FILE
from mlops_kit.core.errors import OutsideError, PassingError

_PATIENCE = Patience(deadline=20.0, connect=5.0, read=10.0, tries=2)
_NOBODY = "mlops-kit-doctor"


def ask_registry(uri: str, root: Path, variables: Mapping[str, str]) -> str:
    """Where the registry is and which version answers there; raises what a promotion would meet.

    A database is only named: asking it takes MLflow itself, which is for those that need it.
    """
    if not uri:
        there = "" if (root / DATABASE_FILE).exists() else ", which is made by the first promotion"
        return f"the repository's own database {DATABASE_FILE}{there}; set MLFLOW_TRACKING_URI for a server"
    if not speaks_rest(uri, variables):
        return f"a database at {strip_credentials(uri)}, not asked"
    from mlops_kit.adapters.mlflow.rest_calls import RestRegistryCalls

    server = Server(uri, variables, _PATIENCE)
    try:
        RestRegistryCalls(server).find_model(_NOBODY)
        version = server.read_version()
    except PassingError as error:
        raise OutsideError(str(error), hint="check that it is up, and MLFLOW_TRACKING_URI") from error
    return f"MLflow {version or 'of an unknown version'} at {server.address} answers"
