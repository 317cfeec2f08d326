"""Failures of DVC remotes, as the kit tells them.

DVC passes many errors of a cloud's own library on as they are: missing credentials, an endpoint that is not there.
"""

import contextlib
from collections.abc import Iterator

from mlops_kit.core.errors import OutsideError

_LIBRARIES = frozenset(
    {
        "adlfs",
        "aiobotocore",
        "aiohttp",
        "asyncssh",
        "azure",
        "botocore",
        "gcsfs",
        "google",
        "requests",
        "s3fs",
        "urllib3",
    }
)


@contextlib.contextmanager
def remote_errors() -> Iterator[None]:
    """OutsideError for whatever a cloud's library raises; everything else passes."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _LIBRARIES:
            raise
        raise remote_failure(error) from error


def remote_failure(error: BaseException) -> OutsideError:
    """What a remote answered, in the kit's words; of an address nothing that may be a secret."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return OutsideError(
        f"the DVC remote failed: {first.split('?')[0]}",
        hint="check its address and its credentials with: dvc remote list, dvc pull",
    )
