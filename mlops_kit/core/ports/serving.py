"""What deployers may use of the outside world."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_kit.core.ports.promotion import ModelFiles
from mlops_kit.core.ports.repository import Clock, Commands
from mlops_kit.core.serving import RunningService, Service, WebAnswer


class Web(Protocol):
    """Asks web addresses. Answers are bounded, redirects are not followed."""

    def ask(self, url: str, *, body: bytes | None = None, timeout_seconds: float) -> WebAnswer:
        """GET, or POST JSON where there is a body; OutsideError where no whole answer comes in time."""


class Services(Protocol):
    """Keeps processes running on this machine beyond the end of the kit, one of each name."""

    def keep_files(self, name: str, key: str, files: ModelFiles) -> Path:
        """A folder with copies of the files under their own names, made once per key, for as long as it is needed."""

    def read(self, name: str) -> RunningService | None:
        """The service of this name; None where none was started, or it was stopped by the kit."""

    def list_services(self) -> tuple[RunningService, ...]:
        """All that were started and not stopped, by name."""

    def start(self, service: Service) -> RunningService:
        """Stop the one of its name where there is one, and start it; OutsideError where it does not start."""

    def stop(self, name: str) -> None:
        """End it with all that it started, if it is provably the kit's; fine where there is none."""

    def find_port(self, wanted: int = 0) -> int:
        """A port that nobody listens on now, the wanted one where one is; OutsideError where that is taken."""

    def write_file(self, path: str, text: str) -> None:
        """Replace a file's text; from the repository's top where it is not absolute, `~` is the user's home."""

    def read_file(self, path: str) -> str | None:
        """A file's text, None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Everything that a deployer gets beside its settings."""

    commands: Commands
    web: Web
    services: Services
    clock: Clock
