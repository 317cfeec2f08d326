"""Opens a session with GitHub's server: PyGithub's requests over connections of our own."""

import re
import time
from dataclasses import replace
from urllib.parse import urlsplit

from mlops_kit.adapters.github.transport import Patience, Transport, check_address, is_local
from mlops_kit.core.errors import InputError

PAGE_SIZE = 100

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


def open_transport(repository: str, *, api_url: str, token: str, patience: Patience | None = None) -> Transport:
    """A session for `owner/name`; InputError where the name or the address cannot be one, or there is no token."""
    if not token:
        raise InputError("there is no token for GitHub", hint="set MLOPS_KIT_TOKEN or GITHUB_TOKEN")
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository!r} is not a repository (owner/name)", hint="set GITHUB_REPOSITORY")
    address = check_address(api_url)
    return _open(address, token, patience or _patience_with(address))


def _patience_with(address: str) -> Patience:
    """The usual; GitHub wants a pause between writes, which a server on this machine has no use for."""
    return replace(Patience(), between_writes=0.0) if is_local(address) else Patience()


def _open(address: str, token: str, patience: Patience) -> Transport:
    from github import Auth
    from github.Requester import Requester

    from mlops_kit.adapters.github.connection import Connection

    end = time.monotonic() + patience.deadline
    connection = Connection(
        "{0.scheme}://{0.netloc}".format(urlsplit(address)),
        timeout_seconds=patience.timeout,
        allowed_seconds=lambda: min(patience.answer, end - time.monotonic()),
    )

    class Bounded(Requester):
        """PyGithub's requests over our own connection; what is injected here holds for this class alone."""

    def connect(*_: object, **__: object) -> Connection:
        return connection

    Bounded.injectConnectionClasses(connect, connect)  # type: ignore[arg-type]  # only called
    requester = Bounded(
        auth=Auth.Token(token),
        base_url=address,
        timeout=patience.timeout,
        user_agent="mlops-kit",
        per_page=PAGE_SIZE,
        verify=True,
        retry=None,
        pool_size=None,
        seconds_between_requests=0,
        seconds_between_writes=patience.between_writes,
    )
    return Transport(requester, patience)
