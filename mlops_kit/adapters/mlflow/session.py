"""One MLflow client, made quiet, bounded in time, and with its errors in the kit's words.

MLflow's own retries repeat creating calls, which makes a second version out of one lost answer: `creating` turns them
off. Importing MLflow takes seconds, so it happens when the first call is made (docs/adr/0004-mlflow-client.md).
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlops_kit.adapters.mlflow.words import MISSING, hide_credentials, is_lost_race
from mlops_kit.core.errors import ConflictError, InputError, OutsideError

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE_FILE = "mlflow.db"
ARTIFACT_FOLDER = "mlartifacts"
REQUEST_SECONDS = 30
READ_RETRIES = 2
_SQLITE = "sqlite:///"
_REFUSED_SCHEMES = ("", "file")
_NOISY = ("mlflow", "alembic", "sqlalchemy.engine")


class MlflowSession:
    """The client for one address; `root` is where an address-less registry lives."""

    def __init__(self, uri: str, root: Path) -> None:
        self.uri = uri or f"sqlite:///{root / DATABASE_FILE}"
        scheme = urlsplit(self.uri).scheme
        if scheme in _REFUSED_SCHEMES:
            raise InputError(
                f"MLFLOW_TRACKING_URI {hide_credentials(uri)!r} names MLflow's file store, which it gave up",
                hint="use the address of a server, or sqlite:///mlflow.db",
            )
        self.artifact_location = None if scheme in {"http", "https"} else (root / ARTIFACT_FOLDER).as_uri()

    @property
    def is_absent(self) -> bool:
        """Whether the registry is a database file that does not exist yet; asking MLflow would make it."""
        file = self.uri.removeprefix(_SQLITE)
        return self.uri.startswith(_SQLITE) and bool(file) and not Path(file).exists()

    @cached_property
    def client(self) -> "MlflowClient":
        """The client; the first access imports MLflow and, for a new database, creates its tables."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow import MlflowClient

            _configure()
            return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @contextmanager
    def calling(self, what: str) -> Iterator[None]:
        """Turn whatever MLflow raises into an error of the kit that says what was tried, and where.

        ConflictError where somebody else made the same thing at the same time, else OutsideError.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            first = (hide_credentials(str(error)).strip().splitlines() or [type(error).__name__])[0]
            told = f"MLflow at {hide_credentials(self.uri)} could not {what}: {first[:300]}"
            if is_taken(error):
                raise ConflictError(told, hint="run it again") from error
            raise OutsideError(
                told,
                hint="check that it is up and that MLFLOW_TRACKING_URI and its credentials are right, then run again",
            ) from error


@contextmanager
def creating() -> Iterator[None]:
    """No retries for calls that create something: whether they did is found out by reading."""
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES as RETRIES

    before = RETRIES.get()
    RETRIES.set(0)
    try:
        yield
    finally:
        RETRIES.set(before)


def is_missing(error: Exception) -> bool:
    """Whether MLflow says that the thing asked for does not exist."""
    return getattr(error, "error_code", "") == MISSING


def is_taken(error: Exception) -> bool:
    """Whether somebody else made the same thing at the same time."""
    return is_lost_race(str(getattr(error, "error_code", "")), str(error))


def _configure() -> None:
    """Quiet, bounded in time, and never unpickling, through MLflow's own settings; other times of the caller's stay."""
    from mlflow import environment_variables as settings
    from mlflow.telemetry import set_telemetry_client

    settings.MLFLOW_DISABLE_TELEMETRY.set(value=True)
    set_telemetry_client()
    settings.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(value=True)
    settings.MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(value=False)
    if hasattr(settings, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"):  # an older MLflow has no such setting
        settings.MLFLOW_ALLOW_PICKLE_DESERIALIZATION.set(value=False)
    for setting, value in (
        (settings.MLFLOW_HTTP_REQUEST_TIMEOUT, REQUEST_SECONDS),
        (settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES, READ_RETRIES),
        (settings.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR, 1),
    ):
        if not setting.is_set():
            setting.set(value)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
