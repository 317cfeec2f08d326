"""Who calls an MLflow server, by the variables that MLflow's own client reads, and whether it takes that client."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlops_kit.core.errors import InputError

_TRUE = frozenset({"1", "true"})
_CLIENTS_OWN = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_WORKSPACE")
"""Settings that only MLflow's client knows."""
_SHOWN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_TOKEN")
_CREDENTIALS_FILE = Path(".mlflow", "credentials")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """How to show who is calling."""

    authorization: str = ""
    verify: bool | str = True
    certificate: str = ""


def speaks_rest(uri: str, variables: Mapping[str, str]) -> bool:
    """Whether the address is a server's that can be called without MLflow's client."""
    return urlsplit(uri).scheme in {"http", "https"} and not _needs_client(variables)


def read_credentials(uri: str, variables: Mapping[str, str]) -> Credentials:
    """User and password before a token, as in MLflow's client, and before those that the address has."""
    parts = urlsplit(uri)
    user, password = variables.get("MLFLOW_TRACKING_USERNAME", ""), variables.get("MLFLOW_TRACKING_PASSWORD", "")
    token = variables.get("MLFLOW_TRACKING_TOKEN", "")
    if not (user and password) and not token and parts.username:
        user, password = unquote(parts.username), unquote(parts.password or "")
    basic = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
    bundle = variables.get("MLFLOW_TRACKING_SERVER_CERT_PATH", "") or True
    insecure = variables.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE
    return Credentials(
        authorization=basic if user else f"Bearer {token}" if token else "",
        verify=False if insecure else bundle,
        certificate=variables.get("MLFLOW_TRACKING_CLIENT_CERT_PATH", ""),
    )


def strip_credentials(uri: str) -> str:
    """Scheme, host, port and path of the address; InputError where it has no host."""
    parts = urlsplit(uri)
    if not parts.hostname:
        raise InputError("MLFLOW_TRACKING_URI has no host", hint="for example https://mlflow.example.org")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _needs_client(variables: Mapping[str, str]) -> bool:
    """Whether only MLflow's client can show who is calling: a plug-in, a signature, or a file of its own."""
    if any(variables.get(name) for name in _CLIENTS_OWN):
        return True
    shown = any(variables.get(name) for name in _SHOWN)
    return not shown and Path(variables.get("HOME", ""), _CREDENTIALS_FILE).is_file()
